import { expect } from 'chai';

import { textOf } from '../support/browser-like-client.ts';
import type { Page } from '../support/browser-like-client.ts';
import { eventually } from '../support/eventually.ts';
import { replacing } from '../support/ldif.ts';
import { FORM, HELP, NEXT, WRONG, passwordChanges } from '../support/password-changes.ts';
import { claimsOf } from '../support/relying-party.ts';
import { below } from '../support/second-factor-steps.ts';
import { doorOf, enrol, givePassword, problemOn } from '../support/sign-in.ts';

describe('a password that has to be changed', () => {
  const here = passwordChanges('changes', { breaking: true });
  const { begin, change, force, eventsOf } = here;

  describe('of somebody without a second factor', () => {
    beforeEach(() => here.slapd.requirePasswordChange(here.person.dn));

    it('is changed, and the sign-in goes on', async () => {
      const { request, page } = await begin(here.plain);
      expect(page.status).to.equal(200);
      expect(textOf(page, 'h1')).to.equal('Your password must be changed');
      expect(textOf(page)).to.contain('At least 15 characters');
      const claims = claimsOf(await here.plain.finish(request, await change(page)));
      expect(claims).to.include({ acr: 'sfa' });

      here.newBrowser();
      expect(problemOn((await begin(here.plain)).page), 'the old one').to.match(/do not match/);
      const again = await begin(here.plain, NEXT);
      expect(claimsOf(await here.plain.finish(again.request, again.page)).sub).to.equal(claims.sub);
    });

    it('is told to them by mail, and to the audit trail', async () => {
      const { request, page } = await begin(here.plain);
      await here.plain.finish(request, await change(page));
      const to = `${here.person.username}@changes.test`;
      await here.codes.untilNotices(to, 1);
      expect(here.codes.notices(to)[0]?.raw).to.contain('was changed');
      const [asked, ...events] = await eventsOf([
        'password.change_required',
        'password.changed',
        'password.refused',
        'login.succeeded',
      ]);
      expect(asked).to.deep.include({ type: 'password.change_required', reason: 'must-change' });
      expect(asked?.detail).to.include({ directory: 'people', username: here.person.username });
      expect(events).to.deep.equal([
        { type: 'password.changed', reason: null, detail: { directory: 'people' } },
        { type: 'login.succeeded', reason: null, detail: { acr: 'sfa', amr: ['pwd'], client: 'orders' } },
      ]);
      const everything = await here.database.query<{ text: string }>('select e::text as text from audit_events e');
      expect(JSON.stringify(everything.rows)).not.to.contain(NEXT).and.not.to.contain(here.person.password);
    });

    it('is changed before they add a second factor, which the tenant asks for', async () => {
      const { request, page } = await begin(here.strict);
      expect(textOf(page)).to.contain('At least 8 characters');
      const enrolling = await change(page, 'violet tractor');
      expect(doorOf(enrolling)).to.equal('enrol');
      const saving = await enrol(here.browser, enrolling, here.person);
      const end = await here.browser.fillAndSubmit(saving, { code: 'saved' });
      expect(claimsOf(await here.strict.finish(request, end)).acr).to.equal('mfa');
    });

    it('keeps every other form from leading around it', async () => {
      const { page } = await begin(here.strict);
      for (const [form, fields] of [
        ['notice', {}],
        ['notice', { change: 'yes' }],
        ['postpone', {}],
        ['code', { code: '123456' }],
        ['enrol', { code: '123456' }],
        ['factor', { factor: 'totp' }],
        ['contact', { contact: 'a@b.test' }],
        ['resend', {}],
        ['deny', {}],
        ['consent', { decision: 'allow' }],
      ] as const) {
        const answer = await force(page, form, fields);
        expect(answer.location, form).to.equal(undefined);
        const now = await here.browser.get(below(page, '.'));
        expect(doorOf(now), form).to.equal(FORM);
      }
      const { rows } = await here.database.query(
        'select 1 from sessions s join users u on u.id = s.user_id where u.username = $1',
        [here.person.username],
      );
      expect(rows).to.have.lengthOf(0);
    });

    it('is asked for again by the next sign-in, if this one is left', async () => {
      const { page } = await begin(here.plain);
      const door = await here.browser.click(page, 'Not you? Start over');
      expect(doorOf(door)).to.equal('password');
      expect(doorOf(await givePassword(here.browser, door, here.person))).to.equal(FORM);
    });

    it('needs the old one', async () => {
      const { request, page } = await begin(here.plain);
      const wrong = await change(page, NEXT, 'not the old one');
      expect([wrong.status, problemOn(wrong)]).to.deep.equal([401, WRONG]);
      expect(await eventsOf(['password.changed', 'password.refused'])).to.deep.equal([
        { type: 'password.refused', reason: 'bad-credentials', detail: null },
      ]);
      await here.plain.finish(request, await change(wrong));
    });

    it('cannot be guessed at more often than at the door, which closes with it', async () => {
      const { page } = await begin(here.plain);
      let answer = page;
      for (let time = 0; time < 8 && answer.status !== 429; time++) answer = await change(page, NEXT, `guess ${time}`);
      expect(answer.status).to.equal(429);
      expect(problemOn(answer)).to.match(/Too many attempts/);
      expect(Number(answer.headers.get('retry-after'))).to.be.greaterThan(0);
      here.newBrowser();
      expect((await begin(here.plain)).page.status).to.equal(429);
    });

    for (const [why, next, problem] of [
      ['nothing', '', 'Type a new password.'],
      ['the same again', undefined, 'That is the password you have now. Choose another one.'],
      ['a short one', 'violet tracto', 'That password is too short. Choose a longer one.'],
      ['a common one', 'password1password1', 'That password is one that attackers try first. Choose another one.'],
      [
        'the organisation’s name',
        'Acme-Acme-Acme-Acme',
        'That password is little more than a name that others know. Choose another one.',
      ],
    ] as const) {
      it(`refuses ${why}, and the page is there to choose another`, async () => {
        const { request, page } = await begin(here.plain);
        const refused = await change(page, next ?? here.person.password);
        expect([refused.status, problemOn(refused)]).to.deep.equal([400, problem]);
        expect(refused.body).not.to.contain(here.person.password);
        await here.plain.finish(request, await change(refused));
      });
    }

    it('is changed once by a double click', async () => {
      const { request, page } = await begin(here.plain);
      const pages = await Promise.all([change(page), change(page)]);
      expect(pages.map(({ status }) => status)).not.to.include(401);
      const { rows } = await here.database.query(
        `select 1 from audit_events where type = 'password.changed'
         and subject_id = (select id::text from users where username = $1 limit 1)`,
        [here.person.username],
      );
      expect(rows).to.have.lengthOf(1);
      const arrived = pages.find(({ location }) => location?.searchParams.has('code'));
      await here.plain.finish(request, arrived ?? pages[0]);
      const [one] = await eventsOf(['password.refused']);
      expect(one).to.equal(undefined);
    });
  });

  it('is no dead end where it was changed meanwhile, and nobody here knows', async () => {
    await here.slapd.requirePasswordChange(here.person.dn);
    const { request, page } = await begin(here.plain);
    await here.setPassword(NEXT);
    await here.slapd.modify(replacing(here.person.dn, 'pwdReset'));
    const refused = await change(page);
    expect(problemOn(refused)).to.equal(WRONG);
    const door = await here.browser.click(refused, 'Not you? Start over');
    await here.plain.finish(request, await givePassword(here.browser, door, { ...here.person, password: NEXT }));
  });

  describe('while the directory is down', () => {
    beforeEach(() => here.slapd.requirePasswordChange(here.person.dn));

    it('loses nothing, and is changed afterwards from the same page', async () => {
      const { request, page } = await begin(here.plain);
      await here.slapd.stop();
      let down: Page;
      try {
        down = await change(page);
      } finally {
        await here.slapd.start();
      }
      expect(down.status).to.equal(503);
      expect(problemOn(down)).to.match(/may or may not have been changed/);
      expect(doorOf(down)).to.equal(FORM);
      const answer = await eventually('the directory to be asked again', async () => {
        const again = await change(down);
        return again.status === 503 ? undefined : again;
      });
      await here.plain.finish(request, answer);
    });
  });

  it('leads to where it is changed, where the directory is read-only', async () => {
    await here.slapd.requirePasswordChange(here.person.dn);
    const { page } = await begin(here.readOnly);
    expect(page.status).to.equal(403);
    expect(textOf(page, 'h1')).to.equal('Your password must be changed');
    expect((await here.browser.click(page, 'Back to sign-in')).status).to.equal(200);
    expect(page.document.querySelector('a.button')?.getAttribute('href')).to.equal(HELP);
  });
});
