import { testSlapd } from '../support/slapd.ts';
import { describeDirectory } from './directory.ts';

describeDirectory('slapd in plain text', async () => {
  const slapd = await testSlapd();
  return { ...slapd, adminUrl: slapd.url, connection: { urls: [slapd.url], tls: { mode: 'none' } } };
});

describeDirectory('slapd by StartTLS', async () => {
  const slapd = await testSlapd();
  return { ...slapd, adminUrl: slapd.url, connection: { urls: [slapd.url], tls: { ca: slapd.caPem } } };
});

describeDirectory('slapd by LDAPS', async () => {
  const slapd = await testSlapd();
  return { ...slapd, adminUrl: slapd.url, connection: { urls: [slapd.ldapsUrl], tls: { caFile: slapd.caFile } } };
});
