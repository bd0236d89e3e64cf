// The demo's configuration, in the shape of the file that an operator writes.

import { randomBytes } from 'node:crypto';

import type { Tree } from '../config/tree.ts';
import type { RelyingPartyTenant } from './relying-party.ts';

export interface DemoPlaces {
  /** Where the provider is reached, without a slash at the end. */
  publicUrl: string;
  /** Where the apps are reached. */
  appUrl: string;
  host: string;
  port: number;
  directoryUrl: string;
}

export const DIRECTORY = {
  suffix: 'dc=demo,dc=test',
  serviceDn: 'cn=sallyport,ou=system,dc=demo,dc=test',
  servicePassword: 'sallyport-demo-1234',
};

export function relyingPartyTenants(publicUrl: string): RelyingPartyTenant[] {
  const tenant = (slug: string, name: string): RelyingPartyTenant => ({
    slug,
    name,
    issuer: `${publicUrl}/t/${slug}`,
    apps: ['Orders', 'Wiki'].map((app) => ({
      clientId: app.toLowerCase(),
      clientSecret: randomBytes(32).toString('base64url'),
      name: app,
      path: `/${slug}/${app.toLowerCase()}`,
    })),
  });
  return [tenant('acme', 'Acme'), tenant('globex', 'Globex')];
}

export function demoConfiguration(places: DemoPlaces, [acme, globex]: readonly RelyingPartyTenant[]): Tree {
  return {
    publicUrl: places.publicUrl,
    listen: { host: places.host, port: places.port },
    logLevel: 'warn',
    encryption: { keys: [{ id: 'demo', secret: randomBytes(32).toString('base64url') }] },
    tenants: {
      acme: {
        name: 'Acme',
        homeUrl: `${places.appUrl}/`,
        branding: { colour: '#1f4e8c' },
        policy: { secondFactors: { required: 'always' }, trustedDevices: { days: 30 } },
        directories: { people: directory(places, 'acme') },
        roles: {
          staff: { permissions: ['order:read'], groups: ['staff'] },
          engineer: { permissions: ['deployment:start'], groups: ['engineering'], inherits: ['staff'] },
          administrator: { permissions: ['order:approve'], groups: ['admins'], inherits: ['staff'] },
        },
        clients: clients(places, acme),
      },
      globex: {
        name: 'Globex',
        homeUrl: `${places.appUrl}/`,
        branding: { colour: '#8a2b52' },
        // Codes go to what the directory knows of a person, so that nobody has to set anything up.
        policy: {
          secondFactors: {
            allowed: ['sms', 'email', 'passkey', 'totp', 'recovery-code'],
            required: { groups: ['admins'] },
          },
          totp: { digits: 8, algorithm: 'SHA256' },
          sms: { country: 'US' },
        },
        directories: { people: directory(places, 'globex') },
        roles: { staff: { permissions: ['order:read'], groups: ['staff'] } },
        clients: clients(places, globex),
      },
    },
  };
}

function directory({ directoryUrl }: DemoPlaces, branch: string): Tree {
  return {
    preset: 'openldap',
    urls: [directoryUrl],
    tls: { mode: 'none' },
    bindDn: DIRECTORY.serviceDn,
    bindPassword: DIRECTORY.servicePassword,
    baseDn: `o=${branch},${DIRECTORY.suffix}`,
  };
}

/** Orders is the tenant's own; Wiki is not, so that it asks for consent. */
function clients({ appUrl }: DemoPlaces, tenant: RelyingPartyTenant | undefined): Tree {
  const registration = ({ clientId, clientSecret, name, path }: RelyingPartyTenant['apps'][number]) => ({
    client_name: name,
    client_secret: clientSecret,
    client_uri: `${appUrl}${path}`,
    redirect_uris: [`${appUrl}${path}/callback`],
    post_logout_redirect_uris: [`${appUrl}${path}/signed-out`],
    firstParty: clientId === 'orders',
  });
  return Object.fromEntries((tenant?.apps ?? []).map((app) => [app.clientId, registration(app)]));
}
