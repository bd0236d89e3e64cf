// Where codes go: how an address is spelt for us, how it is counted, and how a contact is shown to whoever only knows a password.

import { domainToASCII } from 'node:url';

import type { SendingFactor } from '../policy/factors.ts';
import { groupedNumber } from './phone-number.ts';

/** RFC 5321 4.5.3.1, and what fits into a path. */
const LONGEST_LOCAL_PART = 64;
const LONGEST_ADDRESS = 254;

/** RFC 5322 3.4.1 in its plain form: no quotes, comments, lists or controls. Letters of any script (RFC 6531). */
const LOCAL_PART = /^[^\s\p{C}"(),:;<>@[\\\]]+$/u;
const DOMAIN = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?$/;

/**
 * The address as mail is sent to it: no spaces around, the domain in lower case and ASCII (RFC 5890). The part before the `@` is
 * left as it is, because only the server that owns it may say what is the same (RFC 5321 2.4). Undefined for what is no address.
 */
export function canonicalAddress(text: string): string | undefined {
  const typed = text.trim().normalize('NFC');
  const at = typed.lastIndexOf('@');
  const localPart = typed.slice(0, Math.max(0, at));
  const domain = domainToASCII(typed.slice(at + 1));
  const address = `${localPart}@${domain}`;
  const isAddress =
    LOCAL_PART.test(localPart) &&
    DOMAIN.test(domain) &&
    Buffer.byteLength(localPart) <= LONGEST_LOCAL_PART &&
    address.length <= LONGEST_ADDRESS;
  return isAddress ? address : undefined;
}

/**
 * Which mailbox a canonical address most likely leads to, for counting only. Hardly a server tells capitals apart, and most take
 * `ann+anything` for `ann`: a budget for each spelling would be no budget.
 */
export function mailboxOf(address: string): string {
  const at = address.lastIndexOf('@');
  const localPart = address.slice(0, at).normalize('NFKC').toLowerCase();
  return `${localPart.replace(/(?<=.)\+.*$/, '')}${address.slice(at)}`;
}

/** A contact as it is shown to somebody who has yet to prove who they are. */
export function maskContact(factor: SendingFactor, contact: string): string {
  return factor === 'sms' ? maskNumber(contact) : maskAddress(contact);
}

/** `a***@example.com`: as many stars for any name. */
export function maskAddress(address: string): string {
  const [first = ''] = address;
  return `${first}***${address.slice(address.lastIndexOf('@'))}`;
}

/** `+41 ** *** ** 67` of a number in E.164. */
export function maskNumber(e164: string): string {
  const [callingCode = '', ...groups] = groupedNumber(e164).split(' ');
  return `${callingCode} ${groups.join(' ').replace(/\d(?=.*\d.*\d)/g, '*')}`;
}
