// A person in front of the sign-in pages.

import type { Page, UserAgent } from './browser-like-client.ts';
import { textOf } from './browser-like-client.ts';
import { authenticatorFrom } from './totp.ts';
import type { Authenticator } from './totp.ts';

export interface Person {
  username: string;
  password: string;
  /** Set up at the first sign-in that asks for it. */
  authenticator?: Authenticator;
}

/**
 * Which form of a login the page shows: `password`, `code`, `passkey`, `factor`, `contact`, `enrol`, `change-password`, `notice`,
 * `deny` or `consent`; undefined for any other page. A passkey instead of a password is another way in at the same door.
 */
export function doorOf(page: Page): string | undefined {
  const actions = page.document.querySelectorAll('form').map((form) => form.getAttribute('action') ?? '');
  const doors = actions.flatMap((action) => /\/interaction\/[\w-]+\/([\w-]+)(?:\?|$)/.exec(action)?.[1] ?? []);
  return doors.includes('password') ? 'password' : doors[0];
}

/** Gives whatever the pages ask for, each thing once; answers where that leads. */
export async function signIn(browser: UserAgent, start: Page, person: Person): Promise<Page> {
  const given = new Set<string>();
  let page = start;
  for (;;) {
    const door = page.document.querySelector('#codes') ? 'recovery codes' : doorOf(page);
    if (door === undefined || given.has(door)) return page;
    given.add(door);
    if (door === 'recovery codes') page = await browser.fillAndSubmit(page, { code: 'saved' });
    else if (door === 'password') page = await givePassword(browser, page, person);
    else if (door === 'enrol') page = await enrol(browser, page, person);
    else if (door === 'code') page = await giveCode(browser, page, person);
    else return page;
  }
}

export function givePassword(browser: UserAgent, page: Page, { username, password }: Person): Promise<Page> {
  return browser.fillAndSubmit(page, { username, password });
}

/** Scans the enrolment page, and confirms with a first code. */
export async function enrol(browser: UserAgent, page: Page, person: Person): Promise<Page> {
  person.authenticator = authenticatorFrom(page);
  return giveCode(browser, page, person);
}

export async function giveCode(browser: UserAgent, page: Page, { username, authenticator }: Person): Promise<Page> {
  if (!authenticator) throw new Error(`${username} is asked for a code, and has no authenticator`);
  return browser.fillAndSubmit(page, { code: await authenticator.code() });
}

/** The sentence in which the page says what is wrong; undefined where nothing is. */
export function problemOn(page: Page): string | undefined {
  return page.document.querySelector('.problem') ? textOf(page, '.problem p') : undefined;
}
