import { testSlapd } from '../support/slapd.ts';
import { describeDirectory } from './directory.ts';
import { slapd } from './directory-dialects.ts';

describeDirectory('slapd in plain text', slapd, async () => {
  const server = await testSlapd();
  return { ...server, connection: { urls: [server.url], tls: { mode: 'none' } } };
});

describeDirectory('slapd by StartTLS', slapd, async () => {
  const server = await testSlapd();
  return { ...server, connection: { urls: [server.url], tls: { ca: server.caPem } } };
});

describeDirectory('slapd by LDAPS', slapd, async () => {
  const server = await testSlapd();
  return { ...server, connection: { urls: [server.ldapsUrl], tls: { caFile: server.caFile } } };
});
