// Text messages by a gateway's HTTPS API: one request for each, its body filled from a template. When to try again is for
// delivery-worker.ts to decide.

import { DeliveryError } from './delivery.ts';
import type { Channel, SmsMessage } from './delivery.ts';
import type { SmsGatewaySettings } from './sms-settings.ts';

/** `timeoutMs`: until the gateway must have answered. */
export function createHttpSmsChannel(settings: SmsGatewaySettings, timeoutMs = 10_000): Channel<SmsMessage> {
  const { url, method, sentStatus } = settings;
  const headers = headersOf(settings);
  const fillBody = bodyOf(settings);
  return {
    async send(message, _id, signal) {
      const response = await fetch(url, {
        method,
        headers,
        body: fillBody(message),
        // A redirect would hand number, code and credentials to somebody who is not configured.
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      }).catch((cause: unknown) => {
        throw new DeliveryError(nameOf(cause), { cause });
      });
      // Its words are nobody's; that they cannot be dropped either says nothing of the message.
      await response.body?.cancel().catch(() => undefined);
      const isSent = sentStatus ? sentStatus.includes(response.status) : response.ok;
      if (!isSent) throw new DeliveryError(`HTTP ${response.status}`, { permanent: isAboutMessage(response.status) });
    },
  };
}

/** The others are about us (401, 403, 404), about time (408, 429), or the gateway's own trouble: all of that can be mended. */
function isAboutMessage(status: number): boolean {
  return [400, 413, 422].includes(status);
}

function headersOf({ format, headers, authorization, username, password }: SmsGatewaySettings): Record<string, string> {
  const credentials = authorization ?? basic(username, password);
  return {
    'content-type': format === 'json' ? 'application/json' : 'application/x-www-form-urlencoded',
    ...headers,
    ...(credentials !== undefined && { authorization: credentials }),
  };
}

/** RFC 7617. */
function basic(username: string | undefined, password: string | undefined): string | undefined {
  if (username === undefined || password === undefined) return undefined;
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** The template is taken apart before it is filled, so that nothing in a message can add to it. */
function bodyOf({ format, body }: SmsGatewaySettings): (message: SmsMessage) => string {
  if (format === 'json') {
    const template: unknown = JSON.parse(body);
    return (message) =>
      JSON.stringify(template, (_key, value: unknown) => (typeof value === 'string' ? fill(value, message) : value));
  }
  const fields = body.split('&').map((field) => {
    const [name = '', ...value] = field.split('=');
    return { name, value: value.join('=') };
  });
  return (message) => {
    const form = new URLSearchParams();
    for (const { name, value } of fields) form.append(name, fill(value, message));
    return form.toString();
  };
}

function fill(value: string, { to, text }: SmsMessage): string {
  return value.replace(/\{(to|text)\}/g, (_placeholder, name) => (name === 'to' ? to : text));
}

/** `ECONNREFUSED`, `TimeoutError`: what failed, and nothing of what was sent. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { cause } = error;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : error.name;
}
