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

/**
 * Within 2000::/3; outside of it there is nobody on the Internet, and much that carries an IPv4 address (mapped, translated, NAT64)
 * or is one's own network's. What carries one is refused whatever it carries.
 */
const IPV6: readonly [string, number][] = [
  ['2001::', 23], // protocols, Teredo
  ['2001:db8::', 32], // documentation
  ['2002::', 16], // 6to4
  ['2620:4f:8000::', 48], // AS112
  ['3fff::', 20], // documentation
];

// A list of its own for each family: one that holds both compares an IPv4 address with IPv6 networks, too.
const ipv4 = new BlockList();
for (const [network, prefix] of IPV4) ipv4.addSubnet(network, prefix, 'ipv4');
const ipv6 = new BlockList();
for (const [network, prefix] of IPV6) ipv6.addSubnet(network, prefix, 'ipv6');
const onTheInternet = new BlockList();
onTheInternet.addSubnet('2000::', 3, 'ipv6');

/** Whether an address, as Node.js or a URL spells it, is one of these; so is what is no address at all. */
export function isSpecialAddress(address: string): boolean {
  const [bare = ''] = address.split('%');
  if (isIPv4(bare)) return ipv4.check(bare, 'ipv4');
  if (!isIPv6(bare) || !onTheInternet.check(bare, 'ipv6')) return true;
  return ipv6.check(bare, 'ipv6') || isIsatap(bare);
}

/** The last 64 bits carry an IPv4 address behind 0000:5efe or 0200:5efe (RFC 5214 6.1). */
function isIsatap(address: string): boolean {
  const [, , , , flags = '', marker] = groupsOf(address);
  return marker === '5efe' && ['0', '100', '200', '300'].includes(flags);
}

/** All eight, in hexadecimal without leading zeros: as a URL spells them, but for the zeros that it leaves out. */
function groupsOf(address: string): string[] {
  const { hostname } = new URL(`http://[${address}]`);
  const [head = [], tail = []] = hostname
    .slice(1, -1)
    .split('::')
    .map((part) => part.split(':').filter(Boolean));
  return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => '0'), ...tail];
}
