import { expect } from 'chai';

import type { UserAgent } from '../support/browser-like-client.ts';
import { FORM, NEXT, passwordChanges } from '../support/password-changes.ts';
import { claimsOf, refusalOf } from '../support/relying-party.ts';
import { doorOf, giveCode } from '../support/sign-in.ts';

describe('a password that has to be changed by somebody with a second factor', () => {
  const here = passwordChanges('changes-by-two');
  const { begin, change, force, eventsOf } = here;

  let before: { claims: { sub: string }; browser: UserAgent };
  beforeEach(async () => {
    before = await here.strict.signIn(here.person);
    here.newBrowser();
  });

  it('is changed after that is proven, even where the browser is trusted', async () => {
    const trusting = await begin(here.strict);
    await here.browser.fillAndSubmit(trusting.page, {
      code: (await here.person.authenticator?.code()) ?? '',
      trust: 'yes',
    });
    await here.slapd.requirePasswordChange(here.person.dn);

    const { request, page } = await begin(here.strict, here.person.password, { prompt: 'login' });
    expect(doorOf(page)).to.equal('code');
    const answer = await force(page, FORM, { 'current-password': here.person.password, 'new-password': NEXT });
    expect(doorOf(answer), 'not before').to.equal('code');
    const form = await giveCode(here.browser, page, here.person);
    expect(doorOf(form)).to.equal(FORM);
    const claims = claimsOf(await here.strict.finish(request, await change(form)));
    expect(claims).to.include({ sub: before.claims.sub, acr: 'mfa' });
    expect(await eventsOf(['password.changed', 'password.refused'])).to.have.lengthOf(1);
    expect((await eventsOf(['device.forgotten'])).at(-1)?.detail).to.deep.equal({ devices: 1 });
  });

  it('ends the sessions that were opened with the old one', async () => {
    await here.slapd.requirePasswordChange(here.person.dn);
    const { request, page } = await begin(here.strict);
    await here.strict.finish(request, await change(await giveCode(here.browser, page, here.person)));
    const door = await before.browser.get((await here.strict.begin()).url);
    expect(doorOf(door)).to.equal('password');
    expect((await eventsOf(['session.ended'])).length).to.be.greaterThan(0);
    const silently = await here.browser.get((await here.strict.begin()).url);
    expect(silently.location?.searchParams.has('code'), 'this browser stays signed in').to.equal(true);
  });

  it('ends the refresh tokens that were given under the old one', async () => {
    const { tokens } = await here.strict.signIn(here.person, { wishes: { scope: 'openid offline_access' } });
    await here.slapd.requirePasswordChange(here.person.dn);
    const { request, page } = await begin(here.strict);
    await here.strict.finish(request, await change(await giveCode(here.browser, page, here.person)));
    expect(await refusalOf(here.strict.refresh(tokens))).to.equal('invalid_grant');
  });
});
