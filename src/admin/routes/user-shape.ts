// A user as the admin API shows them, and as it takes what may be said of one.

import { z } from 'zod';

import { canonicalAddress } from '../../second-factors/contacts.ts';
import type { UserRecord } from '../../users/user-records.ts';
import { loginNameOf } from '../../users/users.ts';

const line = z
  .string()
  .min(1)
  .max(256)
  .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), 'has characters that no name has');
const webAddress = z
  .string()
  .max(2048)
  .refine((text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ''), 'is no address of the Web');

const userName = z.string().min(1).max(256);

const email = z
  .string()
  .max(254)
  .refine((text) => /^[^\s\p{C}]+$/u.test(text) && canonicalAddress(text) !== undefined, 'is no mail address');
const phoneNumber = z
  .string()
  .max(32)
  .regex(/^\+?[0-9][0-9 ()./-]*$/, 'is no telephone number');
const locale = z
  .string()
  .max(35)
  .regex(/^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$/, 'is no language tag (BCP 47)');
const zoneinfo = z
  .string()
  .max(64)
  .regex(/^[A-Za-z][A-Za-z0-9_+/-]*$/, 'is no time zone, as Europe/Berlin');

/** OpenID Connect's standard claims (OpenID Connect Core 5.1), in camelCase. */
export const profileShape = z
  .strictObject({
    name: line,
    givenName: line,
    familyName: line,
    nickname: line,
    email,
    emailVerified: z.boolean().describe('Cleared when the address changes, unless it is said with it'),
    phoneNumber,
    phoneNumberVerified: z.boolean().describe('Cleared when the number changes, unless it is said with it'),
    locale,
    zoneinfo,
    picture: webAddress,
    website: webAddress,
  })
  .partial()
  .meta({ id: 'Profile' });

export const newUserShape = z
  .strictObject({
    userName: userName.describe('What they sign in with, unless a directory has that name'),
    profile: profileShape.prefault({}),
    password: z.string().max(1024).optional().describe('Left out, the account is pending until its owner chooses one'),
  })
  .meta({ id: 'NewUser', examples: [{ userName: 'ann', profile: { name: 'Ann Lee', email: 'ann@example.com' } }] });

/** JSON merge patch: null takes a member away. */
export const userPatchShape = z
  .strictObject({
    userName: userName.optional(),
    profile: z
      .strictObject({
        name: line.nullable(),
        givenName: line.nullable(),
        familyName: line.nullable(),
        nickname: line.nullable(),
        email: email.nullable(),
        emailVerified: z.boolean().nullable(),
        phoneNumber: phoneNumber.nullable(),
        phoneNumberVerified: z.boolean().nullable(),
        locale: locale.nullable(),
        zoneinfo: zoneinfo.nullable(),
        picture: webAddress.nullable(),
        website: webAddress.nullable(),
      })
      .partial()
      .optional(),
  })
  .meta({ id: 'UserPatch' });

const said = z.string().optional();
const verified = z.boolean().optional();

/** The same, as it is shown: a directory may say what no rule of ours would take. */
const shownProfile = z.strictObject({
  name: said,
  givenName: said,
  familyName: said,
  nickname: said,
  email: said,
  emailVerified: verified,
  phoneNumber: said,
  phoneNumberVerified: verified,
  locale: said,
  zoneinfo: said,
  picture: said,
  website: said,
});

export const userShape = z
  .strictObject({
    id: z.uuid(),
    userName: z.string(),
    loginName: z.string().describe('What they type to sign in'),
    status: z
      .enum(['pending', 'complete', 'active', 'disabled', 'rejected'])
      .describe(
        'Only active people sign in. pending: the account has not been set up; complete: it waits to be approved',
      ),
    profile: shownProfile.describe("OpenID Connect's standard claims, in camelCase"),
    managedBy: z.enum(['directory', 'api']).describe('Who says what they are called and how they are reached'),
    directory: z
      .strictObject({
        id: z.uuid(),
        name: z.string(),
        dn: z.string(),
        state: z.enum(['enabled', 'disabled', 'expired', 'gone']),
        checkedAt: z.iso.datetime().describe('When the directory said so'),
      })
      .nullable()
      .describe('null for an account that lives here'),
    hasPassword: z.boolean().describe('Whether a password is kept here'),
    enrolsByLink: z.boolean().describe('A first second factor can be set up by way of a one-time link only'),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    lastLoginAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'User' });

export type ShownUser = z.output<typeof userShape>;
export type UserPatch = z.output<typeof userPatchShape>;

export function shownUser(user: UserRecord): ShownUser {
  const { id, username, status, profile, directory, hasPassword, enrolsByLink } = user;
  return {
    id,
    userName: username,
    loginName: loginNameOf(user),
    status,
    profile: { ...profile },
    managedBy: directory ? 'directory' : 'api',
    directory: directory ? { ...directory, checkedAt: directory.checkedAt.toISOString() } : null,
    hasPassword,
    enrolsByLink,
    createdAt: user.createdAt.toISOString(),
    updatedAt: user.updatedAt.toISOString(),
    lastLoginAt: user.lastLoginAt?.toISOString() ?? null,
  };
}
