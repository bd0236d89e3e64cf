// The whole configuration file as one schema. What a tenant, a client and a directory may say is declared beside those; here
// it is put together, with what the server itself needs and with the secrets that those others never see.

import proxyaddr from 'proxy-addr';
import { z } from 'zod';

import { clientMetadata } from '../clients/client-metadata.ts';
import { clientId } from '../clients/client-rules.ts';
import { smsSettings } from '../delivery/sms-settings.ts';
import { isServerOrNetwork } from '../directory/allowed-servers.ts';
import { directoryName, directorySettings } from '../directory/directory-settings.ts';
import { duration } from '../duration.ts';
import { roleSettings, tenantName, tenantSettings, tenantSlug } from '../tenants/tenant-settings.ts';
import type { Path } from './tree.ts';

/** Each of these can be given as a value, or as `…File`: the path of a file that holds it. */
export const SECRETS = patterns(
  'databaseUrl',
  'redisUrl',
  'encryption.keys.*.secret',
  'mail.url',
  'sms.secretAccessKey',
  'sms.authorization',
  'sms.password',
  'tenants.*.directories.*.bindPassword',
  'tenants.*.clients.*.client_secret',
);

/** What is read from a file where one is named: secrets, and the authorities that vouch for other servers. */
export const FROM_FILES = [...SECRETS, ...patterns('mail.ca', 'tenants.*.directories.*.tls.ca')];

/** The key that names the file. */
export function fileKeyOf(path: Path): Path {
  return path.with(-1, `${path.at(-1) ?? ''}File`);
}

/** Pictures: in the file a path, in the settings the picture itself as a `data:` URI. */
export const PICTURES = patterns('tenants.*.branding.logo');

/** Paths that stay paths: the private key of a client certificate is not to be in the database. */
export const STAYING_PATHS = patterns(
  'dataFolder',
  'tenants.*.directories.*.tls.certFile',
  'tenants.*.directories.*.tls.keyFile',
);

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] as const;

/** 0 takes any free port. */
const port = z.int().min(0).max(65_535);

const encryptionKey = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,32}$/, 'use up to 32 letters, digits, _ and -')
    .describe('Stored beside each ciphertext, so never give it to another secret'),
  secret: z
    .string()
    .trim()
    .min(32, 'use at least 32 characters; openssl rand -base64 32 makes them')
    .describe('Random text of at least 32 characters; openssl rand -base64 32 makes it'),
});

const KEYS_MEND =
  'write encryption: { keys: [{ id: k1, secretFile: /run/secrets/k1 }] }, or set SALLYPORT_ENCRYPTION_KEYS_0_ID and …_0_SECRET_FILE';

const serverSettings = z.strictObject({
  publicUrl: z
    .string()
    .refine(isOrigin, 'write the scheme and the host only, as https://id.example.com')
    .transform((url) => new URL(url).origin)
    .describe('Where people and apps reach the server. An issuer is <publicUrl>/t/<tenant>'),
  listen: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1').describe('Address to listen on; 0.0.0.0 or :: for all'),
      port: port.default(3000).describe('The variable PORT overrides it too'),
    })
    .prefault({}),
  opsListen: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1'),
      port: port.default(3090),
    })
    .optional()
    .describe('Probes and metrics on a port of their own; on the public one if left out'),
  production: z.boolean().default(false).describe('Refuses what is good for a demo or for development only'),
  databaseUrl: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'write it as postgres://user:password@host:5432/name')
    .optional()
    .describe('PostgreSQL 14 or newer; the embedded database if left out'),
  databasePool: z
    .strictObject({ max: z.int().min(2).max(500).default(20).describe('Connections that one process opens at most') })
    .prefault({}),
  redisUrl: z
    .string()
    .regex(/^rediss?:\/\//, 'write it as redis://user:password@host:6379, or rediss:// for TLS')
    .optional()
    .describe("Redis 7 or newer; the process's memory if left out, which serves one process only"),
  dataFolder: z
    .string()
    .min(1)
    .default('data')
    .describe('Folder of the embedded database. The default is in the working directory'),
  encryption: z.strictObject(
    {
      keys: z.array(encryptionKey, KEYS_MEND).min(1, KEYS_MEND).describe('The first one encrypts, all of them decrypt'),
    },
    KEYS_MEND,
  ),
  trustedProxies: z
    .array(z.string().refine(isProxy, 'write an address, a network as 10.0.0.0/8, or loopback, linklocal, uniquelocal'))
    .default([])
    .describe('Peers whose X-Forwarded-For and X-Forwarded-Proto are believed'),
  logLevel: z.enum(LOG_LEVELS).default('info'),
  mail: z
    .strictObject({
      from: z
        .string()
        .regex(/^[^\r\n@]+@[^\r\n@]+$/, 'write an address, as Sallyport <id@example.com>')
        .describe('Sender of every mail'),
      url: z
        .string()
        .regex(/^smtps?:\/\//, 'write it as smtp://user:password@host:587 or smtps://user:password@host')
        .describe('The mail server'),
      ca: z.string().min(1).optional().describe("Authorities to trust instead of the system's, in PEM form"),
      caFile: z.string().min(1).optional().describe('Path of a file that holds them'),
    })
    .optional()
    .describe('Nothing is mailed if left out'),
  sms: smsSettings.optional().describe('No text message is sent if left out'),
  outbound: z
    .strictObject({
      allowHosts: z
        .array(z.string().regex(/^[A-Za-z0-9.:-]{1,253}$/, 'write a name or an address, as hooks.internal'))
        .default([])
        .describe('Hosts that webhooks and clients may point to although they are on this machine or its network'),
      allowDirectories: z
        .array(z.string().refine(isServerOrNetwork, 'write a name, an address, or a network as 10.0.0.0/8'))
        .optional()
        .describe('Hosts and networks that directories made through the admin API may be at; any if left out'),
    })
    .prefault({}),
  shutdownGrace: duration.default(20).describe('So long a stopping server goes on with what it had begun'),
});

const directory = directorySettings.safeExtend({
  bindPassword: z.string().min(1).describe('Password of the service account'),
});

const client = clientMetadata.safeExtend({
  client_secret: z.string().min(1).optional().describe('Random text; openssl rand -base64 32 makes it'),
});

const roleName = z.string().regex(/^[A-Za-z0-9][\w.-]{0,63}$/, 'use up to 64 letters, digits, ., _ and -');
const tenant = tenantSettings.safeExtend({
  name: tenantName,
  directories: z
    .record(directoryName, directory)
    .default({})
    .describe('Where its people come from, by name, in the order in which they are asked'),
  roles: z.record(roleName, roleSettings).default({}).describe('By name'),
  clients: z
    .record(clientId, client)
    .default({})
    .describe('Apps, by client_id. Names in snake_case are those of RFC 7591'),
});

export const configurationFile = serverSettings.safeExtend({
  tenants: z.record(tenantSlug, tenant).default({}).describe('By the name in the URL'),
});

function patterns(...dottedPaths: string[]): Path[] {
  return dottedPaths.map((path) => path.split('.'));
}

function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`;
}

function isProxy(text: string): boolean {
  try {
    proxyaddr.compile(text);
    return true;
  } catch {
    return false;
  }
}
