import http from 'node:http';

const TIMEOUT_MS = 15_000;

export interface Answer {
  status: number;
  headers: Headers;
  body: string;
}

/**
 * One request and its answer, on a connection of its own. Not `fetch`, which keeps Host and Sec-Fetch headers to itself.
 * `proxy` is the origin that really serves the URL.
 */
export function exchange(
  url: URL,
  proxy: string | undefined,
  options: http.RequestOptions,
  body = '',
): Promise<Answer> {
  const target = proxy ? new URL(proxy) : url;
  const forwarded = proxy && { 'x-forwarded-proto': url.protocol.slice(0, -1) };
  const length = body !== '' && { 'content-length': Buffer.byteLength(body) };
  const headers = { host: url.host, ...length, ...forwarded, ...options.headers };
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const request = http.request({
    ...options,
    headers,
    agent: false,
    host: target.hostname.endsWith('.localhost') ? 'localhost' : target.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: target.port || 80,
    path: url.pathname + url.search,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  request.on('error', reject);
  request.on('response', (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', reject);
    response.on('end', () => {
      const received = new Headers();
      for (let i = 0; i < response.rawHeaders.length; i += 2) {
        received.append(response.rawHeaders[i] ?? '', response.rawHeaders[i + 1] ?? '');
      }
      resolve({ status: response.statusCode ?? 0, headers: received, body: Buffer.concat(chunks).toString() });
    });
  });
  request.end(body);
  return promise;
}
