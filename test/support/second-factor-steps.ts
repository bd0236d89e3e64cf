// A person in front of the pages of second factors, as a browser without a script shows them; what the script would do, a passkey's
// authenticator in software does.

import type { Authenticator } from './authenticator.ts';
import type { Page, UserAgent } from './browser-like-client.ts';

/** The value of the hidden CSRF field. */
export function csrfOn(page: Page): string {
  return page.document.querySelector('[name=csrf]')?.getAttribute('value') ?? '';
}

/** The address of a form or a page below the login that the page is of. */
export function below(page: Page, name: string): string {
  const [login = ''] = /^.*\/interaction\/[\w-]+/.exec(page.url.pathname) ?? [];
  return `${page.url.origin}${login}/${name}${page.url.search}`;
}

/** What the page asks a passkey for. */
export function passkeyOptionsOn(page: Page): string {
  const options = page.document.querySelector('[data-passkey]')?.getAttribute('data-options');
  if (options === undefined) throw new Error(`${page.url.href} asks for no passkey`);
  return options;
}

/** Makes a passkey on the page that sets one up. */
export function givePasskey(browser: UserAgent, page: Page, authenticator: Authenticator): Promise<Page> {
  const credential = authenticator.register(passkeyOptionsOn(page));
  return browser.fillAndSubmit(page, { credential }, { form: '[data-passkey]' });
}

/** Signs in by a passkey, alone or as the second factor. */
export function usePasskey(browser: UserAgent, page: Page, authenticator: Authenticator): Promise<Page> {
  const credential = authenticator.assert(passkeyOptionsOn(page));
  return browser.fillAndSubmit(page, { credential }, { form: '[data-passkey]' });
}

/** The recovery codes on the page. */
export function recoveryCodesOn(page: Page): string[] {
  return page.document.querySelectorAll('#codes code').map((code) => code.text.trim());
}

/** What can be chosen, by the value that is posted. */
export function choicesOn(page: Page): string[] {
  return page.document.querySelectorAll('[name=factor]').map((choice) => choice.getAttribute('value') ?? '');
}

/** Presses the one button of the form that posts there. */
export function press(browser: UserAgent, page: Page, form: string): Promise<Page> {
  return browser.fillAndSubmit(page, {}, { form: `form[action*="/${form}"]` });
}
