// What a person does at the pages, and what the demo's app shows.

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
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await press(page, 'Sign in');
}

/** At the page that asks for a code, or the one that sets up where it comes from. */
export async function giveCode(page: Page, code: string): Promise<void> {
  await codeField(page).fill(code);
  await page.locator('button[type=submit]').click();
}

export function codeField(page: Page): Locator {
  return page.getByLabel(/^(?:Code|Type the code that it shows)$/);
}

/** The authenticator app of somebody who types the key that the page shows. */
export async function authenticatorWithKeyOf(
  page: Page,
  settings?: Omit<AuthenticatorSettings, 'secret'>,
): Promise<Authenticator> {
  return createAuthenticator({ secret: (await keyOn(page)).replaceAll(' ', ''), ...settings });
}

export async function keyOn(page: Page): Promise<string> {
  const key = (await page.locator('#key').textContent()) ?? '';
  expect(key).to.match(/^(?:[A-Z2-7]{4} )+[A-Z2-7]{1,4}$/);
  return key;
}

/** What the page says is wrong. */
export async function problemOn(page: Page): Promise<string> {
  const alert = page.getByRole('alert');
  await alert.waitFor();
  return (await alert.innerText()).replaceAll(/\s+/g, ' ');
}

/** A claim of the ID token, as the demo's app shows it. */
export async function claimOn(page: Page, name: string): Promise<string | null> {
  const table = page.getByRole('table', { name: 'Claims of the ID token', exact: true });
  const row = table.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) });
  return row.getByRole('cell').first().textContent();
}
