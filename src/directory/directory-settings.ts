// How one directory is reached and read, as the configuration file and the admin API write it. Stored as JSON; the password of
// the service account is stored encrypted beside it. presets.ts fills in what is left out.

import { z } from 'zod';

import { duration } from '../duration.ts';
import { isDn } from './distinguished-name.ts';
import { isFilter } from './ldap/filter.ts';

/** Of any list here. */
const MOST = 20;

const dn = z.string().max(2000).refine(isDn, 'write a distinguished name, as cn=service,dc=example,dc=com');

/** A short name of the schema, or an OID, and options (RFC 4512 1.4, 2.5). */
const named = (what: string) =>
  z
    .string()
    .max(200)
    .regex(/^(?:[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+)(?:;[A-Za-z0-9-]+)*$/, `write the name of an LDAP ${what}`);
const attribute = named('attribute');
const objectClass = named('object class');

/** One attribute, or several of which the first that has a value counts. */
const attributes = z.union([attribute.transform((name) => [name]), z.array(attribute).max(MOST)]);

const filter = z.string().max(4000).refine(isFilter, 'write a filter, as (employeeType=staff)');

const serverUrl = z
  .string()
  .max(300)
  .refine(isServerUrl, 'write ldap://host, ldap://host:port, or the same with ldaps, and nothing after it');

const milliseconds = z.int().min(100).max(60_000);

const tls = z
  .strictObject({
    mode: z
      .enum(['none', 'starttls', 'ldaps'])
      .default('starttls')
      .describe('How ldap:// addresses are secured: not at all, or by StartTLS. ldaps:// addresses always are'),
    ca: z
      .string()
      .max(500_000)
      .includes('-----BEGIN CERTIFICATE-----', 'give certificates in PEM form')
      .optional()
      .describe('The authorities, in PEM form'),
    caFile: z.string().min(1).optional(),
    certFile: z.string().min(1).optional().describe('Path of our own certificate, for servers that ask for one'),
    keyFile: z.string().min(1).optional().describe('Path of its private key'),
  })
  .refine(({ ca, caFile }) => !(ca && caFile), 'give ca or caFile, not both')
  .refine(({ certFile, keyFile }) => !certFile === !keyFile, 'give certFile and keyFile, or neither')
  .prefault({})
  .describe("Certificates are always verified; against the given authorities alone, or the system's if none are given");

const profile = z
  .strictObject({
    name: attributes.optional(),
    givenName: attributes.optional(),
    familyName: attributes.optional(),
    nickname: attributes.optional(),
    email: attributes.optional(),
    phoneNumber: attributes.optional(),
    locale: attributes.optional(),
    zoneinfo: attributes.optional(),
    picture: attributes.optional(),
    website: attributes.optional(),
  })
  .prefault({})
  .describe('Where the standard claims come from: an attribute, or several of which the first that has a value counts');

const users = z
  .strictObject({
    objectClass: objectClass
      .optional()
      .describe(
        'Entries of this class are people. Takes the place of all that the preset says of which entries are, a filter of its own included',
      ),
    filter: filter.optional().describe('Only people who match it (RFC 4515) may sign in'),
    login: z.array(attribute).min(1).max(MOST).optional().describe('Attributes that a login name is looked for in'),
    username: attribute.optional().describe('The attribute shown as user name'),
    stableId: attribute.optional().describe('The attribute that never changes, whatever the entry is renamed to'),
    stableIdSyntax: z
      .enum(['text', 'guid'])
      .optional()
      .describe('guid: 16 bytes, the first three numbers of which are little-endian, as in Active Directory'),
    disabled: z
      .array(
        z.union([
          z.strictObject({ attribute, value: z.string().max(500) }),
          z.strictObject({ attribute, bit: z.int().min(1).describe('The value of the bit in a number, as 2') }),
        ]),
      )
      .max(MOST)
      .optional()
      .describe('An entry with any of these values, or bits, is disabled'),
    expires: attribute
      .nullable()
      .optional()
      .describe(
        'The attribute that holds the time after which an account is valid no longer: GeneralizedTime, a number as Active Directory writes it, or days as shadowExpire',
      ),
    passwordChangedAt: attribute
      .nullable()
      .optional()
      .describe('The attribute that holds the time of the last change of the password'),
    passwordExpiresAt: attribute
      .nullable()
      .optional()
      .describe('The attribute that holds the time when the password expires, where no control of a bind tells it'),
    attributes: profile,
  })
  .prefault({});

const groups = z
  .strictObject({
    objectClass: z
      .array(objectClass)
      .min(1)
      .max(MOST)
      .optional()
      .describe('Entries of any of these classes are groups'),
    filter: filter.optional().describe('Only groups that match it (RFC 4515); any other is as good as not there'),
    name: attribute.optional().describe('Attribute that names a group'),
    member: z
      .array(attribute)
      .max(MOST)
      .optional()
      .describe('Attributes of a group that hold the DNs of its members; none: []'),
    memberOf: attribute
      .nullable()
      .optional()
      .describe(
        'Attribute of a member that holds the DNs of its groups, to be asked instead of `member`. Only where the server itself keeps it: people must not be able to write it. Where it names indirect groups too, as in 389-ds, `member` is asked all the same',
      ),
    memberUid: attribute
      .nullable()
      .optional()
      .describe('Attribute of a group that holds the user names of its members (RFC 2307)'),
    primary: z
      .enum(['gid', 'rid'])
      .nullable()
      .optional()
      .describe('The group that a person names by number: gidNumber (RFC 2307), or primaryGroupID of Active Directory'),
    nesting: z
      .enum(['walk', 'in-chain', 'token-groups'])
      .optional()
      .describe(
        'How groups in groups are found: level by level, or by what Active Directory has for it: the matching rule 1.2.840.113556.1.4.1941, or tokenGroups (security groups alone)',
      ),
    depth: z
      .int()
      .min(0)
      .max(50)
      .optional()
      .describe('Groups above the direct ones: so many levels. 0: direct ones only'),
  })
  .prefault({});

const passwords = z
  .strictObject({
    change: z
      .enum(['password-modify', 'unicode-pwd', 'no'])
      .optional()
      .describe('How people change theirs: RFC 3062, as Active Directory wants it, or not here'),
    warnDays: z
      .int()
      .min(0)
      .max(365)
      .default(14)
      .describe('People are told so many days before their password expires'),
  })
  .prefault({});

export const directorySettings = z
  .strictObject({
    preset: z
      .enum(['openldap', 'rfc2307', 'activedirectory', '389ds', 'freeipa', 'lldap'])
      .default('openldap')
      .describe('The kind of server; sets whatever is not set here'),
    urls: z
      .array(serverUrl)
      .min(1)
      .max(MOST)
      .describe('Servers that hold the same data, in the order in which they are asked'),
    tls,
    bindDn: dn.describe('The service account that searches; it needs no right to write'),
    baseDn: dn.describe('Where people and groups are, at any depth'),
    userBaseDn: dn.optional().describe('Where people are, if not everywhere below baseDn'),
    groupBaseDn: dn.optional().describe('Where groups are, if not everywhere below baseDn'),
    users,
    groups,
    passwords,
    realm: z
      .string()
      .regex(/^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/, 'write it without the @, as corp.example.com')
      .optional()
      .describe('ann@<realm> means ann of this directory and of no other'),
    lockoutBudget: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .describe(
        "Binds that may fail before we stop asking: one less than the directory's own threshold where it tells that, else 4 (2 with 389ds)",
      ),
    lockoutWindow: duration
      .optional()
      .describe(
        'Time after which the directory forgets failed binds: what it tells, if that is longer, else 15 minutes',
      ),
    connectTimeoutMs: milliseconds.default(2000).describe('Until a server is connected, encrypted and bound to'),
    operationTimeoutMs: milliseconds.default(3000).describe('For one bind or search'),
    pageSize: z
      .int()
      .min(1)
      .max(10_000)
      .default(500)
      .describe("Entries per page where there are more than the server's limit"),
    maxResponseBytes: z
      .int()
      .min(65_536)
      .max(256 * 1024 * 1024)
      .default(8 * 1024 * 1024)
      .describe('More than this in one answer ends the connection'),
  })
  .superRefine(({ urls, tls }, context) => {
    const unfit = tls.mode === 'ldaps' ? 'ldap:' : tls.mode === 'none' ? 'ldaps:' : undefined;
    urls.forEach((url, index) => {
      if (unfit && url.toLowerCase().startsWith(unfit)) {
        context.addIssue({
          code: 'custom',
          path: ['urls', index],
          message: `tls.mode ${tls.mode} does not fit this address`,
        });
      }
    });
  });

/** Starts with a letter, because JavaScript would sort names that are numbers, and the order of directories matters. */
export const directoryName = z.string().regex(/^[a-z][a-z0-9-]{0,40}$/, 'start with a-z, go on with a-z, 0-9 and -');

/** Everything but the service account's password. */
export type DirectorySettings = z.infer<typeof directorySettings>;

/** How long anybody waits for what a directory is asked, in however many steps. */
export function answerTimeoutMs({ connectTimeoutMs, operationTimeoutMs }: DirectorySettings): number {
  return connectTimeoutMs + operationTimeoutMs;
}

function isServerUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^ldaps?:$/.test(url.protocol) && url.hostname !== '' && url.href.endsWith(`//${url.host}`);
}
