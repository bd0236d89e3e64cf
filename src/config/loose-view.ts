// What the checks that span several keys read. It takes whatever fits and leaves out the rest, so that these checks run, and
// tell what they find, however much else is wrong.

import { z } from 'zod';

import { clientMetadata } from '../clients/client-metadata.ts';
import { tenantSettings } from '../tenants/tenant-settings.ts';
import type { TenantSettings } from '../tenants/tenant-settings.ts';
import { isMap } from './tree.ts';

const anything = z.unknown().optional();
const text = z.string().optional().catch(undefined);
/** What is no text stays as a gap, so that the others keep their places. */
const texts = z.array(text).catch([]);

function map<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  return z.preprocess((value) => (isMap(value) ? value : {}), z.object(shape));
}

function named<Value extends z.ZodType>(value: Value) {
  return z.preprocess((values) => (isMap(values) ? values : {}), z.record(z.string(), value));
}

const { application_type, grant_types, minimumAcr, token_endpoint_auth_method } = clientMetadata.shape;

const client = map({
  client_secret: anything,
  token_endpoint_auth_method: token_endpoint_auth_method.catch('client_secret_basic'),
  application_type: application_type.catch('web'),
  grant_types: grant_types.catch([]),
  redirect_uris: texts,
  defaultResource: text,
  minimumAcr: minimumAcr.catch(undefined),
  allow: map({ roles: texts }),
  roles: texts,
});

const directory = map({
  urls: texts,
  tls: map({ mode: text }),
  realm: text,
});

/** `whole`: as the schema reads it; undefined as long as something in it is wrong. */
const policy = z.preprocess(
  (value) => ({ ...(isMap(value) ? value : {}), whole: tenantSettings.shape.policy.safeParse(value).data }),
  z.object({
    secondFactors: map({ allowed: texts, required: map({ roles: texts }) }),
    passkeys: map({ rpId: text }),
    whole: z.custom<TenantSettings['policy'] | undefined>(),
  }),
);

const tenant = map({
  host: text,
  policy,
  resources: named(anything),
  directories: named(directory),
  roles: named(map({ inherits: texts })),
  clients: named(client),
});

const view = map({
  publicUrl: text,
  production: z.boolean().catch(false),
  databaseUrl: anything,
  redisUrl: anything,
  mail: anything,
  sms: map({ provider: text, endpoint: text }),
  trustedProxies: texts,
  encryption: map({ keys: z.array(map({ id: text, secret: text })).catch([]) }),
  tenants: named(tenant),
});

export type View = z.infer<typeof view>;
export type TenantView = z.infer<typeof tenant>;
export type ClientView = z.infer<typeof client>;

export function viewOf(values: unknown): View {
  return view.parse(values);
}
