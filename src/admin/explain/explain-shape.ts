// What an explanation of a sign-in says, step by step.

import { z } from 'zod';

import { FACTORS } from '../../policy/factors.ts';
import { LEVELS } from '../../policy/levels.ts';
import { roleWithWays } from '../routes/role-shape.ts';

export const explainRequest = z
  .strictObject({
    login: z.string().max(512).describe('As the person would type it'),
    client_id: z.string().min(1).max(255).optional().describe('The application; without it no claims are worked out'),
    scope: z.string().max(2000).default('openid').describe('Scopes that the application asks for, with spaces between'),
    acr_values: z.string().max(200).optional().describe('As the application asks for them'),
    resource: z.string().max(2000).optional().describe("An API (RFC 8707); the application's default if left out"),
  })
  .meta({ id: 'ExplainRequest' });
export type ExplainRequest = z.infer<typeof explainRequest>;

/** In the order in which they are looked for: the first that holds is the verdict. */
const VERDICTS = [
  'tenant-suspended',
  'malformed-login',
  'directory-unavailable',
  'unknown-login',
  'ambiguous-login',
  'directory-disabled',
  'directory-expired',
  'directory-nearly-locked',
  'account-not-active',
  'no-password',
  'too-many-attempts',
  'password-expired',
  'unknown-client',
  'not-allowed',
  'scope-not-allowed',
  'unknown-resource',
  'level-unattainable',
  'needs-link',
  'must-enrol',
  'could-sign-in',
] as const;

const time = z.iso.datetime().nullable();

const lookup = z.strictObject({
  directory: z.string(),
  login: z.string().describe('What this directory is asked for; a realm may have been taken off'),
  base: z.string(),
  filter: z.string(),
  found: z.enum(['nobody', 'one', 'more than one', 'no answer']),
  entry: z.string().nullable().describe('DN'),
  detail: z.string().nullable(),
});

const entry = z.strictObject({
  directory: z.string(),
  dn: z.string(),
  stableId: z.string(),
  userName: z.string(),
  state: z.enum(['enabled', 'disabled', 'expired']),
  passwordChangedAt: time,
  passwordExpiresAt: time,
  failuresLeft: z.int().nullable().describe('Until the directory locks the account, by its own count'),
  profile: z.record(z.string(), z.unknown()),
});

const account = z.strictObject({
  id: z.uuid().nullable().describe('The sub; null for somebody who has never signed in'),
  kind: z.enum(['directory', 'local']),
  status: z.string(),
  lastLoginAt: time,
});

const counter = z.strictObject({
  kind: z.enum(['password', 'second-factor', 'trusted-device']),
  on: z.enum(['the account', 'the name that was typed']),
  failures: z.int(),
  blockedUntil: time,
});

const group = z.strictObject({
  id: z.string(),
  name: z.string(),
  dn: z.string().nullable().describe('Null for one that lives here'),
  from: z.enum(['directory', 'local']),
  via: z.array(z.string()).describe('The groups through which the membership runs; empty for a direct one'),
});

const factor = z.strictObject({
  factor: z.enum(FACTORS),
  name: z.string(),
  level: z.enum(LEVELS).describe('The acr that it gives after a first factor'),
  fromDirectory: z.boolean().describe('An address or a number that the directory vouches for'),
  wouldDo: z.boolean(),
  lastUsedAt: time,
});

const policy = z.strictObject({
  isAllowed: z.boolean().describe('Whether the application is for this person'),
  secondFactorAskedBy: z.array(z.enum(['tenant', 'client', 'request'])),
  requiredAcr: z.enum(LEVELS),
  isAttainable: z.boolean(),
  nextStep: z.string().describe('What follows on the password'),
  reachedAcr: z.enum(LEVELS).nullable().describe('With the factor that would be asked for first'),
  factors: z.array(factor),
  couldEnrol: z.array(z.enum(FACTORS)).describe('Those that would do, where the person has none'),
  grace: z
    .strictObject({ hasBegun: z.boolean(), daysLeft: z.int().nullable(), loginsLeft: z.int().nullable() })
    .nullable()
    .describe('Of the time to enrol'),
});

const claims = z.record(z.string(), z.unknown());

export const explanation = z
  .strictObject({
    verdict: z.strictObject({ code: z.enum(VERDICTS), couldSignIn: z.boolean(), text: z.string() }),
    login: z.strictObject({ compared: z.string().nullable(), means: z.enum(['directory', 'local', 'nothing']) }),
    lookups: z.array(lookup),
    entry: entry.nullable(),
    account: account.nullable(),
    counters: z.array(counter),
    groups: z.array(group),
    roles: z.array(roleWithWays),
    policy: policy.nullable(),
    tokens: z
      .strictObject({
        idToken: claims,
        userinfo: claims,
        accessToken: claims.nullable().describe('A JWT, for an API; without one the token is opaque'),
      })
      .nullable(),
    notes: z.array(z.string()),
  })
  .meta({ id: 'Explanation' });

export type Explanation = z.infer<typeof explanation>;
export type VerdictCode = Explanation['verdict']['code'];
