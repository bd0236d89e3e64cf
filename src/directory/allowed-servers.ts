// Where directories that administrators make through the admin API may be: the operator says so, for this server connects to them
// from within its network. What the configuration file declares is the operator's own.

import { BlockList, isIP } from 'node:net';

/** Whether an `ldap://` or `ldaps://` URL leads to a server that is allowed. */
export type IsAllowedServer = (url: string) => boolean;

/** @param allowed names as URLs have them, addresses, and networks as `10.0.0.0/8`; left out, every server is. Nothing is looked up. */
export function createIsAllowedServer(allowed: readonly string[] | undefined): IsAllowedServer {
  if (allowed === undefined) return () => true;
  const names = new Set(allowed.map(bareHost));
  const networks = { 4: new BlockList(), 6: new BlockList() };
  for (const { address, prefix, family } of allowed.flatMap(networkOf)) {
    networks[family].addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  }
  return (text) => {
    const host = bareHost(URL.parse(text)?.hostname ?? '');
    const family = isIP(host);
    if (family !== 4 && family !== 6) return names.has(host);
    return networks[family].check(host, family === 4 ? 'ipv4' : 'ipv6');
  };
}

/** Whether it can be read: a host's name, an address, or a network. */
export function isServerOrNetwork(text: string): boolean {
  return networkOf(text).length > 0 || (/^[A-Za-z0-9._-]{1,253}$/.test(text) && !/^[\d.]+$/.test(text));
}

interface Network {
  address: string;
  prefix: number;
  family: 4 | 6;
}

/** None of what is a name. */
function networkOf(text: string): Network[] {
  const [address = '', length, ...rest] = text.split('/');
  const family = isIP(address);
  if ((family !== 4 && family !== 6) || rest.length > 0 || !/^\d{1,3}$/.test(length ?? '0')) return [];
  const most = family === 4 ? 32 : 128;
  const prefix = length === undefined ? most : Number(length);
  return prefix <= most ? [{ address, prefix, family }] : [];
}

/** As names are compared: without the dot at the end, and without the brackets of an IPv6 address. */
function bareHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/^\[(.*)\]$/, '$1');
}
