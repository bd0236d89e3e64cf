// An endpoint of Amazon SNS for the tests, that publishes nothing, checks every signature (AWS Signature Version 4), and can be
// told to misbehave.

import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';

export const SNS_KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };

/** A request whose signature was good. */
export interface PublishedSms {
  to: string;
  text: string;
  /** By name. */
  attributes: Record<string, string>;
  region: string;
}

/** What SNS answers instead of publishing; `silent` takes the request and never answers. */
export type SnsFault = { status: number; code: string; message?: string } | 'silent' | 'hang-up';

export interface TestSns {
  readonly endpoint: string;
  readonly published: PublishedSms[];
  /** Requests, whatever became of them. */
  requests(): number;
  /** From now on, for those numbers that it answers a fault for. */
  fail(fault: ((to: string) => SnsFault | undefined) | undefined): void;
  stop(): Promise<void>;
}

export async function startSns(): Promise<TestSns> {
  const published: PublishedSms[] = [];
  let requests = 0;
  let faultOf: (to: string) => SnsFault | undefined = () => undefined;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requests++;
    const body = await text(request);
    const form = new URLSearchParams(body);
    const region = regionSignedFor(request, body);
    const to = form.get('PhoneNumber') ?? '';
    const fault = region === undefined ? BAD_SIGNATURE : faultOf(to);
    if (fault === 'silent') return;
    if (fault === 'hang-up') {
      request.socket.destroy();
      return;
    }
    response.setHeader('content-type', 'text/xml');
    if (fault) {
      response.statusCode = fault.status;
      response.end(errorOf(fault.code, fault.message ?? `refused for ${to}: ${form.get('Message') ?? ''}`));
      return;
    }
    published.push({ to, text: form.get('Message') ?? '', attributes: attributesOf(form), region: region ?? '' });
    response.end(PUBLISHED);
  }

  const server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has an address and a port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    published,
    requests: () => requests,
    fail(fault) {
      faultOf = fault ?? (() => undefined);
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const NAMESPACE = 'http://sns.amazonaws.com/doc/2010-03-31/';
const BAD_SIGNATURE = { status: 403, code: 'SignatureDoesNotMatch', message: 'The signature does not match.' };
const PUBLISHED = `<PublishResponse xmlns="${NAMESPACE}"><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>`;

function errorOf(code: string, message: string): string {
  const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`;
  return `<ErrorResponse xmlns="${NAMESPACE}">${error}<RequestId>1</RequestId></ErrorResponse>`;
}

function attributesOf(form: URLSearchParams): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (let n = 1; form.has(`MessageAttributes.entry.${n}.Name`); n++) {
    const entry = `MessageAttributes.entry.${n}`;
    attributes[form.get(`${entry}.Name`) ?? ''] = form.get(`${entry}.Value.StringValue`) ?? '';
  }
  return attributes;
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=(?<key>[^/]+)\/(?<scope>(?<day>\d{8})\/(?<region>[^/]+)\/sns\/aws4_request), SignedHeaders=(?<signed>[^,]+), Signature=(?<signature>[0-9a-f]{64})$/;

/** The region that the request is well signed for (AWS General Reference, "Signing AWS API requests"). */
function regionSignedFor({ method, url, headers }: IncomingMessage, body: string): string | undefined {
  const { key, scope, day, region, signed, signature } = AUTHORIZATION.exec(headers.authorization ?? '')?.groups ?? {};
  if (key !== SNS_KEYS.accessKeyId || !scope || !day || !region || !signed) return undefined;
  const signedHeaders = signed.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`);
  const canonical = [method, url, '', signedHeaders.join(''), signed, digest(body)].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, digest(canonical)].join('\n');
  const signingKey = [day, region, 'sns', 'aws4_request'].reduce<Buffer>(
    (secret, part) => mac(secret, part),
    Buffer.from(`AWS4${SNS_KEYS.secretAccessKey}`),
  );
  return mac(signingKey, toSign).toString('hex') === signature ? region : undefined;
}

function digest(data: string): string {
  return createHash('sha256').update(data).digest('hex');
}

function mac(key: Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}
