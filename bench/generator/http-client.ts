// HTTP/1.1 on connections that are kept, as the reverse proxy in front of a server would have them.

import http from 'node:http';

export interface Request {
  method: 'GET' | 'POST';
  url: URL;
  headers?: Record<string, string>;
  body?: URLSearchParams;
  /** Of the client that the proxy speaks for. */
  address: string;
}

export interface Answer {
  status: number;
  location: string | undefined;
  refresh: string | undefined;
  cookies: readonly string[];
  body: string;
}

export type HttpClient = (request: Request) => Promise<Answer>;

const TIMEOUT_MS = 15_000;

export function createHttpClient(port: number): HttpClient {
  const agent = new http.Agent({ keepAlive: true, timeout: TIMEOUT_MS });

  return ({ method, url, headers, body, address }) => {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const text = body?.toString();
    const sent = {
      host: url.host,
      'x-forwarded-for': address,
      'x-forwarded-proto': 'https',
      ...(text !== undefined && {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(Buffer.byteLength(text)),
      }),
      ...headers,
    };
    const path = url.pathname + url.search;
    const request = http.request({ agent, host: '127.0.0.1', port, method, path, headers: sent });
    request.on('timeout', () => request.destroy(new Error(`${method} ${url.pathname} took over ${TIMEOUT_MS} ms`)));
    request.on('error', reject);
    request.on('response', (response) => {
      response.setEncoding('utf8');
      let received = '';
      response.on('data', (chunk: string) => (received += chunk));
      response.on('error', reject);
      response.on('end', () => resolve(answerOf(response, received)));
    });
    request.end(text);
    return promise;
  };
}

function answerOf({ statusCode = 0, headers }: http.IncomingMessage, body: string): Answer {
  const { location, refresh, 'set-cookie': cookies = [] } = headers;
  return { status: statusCode, location, refresh: typeof refresh === 'string' ? refresh : undefined, cookies, body };
}
