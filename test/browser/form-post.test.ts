// `response_mode=form_post` in a real browser, which holds the page's Content-Security-Policy against its form.

import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { text } from 'node:stream/consumers';

import { expect } from 'chai';

import { openPage } from '../support/chromium.ts';
import { createOrganisation } from '../support/organisation.ts';
import type { Employee } from '../support/organisation.ts';
import { freePort } from '../support/ports.ts';
import { createApp, registration } from '../support/relying-party.ts';
import { startSallyport } from '../support/sallyport.ts';
import type { Sallyport } from '../support/sallyport.ts';

describe('An answer that is posted to the app', () => {
  let server: Sallyport;
  let kim: Employee;
  let app: Server;
  let callback: string;
  /** What the app got. */
  let received: URLSearchParams[];

  before(async () => {
    const port = await freePort();
    callback = `http://127.0.0.1:${port}/callback`;
    app = createServer((request, response) => {
      void text(request).then((body) => {
        if (request.method === 'POST') received.push(new URLSearchParams(body));
        response.end('The app has it.');
      });
    });
    await new Promise<void>((resolve) => app.listen(port, '127.0.0.1', resolve));
    const organisation = await createOrganisation('formpostbrowser');
    kim = await organisation.addPerson('kim');
    server = await startSallyport({
      tenants: {
        acme: {
          name: 'Acme',
          policy: { secondFactors: { required: 'never' } },
          directories: { people: organisation.directory },
          clients: { orders: registration({ redirect_uris: [callback] }) },
        },
      },
    });
  });
  after(async () => {
    app.closeAllConnections();
    app.close();
    await server.stop();
  });
  beforeEach(() => {
    received = [];
  });

  for (const javaScriptEnabled of [true, false]) {
    it(`arrives with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async () => {
      const orders = await createApp(server.issuer('acme'));
      const { url, checks } = await orders.begin({ response_mode: 'form_post', redirect_uri: callback });
      const page = await openPage({ javaScriptEnabled });
      await page.goto(url.href);
      await page.getByLabel('User name').fill(kim.username);
      await page.getByLabel('Password', { exact: true }).fill(kim.password);
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      if (!javaScriptEnabled) await page.getByRole('button', { name: 'Continue' }).click();
      await page.getByText('The app has it.').waitFor();
      expect(received.map((answer) => answer.get('state'))).to.deep.equal([checks.expectedState]);
      expect(received[0]?.get('code')).to.be.a('string');
      await page.context().close();
    });
  }
});
