import type { Configuration } from '../config.ts';

/** Shorter ones would black out half of every sentence, and are no secrets. */
const SHORTEST = 4;

/** Takes the configuration's secrets out of a text that something else wrote, as a driver's error message. */
export function redactor(configuration: Configuration): (text: string) => string {
  const secrets = secretsOf(configuration)
    .filter((secret) => secret.length >= SHORTEST)
    .toSorted((a, b) => b.length - a.length);
  return (text) => secrets.reduce((redacted, secret) => redacted.replaceAll(secret, '[secret]'), text);
}

function secretsOf({ databaseUrl, redisUrl, mail, sms, encryption, tenants }: Configuration): string[] {
  const urls = [databaseUrl, redisUrl, mail?.url].filter((url) => url !== undefined);
  const ofTenants = Object.values(tenants).flatMap(({ directories, clients }) => [
    ...Object.values(directories).map(({ bindPassword }) => bindPassword),
    ...Object.values(clients).map(({ secret }) => secret),
  ]);
  return [
    ...urls.flatMap((url) => [url, ...passwordsOf(url)]),
    ...encryption.keys.map(({ secret }) => secret),
    ...[...ofTenants, ...secretsOfSms(sms)].filter((secret) => secret !== undefined),
  ];
}

/** A gateway's headers may well hold a key. */
function secretsOfSms(sms: Configuration['sms']): (string | undefined)[] {
  if (sms?.provider === 'sns') return [sms.secretAccessKey];
  return sms ? [sms.authorization, sms.password, ...Object.values(sms.headers ?? {})] : [];
}

/** As the URL spells it and as the server hears it. */
function passwordsOf(url: string): string[] {
  const password = URL.parse(url)?.password ?? '';
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}
