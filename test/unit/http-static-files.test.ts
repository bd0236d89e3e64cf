import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { handleErrors } from '../../src/http/error-handler.ts';
import { loadStaticFiles, type StaticFiles } from '../../src/http/static-files.ts';
import { ask, closeAll, serve, silentLog } from './http-fixture.ts';

const css = 'body { color: black }\n'.repeat(50);

describe('static files', () => {
  let folder: string;
  let files: StaticFiles;
  let url: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'assets-'));
    await writeFile(join(folder, 'app.css'), css);
    await writeFile(join(folder, 'app.js'), 'document.title;');
    await writeFile(join(folder, 'notes.txt'), 'not served');
    files = await loadStaticFiles(folder);
  });
  beforeEach(async () => {
    ({ url } = await serve([handleErrors({ renderErrorPage: () => '', log: silentLog }), files.serve]));
  });
  afterEach(closeAll);
  after(() => rm(folder, { recursive: true }));

  it('are cached for ever under a URL with their hash', async () => {
    expect(files.assetUrl('app.css')).to.match(/^\/assets\/app\.[0-9a-f]{16}\.css$/);
    const { status, headers, body } = await ask(url + files.assetUrl('app.css'));
    expect(status).to.equal(200);
    expect(body).to.equal(css);
    expect(headers).to.include({
      'content-type': 'text/css; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'Accept-Encoding',
    });
  });

  it('are found but not kept under the hash of another version', async () => {
    const { status, headers, body } = await ask(`${url}/assets/app.0123456789abcdef.css`);
    expect(status).to.equal(200);
    expect(body).to.equal(css);
    expect(headers['cache-control']).to.equal('no-store');
  });

  for (const [accepted, encoding] of [
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
  ] as const) {
    it(`are sent as ${encoding} to who accepts ${accepted}`, async () => {
      const client = await fetch(url + files.assetUrl('app.css'), { headers: { 'Accept-Encoding': accepted } });
      expect(client.headers.get('content-encoding')).to.equal(encoding);
      expect(Number(client.headers.get('content-length'))).to.be.lessThan(css.length / 4);
      expect(await client.text()).to.equal(css);
    });
  }

  it('answer 304 to the ETag of the same encoding only', async () => {
    const path = url + files.assetUrl('app.js');
    const { etag = '' } = (await ask(path)).headers;
    expect(await ask(path, { headers: { 'If-None-Match': etag } })).to.include({ status: 304, body: '' });
    const compressed = await ask(path, { headers: { 'If-None-Match': etag, 'Accept-Encoding': 'br' } });
    expect(compressed.status).to.equal(200);
  });

  it('answer HEAD without a body, and no other method', async () => {
    const head = await ask(url + files.assetUrl('app.css'), { method: 'HEAD' });
    expect(head).to.include({ status: 200, body: '' });
    expect(head.headers['content-length']).to.equal(String(css.length));
    const post = await ask(url + files.assetUrl('app.css'), { method: 'POST' });
    expect(post.status).to.equal(405);
    expect(post.headers.allow).to.equal('GET, HEAD');
  });

  for (const path of [
    '/assets/notes.txt',
    '/assets/',
    '/assets/..%2fapp.css',
    '/assets/../../package.json',
    '/app.css',
  ]) {
    it(`are not at ${path}`, async () => {
      expect(await ask(url + path)).to.have.property('status', 404);
    });
  }

  it('tell at once when a template names one that is not there', () => {
    expect(() => files.assetUrl('missing.css')).to.throw('missing.css');
  });
});
