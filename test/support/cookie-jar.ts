// Cookies as a browser keeps and sends them (RFC 6265 with the prefixes and SameSite of its successor). Ports do not count.

export interface Cookie {
  name: string;
  value: string;
  domain: string;
  /** Sent to exactly `domain`, not to hosts below it. */
  hostOnly: boolean;
  path: string;
  secure: boolean;
  httpOnly: boolean;
  sameSite: 'strict' | 'lax' | 'none';
  /** Milliseconds since the epoch; Infinity for a cookie of the browser session. */
  expires: number;
}

export interface CookieRequest {
  url: URL;
  method: string;
  /** Another site's page led here. */
  crossSite: boolean;
}

export interface CookieJar {
  /** Keeps what one `Set-Cookie` header of a response from `url` says, or ignores it as a browser would. */
  receive(header: string, url: URL): void;
  /** The value of the `Cookie` header, undefined when there is nothing to send. */
  headerFor(request: CookieRequest): string | undefined;
  /** Those that have not expired, in the order in which they were set. */
  all(): Cookie[];
  find(name: string): Cookie | undefined;
  put(cookie: Cookie): void;
  forget(name: string): void;
}

export function createCookieJar(): CookieJar {
  const cookies = new Map<string, Cookie>();
  const key = (cookie: Cookie) => [cookie.name, cookie.domain, cookie.path].join(';');
  const all = () => [...cookies.values()].filter((cookie) => cookie.expires > Date.now());
  return {
    receive(header, url) {
      const cookie = parseSetCookie(header, url);
      if (!cookie || !acceptable(cookie, url)) return;
      if (cookie.expires <= Date.now()) cookies.delete(key(cookie));
      else cookies.set(key(cookie), cookie);
    },
    headerFor(request) {
      const sent = all()
        .filter((cookie) => goesWith(cookie, request))
        .sort((a, b) => b.path.length - a.path.length);
      return sent.length === 0 ? undefined : sent.map(({ name, value }) => `${name}=${value}`).join('; ');
    },
    all,
    find: (name) => all().find((cookie) => cookie.name === name),
    put: (cookie) => void cookies.set(key(cookie), cookie),
    forget: (name) => {
      for (const [id, cookie] of cookies) if (cookie.name === name) cookies.delete(id);
    },
  };
}

/** RFC 6265 5.2 and 5.3. */
function parseSetCookie(header: string, url: URL): Cookie | undefined {
  const [pair = '', ...rest] = header.split(';');
  const name = pair.slice(0, Math.max(pair.indexOf('='), 0)).trim();
  if (name === '') return undefined;
  const attributes = new Map(rest.map(attribute));
  const domain = attributes.get('domain')?.replace(/^\./, '').toLowerCase();
  const path = attributes.get('path');
  const sameSite = attributes.get('samesite')?.toLowerCase();
  return {
    name,
    value: pair.slice(pair.indexOf('=') + 1).trim(),
    domain: domain || url.hostname,
    hostOnly: !domain,
    path: path?.startsWith('/') ? path : defaultPath(url),
    secure: attributes.has('secure'),
    httpOnly: attributes.has('httponly'),
    sameSite: sameSite === 'strict' || sameSite === 'none' ? sameSite : 'lax',
    expires: expiry(attributes),
  };
}

function attribute(text: string): [string, string] {
  const [name = '', ...value] = text.split('=');
  return [name.trim().toLowerCase(), value.join('=').trim()];
}

/** RFC 6265 5.2.2: Max-Age wins over Expires. */
function expiry(attributes: ReadonlyMap<string, string>): number {
  const maxAge = attributes.get('max-age');
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return Date.now() + Number(maxAge) * 1000;
  const expires = Date.parse(attributes.get('expires') ?? '');
  return Number.isNaN(expires) ? Infinity : expires;
}

/** RFC 6265 5.1.4: the directory of the URL's path. */
function defaultPath(url: URL): string {
  return url.pathname.slice(0, Math.max(url.pathname.lastIndexOf('/'), 1));
}

function acceptable(cookie: Cookie, url: URL): boolean {
  if (!domainMatches(cookie, url.hostname)) return false;
  if (cookie.secure && url.protocol !== 'https:') return false;
  if (cookie.sameSite === 'none' && !cookie.secure) return false;
  if (/^__secure-/i.test(cookie.name)) return cookie.secure;
  if (/^__host-/i.test(cookie.name)) return cookie.secure && cookie.hostOnly && cookie.path === '/';
  return true;
}

function goesWith(cookie: Cookie, { url, method, crossSite }: CookieRequest): boolean {
  if (!domainMatches(cookie, url.hostname) || !pathMatches(cookie.path, url.pathname)) return false;
  if (cookie.secure && url.protocol !== 'https:') return false;
  if (!crossSite || cookie.sameSite === 'none') return true;
  return cookie.sameSite === 'lax' && method === 'GET';
}

function domainMatches(cookie: Cookie, host: string): boolean {
  return host === cookie.domain || (!cookie.hostOnly && host.endsWith(`.${cookie.domain}`));
}

function pathMatches(cookiePath: string, path: string): boolean {
  return path === cookiePath || path.startsWith(cookiePath.endsWith('/') ? cookiePath : `${cookiePath}/`);
}
