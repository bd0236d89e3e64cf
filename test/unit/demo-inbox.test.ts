import { expect } from 'chai';

import { createInbox } from '../../src/demo/inbox.ts';
import { startRelyingParty } from '../../src/demo/relying-party.ts';
import type { RelyingParty } from '../../src/demo/relying-party.ts';
import { createUserAgent } from '../support/browser-like-client.ts';
import { freePort } from '../support/ports.ts';

describe('the demo’s inbox', () => {
  const inbox = createInbox();
  const agent = createUserAgent();
  let apps: RelyingParty;

  before(async () => {
    apps = await startRelyingParty({ host: 'localhost', port: await freePort(), tenants: [], inbox });
  });
  after(() => apps.close());

  const signal = AbortSignal.timeout(60_000);
  const mail = (text: string, subject = 'Hello') => ({
    to: 'ann@acme.example',
    subject,
    text,
    html: `<p>${text}</p>`,
  });

  it('shows mail newest first, with what may be copied', async () => {
    await inbox.send(mail('Your code is 123 456. Call 1234567890', '<b>First</b>'), 'm1', signal);
    await inbox.send(mail('Open https://id.example/reset?token=123456. Thank you, 2026.'), 'm2', signal);
    const page = await agent.get(`${apps.url}/inbox`);
    expect(page.document.querySelectorAll('h2').map(({ text }) => text)).to.deep.equal(['Hello', '<b>First</b>']);
    const copied = page.document
      .querySelectorAll('[data-copy]')
      .map((button) => [button.text, page.document.getElementById(button.getAttribute('data-copy') ?? '')?.text]);
    expect(copied).to.deep.equal([
      ['Copy the link', 'https://id.example/reset?token=123456'],
      ['Copy the code', '123456'],
    ]);
    expect(page.headers.get('refresh')).to.equal('5');
    expect((await agent.click(page, 'Hold it still')).headers.get('refresh')).to.equal(null);
  });

  it('tells programs the same as JSON, and keeps the last hundred', async () => {
    for (let i = 0; i < 100; i++) await inbox.send(mail(`number ${i}`), `n${i}`, signal);
    const messages: unknown = JSON.parse((await agent.get(`${apps.url}/inbox.json`)).body);
    if (!Array.isArray(messages)) throw new Error('expected a list');
    expect(messages.length).to.equal(100);
    expect(messages[0]).to.include({ to: 'ann@acme.example', text: 'number 99' });
  });
});
