// What is measured, as the load generator and the report see it.

/** Sallyport, or the library alone with its in-memory adapter. */
export type TargetName = 'sallyport' | 'bare';

export interface Target {
  name: TargetName;
  /** As people and apps know it: https, for a proxy in front is assumed to end TLS. */
  issuer: string;
  /** Where it listens, on loopback, without TLS. */
  port: number;
  clients: { web: Client; machine: Client };
}

export interface Client {
  id: string;
  secret: string;
}

/** People who can sign in, where the target asks them for anything: `p0` to `p4999`, say. */
export interface People {
  count: number;
  password: string;
  /** Base32 (SHA1, six digits, 30 s). One for all: no server can tell, and the generator works out one code a step. */
  totpSecret: string;
}

/** Sallyport's. */
export const TENANT = 'bench';

export const REDIRECT_URI = 'https://app.example.com/callback';
export const SCOPE = 'openid profile email groups';
export const RESOURCE = 'https://api.example.com';

export function personName(number: number): string {
  return `p${number}`;
}

/** Where the bare provider tells the calls of its adapter so far, by method. */
export const CALLS_PATH = '/adapter-calls';
