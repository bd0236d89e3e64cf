import { testDs389 } from '../support/ds389.ts';
import { describeDirectory } from './directory.ts';
import { ds389 } from './directory-dialects.ts';

void testDs389();

describeDirectory('389-ds by StartTLS', ds389, async () => {
  const server = await testDs389();
  return { ...server, connection: { urls: [server.url], tls: { ca: server.caPem } } };
});

describeDirectory('389-ds by LDAPS', ds389, async () => {
  const server = await testDs389();
  return { ...server, connection: { urls: [server.ldapsUrl], tls: { caFile: server.caFile } } };
});
