// Mail by SMTP, through nodemailer. Owns the connection's safety and what may stand in a header; when to try again is for
// delivery-worker.ts to decide.

import { createTransport } from 'nodemailer';
import type { NodemailerError, SMTPPoolOptions } from 'nodemailer';
import parseAddresses from 'nodemailer/lib/addressparser';

import { AppError } from '../errors.ts';
import { isLoopback } from '../loopback.ts';
import { DeliveryError } from './delivery.ts';
import type { Channel, EmailMessage } from './delivery.ts';

export interface SmtpSettings {
  /** `Sallyport <id@example.com>`, or a bare address. */
  from: string;
  /**
   * `smtps://user:password@host:465`, or `smtp://user:password@host:587`, where STARTTLS is required: unless the host is this
   * machine, or the URL ends in `?tls=none`.
   */
  url: string;
  /** PEM of the certificate authority to trust instead of the system's. */
  ca?: string | undefined;
}

export interface SmtpChannel extends Channel<EmailMessage> {
  close(): void;
}

/** @throws AppError `invalid_configuration` */
export function createSmtpChannel({ from, url, ca }: SmtpSettings): SmtpChannel {
  const sender = senderOf(from);
  const transport = createTransport({ ...connectionOf(url, ca), pool: true });
  const domain = sender.address.slice(sender.address.lastIndexOf('@') + 1);
  return {
    async send({ to, subject, text, html }, id, signal) {
      if (!isAddress(to)) throw new DeliveryError('the recipient is no e-mail address', { permanent: true });
      try {
        await transport.sendMail({
          from: sender,
          to: { name: '', address: to },
          subject: oneLine(subject),
          text,
          html,
          messageId: `<${id}@${domain}>`,
          // RFC 3834 5: nobody's absence notice should come back.
          headers: { 'Auto-Submitted': 'auto-generated' },
          disableFileAccess: true,
          disableUrlAccess: true,
          signal,
        });
      } catch (error) {
        throw failure(error);
      }
    },
    close: () => transport.close(),
  };
}

/** Time-outs are milliseconds. No wait is longer than what delivery-worker.ts gives an attempt in all. */
function connectionOf(url: string, ca: string | undefined): SMTPPoolOptions {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !['smtp:', 'smtps:'].includes(parsed.protocol) || parsed.hostname === '') {
    throw misconfigured('mail.url must be smtps://… or smtp://…');
  }
  const { hostname, port, username, password, searchParams } = parsed;
  const secure = parsed.protocol === 'smtps:';
  const plain = searchParams.get('tls') === 'none';
  const user = decodeURIComponent(username);
  return {
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    // RFC 8314: a server, or somebody in between, that does not offer STARTTLS gets no mail.
    requireTLS: !secure && !plain && !isLoopback(hostname),
    ignoreTLS: plain,
    tls: { minVersion: 'TLSv1.2', ...(ca !== undefined && { ca }) },
    ...(user !== '' && { auth: { user, pass: decodeURIComponent(password) } }),
    dnsTimeout: 5000,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 20_000,
    maxConnections: 5,
    // A message whose connection broke may have arrived: whether to send it again is not the pool's to decide.
    maxRequeues: 0,
  };
}

function senderOf(from: string): { name: string; address: string } {
  const [mailbox, another] = parseAddresses(from, { flatten: true });
  if (!mailbox || another || !isAddress(mailbox.address)) {
    throw misconfigured('mail.from must be one address: Sallyport <id@example.com>');
  }
  return { name: oneLine(mailbox.name), address: mailbox.address };
}

/** One recipient, in its plain form (RFC 5322 3.4.1, dot-atom): no quotes, lists, comments or controls to break out with. */
function isAddress(text: string): boolean {
  return text.length <= 254 && /^[^\s\p{C}"(),:;<>@[\\\]]+@[^\s\p{C}"(),:;<>@[\\\]]+$/u.test(text);
}

/** A header field is one line. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}

/** Says what went wrong by codes: `EENVELOPE 550 5.1.1 RCPT TO`. The server's words stay in the cause, which is not stored. */
function failure(error: unknown): DeliveryError {
  if (!isNodemailerError(error)) return new DeliveryError('unknown', { cause: error });
  const { code, responseCode, response, command, permanent, originalCode, timeoutType } = error;
  const enhanced = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(response ?? '')?.[1];
  const words = [code, originalCode, timeoutType, responseCode, enhanced, command];
  // Refused at RCPT TO or DATA, this message is refused for good. Refused earlier, it is us, and that can be mended.
  const aboutMessage = command === 'RCPT TO' || command === 'DATA';
  return new DeliveryError(words.filter((word) => word !== undefined).join(' ') || error.name, {
    permanent: permanent === true && aboutMessage,
    cause: error,
  });
}

function isNodemailerError(error: unknown): error is NodemailerError {
  return error instanceof Error;
}

function misconfigured(message: string): AppError {
  return new AppError('invalid_configuration', 500, message);
}
