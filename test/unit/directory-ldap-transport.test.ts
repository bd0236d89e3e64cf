import { expect } from 'chai';

import { startEmbeddedDirectory } from '../../src/demo/directory/embedded-directory.ts';
import { writeResult } from '../../src/demo/directory/responses.ts';
import type { Exchange, Observe } from '../../src/directory/ldap/exchange.ts';
import { eventually } from '../support/eventually.ts';
import { atEnd } from '../support/global-teardown.ts';
import { expired, selfSignedCertificate } from '../support/tls-certificate.ts';
import { answeringServer, directoryAt, expectUnavailable, result } from './directory-fake-server.ts';

const START_TLS = '1.3.6.1.4.1.1466.20037';

/** A directory with an entry for the service account of `directoryAt`, and TLS. */
async function embedded(certificate = selfSignedCertificate()) {
  const tls = await certificate;
  const server = await startEmbeddedDirectory({
    ldif: `dn: dc=fake,dc=test
objectClass: domain
dc: fake

dn: cn=service,dc=fake,dc=test
objectClass: organizationalRole
cn: service
userPassword: service-password
`,
    suffix: 'dc=fake,dc=test',
    admin: { dn: 'cn=admin,dc=fake,dc=test', password: 'unused-1234' },
    tls,
  });
  atEnd(() => server.close());
  return { url: server.url, urlByName: `ldap://localhost:${server.port}`, ca: tls.cert };
}

describe('StartTLS', () => {
  const unknown = { ok: false, reason: 'unknown' };

  it('connects where the certificate is for the host, by name or by address, from the given authority', async () => {
    const { url, urlByName, ca } = await embedded();
    expect(await directoryAt([url], { tls: { ca } }).find('ann')).to.deep.equal(unknown);
    expect(await directoryAt([urlByName], { tls: { ca } }).find('ann')).to.deep.equal(unknown);
  });

  it('tells an observer about the certificate, as long as it is there', async () => {
    const { url, ca } = await embedded();
    const exchanges: Exchange[] = [];
    const observe: Observe = (exchange) => exchanges.push(exchange);
    const directory = directoryAt([url], { tls: { ca } }, { observe });
    await directory.find('ann');
    const about = (): string | undefined => exchanges.find(({ operation }) => operation === 'tls')?.describe().answered;
    expect(about()).to.match(/^TLSv1\.[23]; certificate of .*, verified, valid until /);
    await directory.close();
    await eventually('it is closed', () => about() === 'encrypted, and closed since');
  });

  it('refuses a certificate for another host', async () => {
    const { urlByName, ca } = await embedded(selfSignedCertificate('elsewhere.test'));
    const directory = directoryAt([urlByName], { tls: { ca } });
    await expectUnavailable(directory.find('ann'), /does not match certificate's altnames/);
    const [, tls] = await directory.probe();
    expect(tls).to.include({ step: 'tls', ok: false });
  });

  it('refuses a certificate from any other authority', async () => {
    const { url } = await embedded();
    const { cert: another } = await selfSignedCertificate();
    await expectUnavailable(directoryAt([url], { tls: { ca: another } }).find('ann'), /self-signed certificate/);
    await expectUnavailable(directoryAt([url], { tls: {} }).find('ann'), /self-signed certificate/);
  });

  it('refuses a certificate whose time is over', async () => {
    const { url, ca } = await embedded(selfSignedCertificate().then(expired));
    await expectUnavailable(directoryAt([url], { tls: { ca } }).find('ann'), /certificate has expired/);
  });

  it('gives up when anything in plain text follows the answer', async () => {
    const seen: string[] = [];
    const meddled = await answeringServer(({ id, operation }, socket) => {
      seen.push(operation.kind);
      const success = writeResult(id, 'extended', { code: 'success', oid: START_TLS });
      // What a man in the middle would like to be read as the answer to the bind that comes next.
      socket.write(Buffer.concat([success, result(1, 0x61, 0)]));
    });
    await expectUnavailable(directoryAt([meddled.url], { tls: {} }).find('ann'), /in plain text after the answer/);
    expect(new Set(seen)).to.deep.equal(new Set(['extended']));
  });

  it('gives up when it is refused, or answered by something else, and sends no password', async () => {
    const seen: string[] = [];
    const refusing = await answeringServer(({ id, operation }, socket) => {
      seen.push(operation.kind);
      socket.write(writeResult(id, 'extended', { code: 'protocolError', diagnosticMessage: 'no TLS here' }));
    });
    await expectUnavailable(directoryAt([refusing.url], { tls: {} }).find('ann'), /result 2 no TLS here/);

    const confused = await answeringServer(({ id }, socket) => socket.write(result(id, 0x61, 0)));
    await expectUnavailable(directoryAt([confused.url], { tls: {} }).find('ann'), /was not answered/);

    const endless = await answeringServer((_request, socket) => socket.write(Buffer.from('3082ffff', 'hex')));
    await expectUnavailable(directoryAt([endless.url], { tls: {} }).find('ann'), /at most 4096 are allowed/);
    expect(new Set(seen)).to.deep.equal(new Set(['extended']));
  });

  it('gives up when no TLS follows the answer', async () => {
    const fooling = await answeringServer(({ id, operation }, socket) => {
      if (operation.kind !== 'extended') return;
      socket.write(writeResult(id, 'extended', { code: 'success', oid: START_TLS }));
      socket.removeAllListeners('data');
      socket.once('data', () => socket.write('this is no TLS'));
    });
    await expectUnavailable(directoryAt([fooling.url], { tls: {} }).find('ann'), /SSL|TLS/);
  });
});
