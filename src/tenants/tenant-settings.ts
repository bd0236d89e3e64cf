// What one tenant can set: how it looks, what it asks of people, how long things last. Stored as JSON with the tenant; the
// configuration file and the admin API write it through this one schema.

import { z } from 'zod';

import { FACTORS, isRecovery } from '../policy/factors.ts';
import { SECOND_FACTOR_LEVELS } from '../policy/levels.ts';
import { whom } from '../policy/whom.ts';
import { duration, lifetime } from '../duration.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const branding = z
  .strictObject({
    colour: z
      .string()
      .regex(/^#[0-9a-fA-F]{6}$/, 'write the colour as #rrggbb')
      .default('#1f4e8c')
      .describe('Colour of the primary button. Links and edges are darkened or lightened until they can be read'),
    logo: z
      .string()
      .regex(/^data:image\/(png|jpeg|webp|svg\+xml);base64,[A-Za-z0-9+/=]+$/, 'give a PNG, JPEG, WebP or SVG picture')
      .max(100_000, 'keep the picture under 70 kB')
      .optional()
      .describe('Picture above each page; in the file, the path of a PNG, JPEG, WebP or SVG'),
  })
  .prefault({});

/** RFC 6238, as authenticator apps know it. For new enrolments: those that exist keep what they were made with. */
const totp = z
  .strictObject({
    issuer: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe("Shown by the authenticator app; the tenant's name if left out"),
    digits: z.union([z.literal(6), z.literal(8)]).default(6),
    period: z
      .union([z.literal(30), z.literal(60)])
      .default(30)
      .describe('Seconds that a code lives'),
    algorithm: z.enum(['SHA1', 'SHA256', 'SHA512']).default('SHA1').describe('Several apps know SHA1 only'),
  })
  .prefault({});

const secondFactors = z
  .strictObject({
    allowed: z
      .array(z.enum(FACTORS))
      .max(FACTORS.length)
      .default(['totp', 'passkey', 'recovery-code'])
      .describe('Second factors that people may enrol and use; to be set up in this order'),
    required: z
      .union([z.enum(['always', 'never']), whom])
      .default('always')
      .describe('Of whom a second factor is asked: everyone, no one, or members of groups and holders of roles'),
    setUp: z
      .array(z.enum(FACTORS))
      .max(FACTORS.length)
      .default([])
      .describe('Factors that everybody who is asked for one must have set up, besides whatever they sign in with'),
    grace: z
      .strictObject({
        days: z.int().min(1).max(365).optional(),
        logins: z.int().min(1).max(1000).optional(),
      })
      .refine(({ days, logins }) => days !== undefined || logins !== undefined, 'give days or logins')
      .optional()
      .describe('How long, or how often, people may sign in before they have to enrol'),
    freshness: lifetime
      .optional()
      .describe('A second factor is asked again after so long; with the session if left out'),
  })
  .refine(({ allowed, required }) => required === 'never' || !allowed.every(isRecovery), {
    path: ['allowed'],
    message: 'allow one besides recovery-code, or write required: never',
  })
  .refine(({ allowed, setUp }) => setUp.every((factor) => allowed.includes(factor)), {
    path: ['setUp'],
    message: 'name factors that are allowed',
  })
  .prefault({});

const level = z.enum(SECOND_FACTOR_LEVELS);

/** Codes that are sent. SECURITY.md: ten minutes at most. */
const codes = z
  .strictObject({
    length: z.int().min(6).max(10).default(6).describe('Digits of a code that is sent'),
    life: lifetime.default(5 * MINUTE).describe('How long it can be used; ten minutes at most'),
  })
  .refine(({ life }) => life <= 10 * MINUTE, { path: ['life'], message: 'give ten minutes at most' })
  .prefault({});

const country = z.string().regex(/^[A-Z]{2}$/, 'write two capital letters, as CH');

const sms = z
  .strictObject({
    country: country.optional().describe('Of numbers that are written without +; there is none if left out'),
    countries: z
      .array(country)
      .min(1)
      .max(300)
      .optional()
      .describe('Countries (ISO 3166) that messages go to; country alone if left out, and none without either'),
    perDay: z.int().min(1).default(1000).describe('Messages that the tenant sends in a day at most'),
  })
  .prefault({});

const passkeys = z
  .strictObject({
    rpId: z
      .string()
      .regex(/^[a-z0-9.-]{1,253}$/, 'write a host, as example.com')
      .optional()
      .describe(
        "Domain that passkeys belong to; the issuer's host if left out. Another one loses those that there are",
      ),
    attestation: z.enum(['none', 'direct']).default('none').describe('direct asks what kind of authenticator it is'),
    allowAaguids: z.array(z.guid()).max(1000).optional().describe('Only these kinds of authenticators'),
    denyAaguids: z.array(z.guid()).max(1000).default([]).describe('Not these kinds of authenticators'),
  })
  .prefault({});

const policy = z
  .strictObject({
    secondFactors,
    levels: z
      .strictObject({
        passkey: level.default('phr'),
        totp: level.default('mfa'),
        sms: level.default('mfa'),
        email: level.default('2sv'),
        'recovery-code': level.default('mfa'),
      })
      .prefault({})
      .describe('The acr that each second factor gives after a first one'),
    totp,
    codes,
    sms,
    passkeys,
    trustedDevices: z
      .strictObject({ days: z.int().min(1).max(365).default(30) })
      .optional()
      .describe(
        'Lets people spare themselves the second factor in a browser of their own for so long; off if left out',
      ),
    accounts: z
      .strictObject({
        approval: z
          .boolean()
          .default(false)
          .describe('Whoever has set up an account that lives here waits until an administrator approves it'),
      })
      .prefault({}),
    administration: z
      .strictObject({
        freshSecondFactor: z
          .boolean()
          .default(false)
          .describe('Administrators change this tenant only within 5 minutes of signing in with acr mfa (RFC 9470)'),
      })
      .prefault({}),
    sessionIdle: lifetime.default(30 * MINUTE).describe('A session ends after so long without use'),
    sessionAbsolute: lifetime.default(12 * HOUR).describe('A session ends after so long, used or not'),
    trustDirectoryContacts: z
      .boolean()
      .default(true)
      .describe(
        'Addresses and numbers in the directory count as verified: email_verified says so, and codes are sent there',
      ),
    directoryFreshness: duration.default(5 * MINUTE).describe('How old the last answer about a person may be'),
    directoryStaleLimit: duration.default(HOUR).describe('How long the last answer serves while the directory is down'),
  })
  .prefault({});

const tokens = z
  .strictObject({
    accessToken: lifetime.default(10 * MINUTE),
    idToken: lifetime.default(HOUR),
    refreshToken: lifetime.default(14 * DAY),
    refreshReuseLeeway: duration
      .default(0)
      .describe('So long after a rotation a reused refresh token is refused without ending its family'),
    groupLimit: z
      .int()
      .min(1)
      .max(1000)
      .default(100)
      .describe('More groups than this become a distributed claim (OpenID Connect Core 5.6.2)'),
  })
  .prefault({});

const resource = z.strictObject({
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/, 'a scope has no spaces, and 200 characters at most'))
    .max(100)
    .default([]),
  accessToken: lifetime.optional().describe("Life of its access tokens; the tenant's if left out"),
  alg: z.enum(['ES256', 'RS256']).default('ES256'),
});

export const tenantSettings = z.strictObject({
  host: z
    .string()
    .max(253)
    .optional()
    .describe('A host of its own: the issuer is https://<host>, not a path of publicUrl'),
  homeUrl: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .optional()
    .describe('Where a page leads on when it cannot tell the app'),
  passwordHelpUrl: z
    .url({ protocol: /^https?$/ })
    .max(2000)
    .optional()
    .describe('Where people change or recover the password of the directory'),
  language: z
    .string()
    .max(35)
    .regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'write a language tag, as de')
    .optional()
    .describe('Of pages and messages, where nobody asks for another'),
  branding,
  policy,
  tokens,
  resources: z
    .record(z.url().max(2000), resource)
    .refine((all) => Object.keys(all).length <= 100, 'name 100 at most')
    .default({})
    .describe('APIs that access tokens can be made for (RFC 8707), by their identifier'),
});

/** Times are seconds. */
export type TenantSettings = z.infer<typeof tenantSettings>;

/** A name in a URL: `/t/acme`. */
export const tenantSlug = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,40}[a-z0-9])?$/, 'use a-z, 0-9 and inner hyphens');

export const tenantName = z.string().min(1).max(100).describe('Shown to people');

export const roleSettings = z.strictObject({
  permissions: z
    .array(z.string().regex(/^[A-Za-z0-9_.-]+:[A-Za-z0-9_.*-]+$/, 'write a permission as type:action'))
    .default([]),
  inherits: z.array(z.string()).default([]).describe('Roles whose permissions this one has too'),
  groups: z
    .array(z.string())
    .default([])
    .describe('Groups whose members hold the role, by name, DN or id, or as local:name'),
});
export type RoleSettings = z.infer<typeof roleSettings>;
