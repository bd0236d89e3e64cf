// Addresses that are nobody's to point this server to: its own machine, its network, the cloud's metadata, and whatever is no
// address of one host on the Internet (IANA's special-purpose registries, RFC 6890).

import { BlockList, isIPv4, isIPv6 } from 'node:net';

const IPV4: readonly [string, number][] = [
  ['0.0.0.0', 8], // this network
  ['10.0.0.0', 8], // private
  ['100.64.0.0', 10], // shared by a carrier's customers; some clouds' metadata
  ['127.0.0.0', 8], // loopback
  ['168.63.129.16', 32], // Azure's own services
  ['169.254.0.0', 16], // link-local; most clouds' metadata
  ['172.16.0.0', 12], // private
  ['192.0.0.0', 24], // protocols
  ['192.0.2.0', 24], // documentation
  ['192.31.196.0', 24], // AS112
  ['192.52.193.0', 24], // AMT
  ['192.88.99.0', 24], // 6to4 relays
  ['192.168.0.0', 16], // private
  ['192.175.48.0', 24], // AS112
  ['198.18.0.0', 15], // benchmarks
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, broadcast
];

/** What carries an IPv4 address in it (mapped, NAT64, 6to4, Teredo) is refused whatever it carries. */
const IPV6: readonly [string, number][] = [
  ['64:ff9b::', 96], // NAT64
  ['64:ff9b:1::', 48], // NAT64
  ['100::', 64], // discarded
  ['100:0:0:1::', 64], // dummy
  ['2001::', 23], // protocols, Teredo
  ['2001:db8::', 32], // documentation
  ['2002::', 16], // 6to4
  ['2620:4f:8000::', 48], // AS112
  ['3fff::', 20], // documentation
  ['5f00::', 16], // segment routing
  ['fc00::', 7], // private
  ['fe80::', 10], // link-local
  ['fec0::', 10], // site-local
  ['ff00::', 8], // multicast
];

// A list of its own for each family: one that holds both compares an IPv4 address with IPv6 networks, too.
const ipv4 = new BlockList();
for (const [network, prefix] of IPV4) ipv4.addSubnet(network, prefix, 'ipv4');
const ipv6 = new BlockList();
for (const [network, prefix] of IPV6) ipv6.addSubnet(network, prefix, 'ipv6');
/** Loopback, unspecified, compatible with IPv4 (`::/96`) and mapped (`::ffff:0:0/96`): all that begins with 80 zeros. */
ipv6.addSubnet('::', 80, 'ipv6');

/** Whether an address, as Node.js or a URL spells it, is one of these; so is what is no address at all. */
export function isSpecialAddress(address: string): boolean {
  const [bare = ''] = address.split('%');
  if (isIPv4(bare)) return ipv4.check(bare, 'ipv4');
  return !isIPv6(bare) || ipv6.check(bare, 'ipv6');
}
