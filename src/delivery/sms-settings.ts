// What the configuration may say of the way by which text messages go out.

import { z } from 'zod';

import { isLoopback } from '../loopback.ts';

const sns = z
  .strictObject({
    provider: z.literal('sns'),
    region: z
      .string()
      .regex(/^[a-z0-9-]+$/, 'write it as eu-west-1')
      .describe('Of SNS: where the account may send text messages'),
    senderId: z
      .string()
      .regex(/^(?=.*[A-Za-z])[A-Za-z0-9-]{1,11}$/, 'use up to 11 letters, digits and -, one letter at least')
      .optional()
      .describe('Of SNS: shown as the sender in countries that allow it'),
    originationNumber: z
      .string()
      .regex(/^\+?\d{3,15}$/, 'write it as +41791234567, or a short code')
      .optional()
      .describe('Of SNS: number of the account to send from'),
    endpoint: z
      .url({ protocol: /^https?$/, error: 'write an absolute URL, as https://…' })
      .optional()
      .describe("Of SNS: another endpoint than the region's"),
    accessKeyId: z
      .string()
      .min(1)
      .optional()
      .describe("Of SNS: the SDK's own chain finds credentials if left out (environment, files, the machine's role)"),
    secretAccessKey: z.string().min(1).optional().describe('Of SNS: belongs to accessKeyId'),
  })
  .refine(({ accessKeyId, secretAccessKey }) => accessKeyId === undefined || secretAccessKey !== undefined, {
    path: ['secretAccessKey'],
    message: 'give both accessKeyId and secretAccessKey, or neither',
  })
  .refine(({ accessKeyId, secretAccessKey }) => secretAccessKey === undefined || accessKeyId !== undefined, {
    path: ['accessKeyId'],
    message: 'give both accessKeyId and secretAccessKey, or neither',
  });

const gateway = z
  .strictObject({
    provider: z.literal('http'),
    url: z
      .string()
      .refine(isSafeUrl, 'write https://…, without a password in it')
      .describe('Of a gateway: where messages are posted'),
    method: z.enum(['POST', 'PUT']).default('POST').describe('Of a gateway'),
    headers: z
      .record(
        z.string().regex(/^[\w-]+$/, 'use letters, digits and -'),
        z.string().regex(/^[\x20-\x7e]+$/, 'use ASCII'),
      )
      .optional()
      .describe('Of a gateway: sent with each message, besides Content-Type'),
    authorization: z
      .string()
      .regex(/^[\x20-\x7e]+$/, 'write the whole header in ASCII, as Bearer …')
      .optional()
      .describe('Of a gateway: the Authorization header, as Bearer …'),
    username: z.string().min(1).optional().describe('Of a gateway: Basic authentication instead'),
    password: z.string().min(1).optional().describe('Of a gateway: belongs to username'),
    format: z.enum(['form', 'json']).default('form').describe('Of a gateway: how the body is encoded'),
    body: z
      .string()
      .refine((template) => /\{to\}/.test(template) && /\{text\}/.test(template), 'put {to} and {text} into it')
      .describe(
        'Of a gateway: To={to}&Body={text}, without any encoding, or JSON; {to} and {text} stand for the message',
      ),
    sentStatus: z
      .array(z.int().min(200).max(599))
      .min(1)
      .optional()
      .describe('Of a gateway: statuses that mean that the message was taken; any 2xx if left out'),
  })
  .refine(({ format, body }) => format === 'form' || isJson(body), { path: ['body'], message: 'write JSON' })
  .refine(({ username, password }) => username === undefined || password !== undefined, {
    path: ['password'],
    message: 'give both username and password, or neither',
  })
  .refine(({ username, password }) => password === undefined || username !== undefined, {
    path: ['username'],
    message: 'give both username and password, or neither',
  })
  .refine(({ authorization, username }) => authorization === undefined || username === undefined, {
    path: ['authorization'],
    message: 'give authorization, or username and password, not both',
  });

export const smsSettings = z.discriminatedUnion('provider', [sns, gateway]);
export type SnsSettings = z.infer<typeof sns>;
export type SmsGatewaySettings = z.infer<typeof gateway>;

function isSafeUrl(text: string): boolean {
  const url = URL.parse(text);
  if (!url || url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
