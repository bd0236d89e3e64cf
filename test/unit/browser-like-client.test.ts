import http from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { expect } from 'chai';

import { createUserAgent, textOf } from '../support/browser-like-client.ts';
import { freePort } from '../support/ports.ts';

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

interface Echo {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

describe('the browser-like client of the tests', () => {
  const routes = new Map<string, Handler>();
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const handler = routes.get(request.url?.split('?')[0] ?? '') ?? ((_, answer) => answer.writeHead(404).end());
      handler(request, response, Buffer.concat(chunks).toString());
    });
  });
  let origin: string;
  let port: number;

  before(async () => {
    port = await freePort();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    origin = `http://localhost:${String(port)}`;
    routes.set('/echo', ({ method, url, headers }, response, body) => {
      response.end(JSON.stringify({ method, url, headers, body }));
    });
  });
  after(() => server.close());

  function page(path: string, html: string, headers: Record<string, string> = {}) {
    routes.set(path, (_, response) => response.writeHead(200, { 'content-type': 'text/html', ...headers }).end(html));
  }
  function answer(path: string, status: number, headers: Record<string, string | string[]>) {
    routes.set(path, (_, response) => response.writeHead(status, headers).end());
  }
  async function echoed(at: Promise<{ body: string }>): Promise<Echo> {
    return JSON.parse((await at).body);
  }

  it('keeps cookies by path and domain, over a port, and forgets those that expire', async () => {
    const agent = createUserAgent();
    answer('/a/set', 204, {
      'set-cookie': [
        'here=1',
        'everywhere=2; Path=/',
        'b=3; Path=/b',
        'foreign=4; Domain=other.test',
        'gone=5; Max-Age=0',
      ],
    });
    await agent.get(`${origin}/a/set`);
    expect(agent.cookies.all().map(({ name }) => name)).to.have.members(['here', 'everywhere', 'b']);
    routes.set('/a/echo', ({ headers }, response) => response.end(headers.cookie));
    expect((await agent.get(`${origin}/a/echo`)).body).to.equal('here=1; everywhere=2');
    expect((await echoed(agent.get(`http://127.0.0.1:${String(port)}/echo`))).headers.cookie).to.equal(undefined);
  });

  it('takes Secure cookies and the prefixes that ask for them over https only', async () => {
    const secureOrigin = 'https://id.example.com';
    const agent = createUserAgent({ proxied: { [secureOrigin]: `http://127.0.0.1:${String(port)}` } });
    answer('/secure', 204, {
      'set-cookie': ['s=1; Secure; Path=/', '__Host-h=2; Secure; Path=/; Domain=id.example.com'],
    });
    await agent.get(`${origin}/secure`);
    expect(agent.cookies.all()).to.deep.equal([]);
    await agent.get(`${secureOrigin}/secure`);
    const { headers } = await echoed(agent.get(`${secureOrigin}/echo`));
    expect(headers.cookie).to.equal('s=1');
    expect(headers.host).to.equal('id.example.com');
    expect(headers['x-forwarded-proto']).to.equal('https');
  });

  it('does not send Lax cookies with a form of another site', async () => {
    const agent = createUserAgent();
    answer('/lax', 204, { 'set-cookie': 'lax=1; Path=/; SameSite=Lax' });
    await agent.get(`${origin}/lax`);
    page('/attack', `<form method=post action="${origin}/echo"><button type=submit>Win</button></form>`);
    const attack = await agent.get(`http://127.0.0.1:${String(port)}/attack`);
    const { headers } = await echoed(agent.fillAndSubmit(attack));
    expect(headers.cookie).to.equal(undefined);
    expect(headers['sec-fetch-site']).to.equal('cross-site');
    expect(headers.origin).to.equal(`http://127.0.0.1:${String(port)}`);
  });

  it('submits what the form holds, what was filled in, and the button', async () => {
    page(
      '/form',
      `<form><button type=button>No</button></form>
       <form method=post action="echo?x=1">
         <input type=hidden name=csrf value="a&amp;b"><input name=username value=old><input type=checkbox name=keep>
         <input type=checkbox name=checked checked><input name=off disabled value=1>
         <select name=pick><option value=1>One</option><option value=2 selected>Two</option></select><textarea name=note>text</textarea>
         <button type=submit name=go value=now>Go</button><button type=submit name=go value=later>Later</button>
       </form>`,
    );
    const agent = createUserAgent();
    const form = await agent.get(`${origin}/form`);
    const first = await echoed(agent.fillAndSubmit(form, { username: 'ann' }));
    expect(first).to.include({ method: 'POST', url: '/echo?x=1' });
    expect(first.body).to.equal('csrf=a%26b&username=ann&checked=on&pick=2&note=text&go=now');
    expect(first.headers['sec-fetch-site']).to.equal('same-origin');
    expect((await echoed(agent.click(form, 'Later'))).body).to.match(/&go=later$/);
    expect(() => agent.fillAndSubmit(form, { user: 'ann' })).to.throw('no form');
  });

  it('sends Origin: null from a page that gives no referrer, as browsers do', async () => {
    page('/quiet', '<form method=post action=/echo><button type=submit>Go</button></form>', {
      'referrer-policy': 'no-referrer',
    });
    const agent = createUserAgent();
    const { headers } = await echoed(agent.fillAndSubmit(await agent.get(`${origin}/quiet`)));
    expect(headers.origin).to.equal('null');
  });

  it('follows redirects and refreshes without delay, and tells the way', async () => {
    page('/start', '<form method=post action=/303><button type=submit>Go</button></form>');
    answer('/303', 303, { location: '/refresh' });
    page('/refresh', 'wait', { refresh: '0; url=/meta' });
    page('/meta', '<noscript><meta http-equiv=refresh content="0; url=\'/slow\'"></noscript>');
    page('/slow', '<title>End</title><meta http-equiv=refresh content="5"><body>the   <b>end</b></body>');
    const agent = createUserAgent();
    const end = await agent.fillAndSubmit(await agent.get(`${origin}/start`));
    expect(end.trail.map(({ method, status }) => `${method} ${String(status)}`)).to.deep.equal([
      'POST 303',
      'GET 200',
      'GET 200',
      'GET 200',
    ]);
    expect(end.url.pathname).to.equal('/slow');
    expect(textOf(end)).to.equal('the end');
  });

  it('stops where a redirect leaves this machine, or where it is told to', async () => {
    answer('/away', 302, { location: 'https://app.example/cb?code=1' });
    const agent = createUserAgent();
    const away = await agent.get(`${origin}/away`);
    expect(away.status).to.equal(302);
    expect(away.location?.href).to.equal('https://app.example/cb?code=1');
    answer('/near', 302, { location: '/echo?code=1' });
    const near = await agent.get(`${origin}/near`, { stopAt: `${origin}/echo` });
    expect(near.location?.search).to.equal('?code=1');
    answer('/loop', 302, { location: '/loop' });
    let failure: unknown;
    await agent.get(`${origin}/loop`).catch((error: unknown) => (failure = error));
    expect(String(failure)).to.contain('in circles');
  });
});
