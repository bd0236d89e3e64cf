// What a person does at the pages, and what they show: the sign-in pages and the demo's apps.

import { expect } from 'chai';
import type { Locator, Page } from 'playwright-core';

import { createAuthenticator } from './totp.ts';
import type { Authenticator, AuthenticatorSettings } from './totp.ts';

/** Waits for the page with this heading. */
export function arrive(page: Page, heading: string): Promise<void> {
  return page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor();
}

export function press(page: Page, button: string): Promise<void> {
  return page.getByRole('button', { name: button, exact: true }).click();
}

export function follow(page: Page, link: string): Promise<void> {
  return page.getByRole('link', { name: link, exact: true }).click();
}

export async function givePassword(page: Page, username: string, password: string): Promise<void> {
  await usernameField(page).fill(username);
  await passwordField(page).fill(password);
  await press(page, 'Sign in');
}

export async function changePassword(page: Page, current: string, next: string): Promise<void> {
  await page.getByLabel('Current password', { exact: true }).fill(current);
  await newPasswordField(page).fill(next);
  await press(page, 'Change password');
}

/** At the page that asks for a code, or the one that sets up what makes them. */
export async function giveCode(page: Page, code: string): Promise<void> {
  await codeField(page).fill(code);
  await page.locator('button[type=submit]:not(.secondary)').click();
}

/** At the page that shows them once. */
export async function saveRecoveryCodes(page: Page): Promise<void> {
  await arrive(page, 'Save your recovery codes');
  await page.getByLabel('I have saved them in a safe place').check();
  await press(page, 'Continue');
}

export function usernameField(page: Page): Locator {
  return page.getByLabel('User name');
}

export function passwordField(page: Page): Locator {
  return page.getByLabel('Password', { exact: true });
}

export function newPasswordField(page: Page): Locator {
  return page.getByLabel('New password', { exact: true });
}

export function codeField(page: Page): Locator {
  return page.getByLabel(/^(?:Code|Type the code that it shows)$/);
}

/** The key on the page that sets up an authenticator app, without its spaces. */
export async function keyOn(page: Page): Promise<string> {
  const key = (await page.locator('#key').textContent()) ?? '';
  expect(key).to.match(/^(?:[A-Z2-7]{4} )+[A-Z2-7]{1,4}$/);
  return key.replaceAll(' ', '');
}

/** Somebody's app, after they have typed the key into it. */
export async function authenticatorFor(
  page: Page,
  settings?: Omit<AuthenticatorSettings, 'secret'>,
): Promise<Authenticator> {
  return createAuthenticator({ secret: await keyOn(page), ...settings });
}

/** The code of the newest message to an address or a number, read in a window of its own. */
export async function codeInInbox(page: Page, inbox: string, to: string): Promise<string> {
  await page.goto(inbox);
  const message = page.getByRole('article').filter({ hasText: `To ${to}` });
  return message.first().locator('.key code').innerText();
}

/** What the page says is wrong. */
export async function problemOn(page: Page): Promise<string> {
  const alert = page.getByRole('alert');
  await alert.waitFor();
  return (await alert.innerText()).replaceAll(/\s+/g, ' ');
}

/** Waits for an app's page of somebody who is signed in; answers what `name` is in the ID token. */
export async function claimOn(page: Page, name: string): Promise<string> {
  await page.getByRole('button', { name: 'Call userinfo again' }).waitFor();
  const table = page.getByRole('table', { name: 'Claims of the ID token', exact: true });
  const row = table.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) });
  return row.getByRole('cell').first().innerText();
}

/** Presses Tab until `target` has the focus, which must be seen all the way. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let presses = 0; presses < 30; presses++) {
    await page.keyboard.press('Tab');
    await expectVisibleFocus(page);
    if ((await focused(target).count()) === 1) return;
  }
  throw new Error(`Tab does not lead to ${String(target)}`);
}

/** Waits until `target` has the focus. */
export function focusOn(target: Locator): Promise<void> {
  return focused(target).waitFor();
}

function focused(target: Locator): Locator {
  return target.and(target.page().locator(':focus'));
}

async function expectVisibleFocus(page: Page): Promise<void> {
  const focused = page.locator(':focus-visible');
  const outline = await focused.evaluate((element) => element.computedStyleMap().get('outline-style')?.toString());
  expect(outline).to.equal('solid');
}
