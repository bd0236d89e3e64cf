// What one tenant can set: how it looks, what it asks of people, how long things last. Stored as JSON with the tenant; the
// configuration file and the admin API write it through this one schema.

import { z } from 'zod';

import { SECOND_FACTOR_LEVELS } from '../policy/levels.ts';
import { duration, lifetime } from './duration.ts';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const branding = z
  .strictObject({
    colour: z
      .string()
      .regex(/^#[0-9a-f]{6}$/i, 'write the colour as #rrggbb')
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
      .array(z.enum(['totp']))
      .default(['totp'])
      .describe('Second factors that people may enrol and use'),
    required: z
      .union([z.enum(['always', 'never']), z.strictObject({ groups: z.array(z.string().min(1)).min(1) })])
      .default('always')
      .describe('Of whom a second factor is asked: everyone, no one, or members of groups (by name, DN or id)'),
  })
  .refine(({ allowed, required }) => required === 'never' || allowed.length > 0, {
    path: ['allowed'],
    message: 'allow one, or write required: never',
  })
  .prefault({});

const policy = z
  .strictObject({
    secondFactors,
    levels: z
      .strictObject({ totp: z.enum(SECOND_FACTOR_LEVELS).default('mfa') })
      .prefault({})
      .describe('The acr that each second factor gives after a first one'),
    totp,
    sessionIdle: lifetime.default(30 * MINUTE).describe('A session ends after so long without use'),
    sessionAbsolute: lifetime.default(12 * HOUR).describe('A session ends after so long, used or not'),
    trustDirectoryContacts: z
      .boolean()
      .default(true)
      .describe('Addresses and numbers in the directory count as verified, and email_verified says so'),
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
  scopes: z.array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'a scope has no spaces')).default([]),
  accessToken: lifetime.optional().describe("Life of its access tokens; the tenant's if left out"),
  alg: z.enum(['ES256', 'RS256']).default('ES256'),
});

export const tenantSettings = z.strictObject({
  host: z.string().optional().describe('A host of its own: the issuer is https://<host>, not a path of publicUrl'),
  homeUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Where a page leads on when it cannot tell the app'),
  passwordHelpUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Where people change or recover the password of the directory'),
  branding,
  policy,
  tokens,
  resources: z
    .record(z.url(), resource)
    .default({})
    .describe('APIs that access tokens can be made for (RFC 8707), by their identifier'),
});

/** Times are seconds. */
export type TenantSettings = z.infer<typeof tenantSettings>;

/** A name in a URL: `/t/acme`. */
export const tenantSlug = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,40}[a-z0-9])?$/, 'use a-z, 0-9 and inner hyphens');

export const roleSettings = z.strictObject({
  permissions: z
    .array(z.string().regex(/^[a-z0-9_.-]+:[a-z0-9_.*-]+$/i, 'write a permission as type:action'))
    .default([]),
  inherits: z.array(z.string()).default([]).describe('Roles whose permissions this one has too'),
  groups: z.array(z.string()).default([]).describe('Groups whose members hold the role, by name, DN or id'),
});
export type RoleSettings = z.infer<typeof roleSettings>;
