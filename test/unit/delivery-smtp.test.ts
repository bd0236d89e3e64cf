import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';

import { expect } from 'chai';
import type { SMTPServerOptions } from 'smtp-server';

import type { EmailMessage } from '../../src/delivery/delivery.ts';
import { createSmtpChannel } from '../../src/delivery/email-smtp.ts';
import type { SmtpChannel, SmtpSettings } from '../../src/delivery/email-smtp.ts';
import { AppError } from '../../src/errors.ts';
import { failureOf } from '../support/delivery.ts';
import { freePort } from '../support/ports.ts';
import { startSmtp } from '../support/smtp.ts';
import type { TestSmtp } from '../support/smtp.ts';
import { selfSignedCertificate } from '../support/tls-certificate.ts';
import type { TlsCertificate } from '../support/tls-certificate.ts';

const FROM = 'Sallyport <id@idp.example>';
const MAIL: EmailMessage = { to: 'ann@acme.example', subject: 'Grüße', text: 'Hello Ann', html: '<p>Hello Ann</p>' };
const ID = '01890000-0000-7000-8000-000000000001';

describe('mail by SMTP', () => {
  let tls: TlsCertificate;
  const open: (() => unknown)[] = [];

  before(async () => {
    tls = await selfSignedCertificate();
  });
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close();
  });

  async function server(options: SMTPServerOptions = {}): Promise<TestSmtp> {
    const started = await startSmtp({ ...tls, ...options });
    open.push(started.stop);
    return started;
  }
  function channel(settings: Partial<SmtpSettings> & { url: string }): SmtpChannel {
    const made = createSmtpChannel({ from: FROM, ca: tls.cert, ...settings });
    open.push(made.close);
    return made;
  }
  const send = (by: SmtpChannel, message: Partial<EmailMessage> = {}, signal = AbortSignal.timeout(5000)) =>
    by.send({ ...MAIL, ...message }, ID, signal);

  it('hands a mail over, encrypted and signed in', async () => {
    const smtp = await server();
    await send(channel({ url: `smtp://mailer:p%40ss@localhost:${smtp.port}` }));
    const [mail] = smtp.received;
    expect(mail).to.include({ from: 'id@idp.example', secure: true, user: 'mailer' });
    expect(mail?.to).to.deep.equal(['ann@acme.example']);
    expect(mail?.raw).to.match(/^From: Sallyport <id@idp\.example>\r$/m);
    expect(mail?.raw).to.match(/^Subject: =\?UTF-8\?Q\?Gr=C3=BC=C3=9Fe\?=\r$/m);
    expect(mail?.raw).to.contain(`Message-ID: <${ID}@idp.example>`);
    expect(mail?.raw).to.match(/^Auto-Submitted: auto-generated\r$/m);
    expect(mail?.raw).to.match(/multipart\/alternative/);
  });

  it('speaks TLS from the first byte to smtps', async () => {
    const smtp = await server({ secure: true });
    await send(channel({ url: `smtps://localhost:${smtp.port}` }));
    expect(smtp.received[0]?.secure).to.equal(true);
  });

  it('sends on one connection as long as it lasts', async () => {
    let connections = 0;
    const smtp = await server({
      onConnect: (_session, done) => {
        connections++;
        done();
      },
    });
    const by = channel({ url: `smtp://localhost:${smtp.port}` });
    for (let i = 0; i < 3; i++) await send(by);
    expect(smtp.received.length).to.equal(3);
    expect(connections).to.equal(1);
  });

  describe('STARTTLS', () => {
    /** This machine by a spelling that the exception for loopback does not cover. */
    const notLoopback = (port: number, suffix = '') => `smtp://[::ffff:127.0.0.1]:${port}${suffix}`;

    it('is required of a server elsewhere', async () => {
      const smtp = await server({ hideSTARTTLS: true, disabledCommands: ['STARTTLS'] });
      const error = await failureOf(send(channel({ url: notLoopback(smtp.port) })));
      expect(error.message).to.match(/^(ETLS|EPROTOCOL)/);
      expect(error.permanent).to.equal(false);
      expect(smtp.received).to.deep.equal([]);
    });

    it('is given up only when the URL says so', async () => {
      const smtp = await server({ hideSTARTTLS: true });
      await send(channel({ url: notLoopback(smtp.port, '?tls=none') }));
      expect(smtp.received[0]?.secure).to.equal(false);
    });

    it('is not asked of this machine, but used where it is offered', async () => {
      const plain = await server({ hideSTARTTLS: true });
      await send(channel({ url: `smtp://127.0.0.1:${plain.port}` }));
      expect(plain.received[0]?.secure).to.equal(false);
      const smtp = await server();
      await send(channel({ url: `smtp://127.0.0.1:${smtp.port}` }));
      expect(smtp.received[0]?.secure).to.equal(true);
    });

    it('accepts no certificate that it cannot check, and no other name', async () => {
      const smtp = await server();
      const unknown = await failureOf(send(channel({ url: `smtp://localhost:${smtp.port}`, ca: undefined })));
      expect(unknown.message).to.match(/SELF_SIGNED/);
      const other = await selfSignedCertificate('mail.example.com');
      const wrongName = await server(other);
      const mismatch = await failureOf(send(channel({ url: `smtp://localhost:${wrongName.port}`, ca: other.cert })));
      expect(mismatch.message).to.match(/ALTNAME/);
      expect([...smtp.received, ...wrongName.received]).to.deep.equal([]);
    });
  });

  describe('headers', () => {
    it('cannot be added by a subject or a name', async () => {
      const smtp = await server();
      const by = channel({
        url: `smtp://127.0.0.1:${smtp.port}`,
        from: '"Acme\nBcc: eve@evil.example" <id@idp.example>',
      });
      await send(by, { subject: 'Hello\r\nBcc: eve@evil.example\u2028\r\n\r\nbody' });
      const [head = ''] = smtp.received[0]?.raw.split('\r\n\r\n') ?? [];
      expect(head).not.to.match(/^bcc/im);
      expect(smtp.received[0]?.to).to.deep.equal(['ann@acme.example']);
    });

    for (const to of [
      'ann@acme.example\r\nBcc: eve@evil.example',
      'ann@acme.example, eve@evil.example',
      'ann@acme.example>\r\nRCPT TO:<eve@evil.example',
      'Ann <ann@acme.example>',
      '"ann eve"@acme.example',
      'ann@acme.example(comment)',
      'ann',
      '',
      `${'a'.repeat(250)}@acme.example`,
      'ann\u202e@acme.example',
    ]) {
      it(`refuses the recipient ${JSON.stringify(to.slice(0, 50))} for good, without a connection`, async () => {
        const error = await failureOf(send(channel({ url: 'smtp://127.0.0.1:1' }), { to }));
        expect(error).to.include({ message: 'the recipient is no e-mail address', permanent: true });
      });
    }
  });

  describe('failures', () => {
    const refuse = (code: number, message: string) => Object.assign(new Error(message), { responseCode: code });

    it('tells a recipient that is refused for good from one that is put off, and never what the server said', async () => {
      let answer = refuse(550, '5.1.1 no such user; your code 123456 was not delivered');
      const smtp = await server({ onRcptTo: (_address, _session, done) => done(answer) });
      const by = channel({ url: `smtp://localhost:${smtp.port}` });
      expect(await failureOf(send(by))).to.include({ message: 'EENVELOPE 550 5.1.1 RCPT TO', permanent: true });
      answer = refuse(451, '4.7.1 come back later');
      expect(await failureOf(send(by))).to.include({ message: 'EENVELOPE 451 4.7.1 RCPT TO', permanent: false });
    });

    it('does not blame the message for a password that is wrong', async () => {
      const smtp = await server({ onAuth: (_auth, _session, done) => done(refuse(535, '5.7.8 wrong: hunter2')) });
      const error = await failureOf(send(channel({ url: `smtp://mailer:hunter2@localhost:${smtp.port}` })));
      expect(error.message).to.match(/^EAUTH 535/);
      expect(error.message).not.to.contain('hunter2');
      expect(error.permanent).to.equal(false);
    });

    it('fails at once where nobody listens', async () => {
      const error = await failureOf(send(channel({ url: `smtp://127.0.0.1:${await freePort()}` })));
      expect(error.message).to.contain('ECONNREFUSED');
      expect(error.permanent).to.equal(false);
    });

    it('stops waiting for a server that hangs, and connects anew the next time', async () => {
      const smtp = await server({ onMailFrom: (_address, _session, done) => void (hang ? undefined : done()) });
      let hang = true;
      const by = channel({ url: `smtp://localhost:${smtp.port}` });
      const error = await failureOf(send(by, {}, AbortSignal.timeout(300)));
      expect(error.message).to.match(/^EABORT/);
      hang = false;
      await send(by);
      expect(smtp.received.length).to.equal(1);
    });

    it('reports a connection that drops in the middle, and does not send again by itself', async () => {
      let attempts = 0;
      const port = await agreeableServer((line, socket) => {
        if (!line.startsWith('DATA')) return;
        attempts++;
        socket.destroy();
      });
      const error = await failureOf(send(channel({ url: `smtp://127.0.0.1:${port}` })));
      expect(error.permanent).to.equal(false);
      expect(error.message).to.match(/^(ECONNECTION|ESOCKET)/);
      expect(attempts).to.equal(1);
    });
  });

  it('refuses settings that are no settings', () => {
    for (const url of ['mail.example.com', 'http://mail.example.com', 'smtp://', 'smtp:mail']) {
      expect(() => createSmtpChannel({ from: FROM, url }), url).to.throw(AppError, 'mail.url');
    }
    for (const from of ['', 'Sallyport', 'a@b.example, c@d.example', 'x <>']) {
      expect(() => createSmtpChannel({ from, url: 'smtp://127.0.0.1' }), from).to.throw(AppError, 'mail.from');
    }
  });

  /** A server that agrees to everything; `hear` is told each line. */
  async function agreeableServer(hear: (line: string, socket: Socket) => void): Promise<number> {
    const port = await freePort();
    const sockets = new Set<Socket>();
    const agreeable = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      socket.write('220 ready\r\n');
      socket.on('data', (data) => {
        hear(data.toString(), socket);
        if (socket.writable) socket.write('250 fine\r\n');
      });
    }).listen(port, '127.0.0.1');
    await once(agreeable, 'listening');
    open.push(() => {
      for (const socket of sockets) socket.destroy();
      agreeable.close();
    });
    return port;
  }
});
