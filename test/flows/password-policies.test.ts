import { expect } from 'chai';

import { textOf } from '../support/browser-like-client.ts';
import { FORM, HELP, NEXT, passwordChanges } from '../support/password-changes.ts';
import { below } from '../support/second-factor-steps.ts';
import { doorOf, problemOn } from '../support/sign-in.ts';

const DAY = '86400';

describe('a password under a policy of the directory', () => {
  const here = passwordChanges('changes-by-policy');
  const { begin, change, force, eventsOf, givePolicy } = here;

  describe('that is changed', () => {
    it('says that it is too short', async () => {
      await givePolicy({ pwdMinLength: '30', pwdMustChange: 'TRUE' });
      await here.slapd.requirePasswordChange(here.person.dn);
      const { request, page } = await begin(here.plain);
      const refused = await change(page);
      expect([refused.status, problemOn(refused)]).to.deep.equal([
        400,
        'That password is too short. Choose a longer one.',
      ]);
      await here.plain.finish(request, await change(refused, `${NEXT} ${NEXT}`));
    });

    it('says that it was changed too recently', async () => {
      await givePolicy({ pwdMinAge: '3600', pwdMaxAge: '7200', pwdExpireWarning: '7300' });
      await here.setPassword(here.person.password);
      const { request, page } = await begin(here.plain);
      const refused = await change(await here.browser.click(page, 'Change it now'));
      expect(refused.status).to.equal(400);
      expect(problemOn(refused)).to.match(/changed only recently/);
      await here.plain.finish(request, await here.browser.click(refused, 'Not now'));
      const [succeeded] = await eventsOf(['login.succeeded']);
      expect(succeeded?.detail?.passwordExpiresIn).to.be.within(7000, 7200);
    });

    it('says that it was had before', async () => {
      await givePolicy({ pwdInHistory: '3', pwdMustChange: 'TRUE' });
      const first = 'the very first umbrella';
      await here.setPassword(first);
      here.person.password = 'the second umbrella of all';
      await here.setPassword(here.person.password);
      await here.slapd.requirePasswordChange(here.person.dn);
      const { request, page } = await begin(here.plain);
      const refused = await change(page, first);
      expect(problemOn(refused)).to.equal('You have had that password before. Choose another one.');
      await here.plain.finish(request, await change(refused));
    });

    it('says where to go where people may not change theirs', async () => {
      await givePolicy({ pwdAllowUserChange: 'FALSE', pwdMustChange: 'TRUE' });
      await here.slapd.requirePasswordChange(here.person.dn);
      const { page } = await begin(here.plain);
      const refused = await change(page);
      expect(refused.status).to.equal(403);
      expect(refused.document.querySelector('a.button')?.getAttribute('href')).to.equal(HELP);
      expect(doorOf(await here.browser.click(refused, 'Back to sign-in'))).to.equal('password');
    });
  });

  it('has expired for good, and is changed all the same', async () => {
    await givePolicy({ pwdMaxAge: DAY, pwdGraceAuthNLimit: '0' });
    await here.slapd.expirePassword(here.person.dn);
    const { request, page } = await begin(here.plain);
    expect([doorOf(page), textOf(page, 'h1')]).to.deep.equal([FORM, 'Your password has expired']);
    await here.plain.finish(request, await change(page));
  });

  describe('that has expired, and still lets the person in a few times', () => {
    beforeEach(() => givePolicy({ pwdMaxAge: DAY, pwdGraceAuthNLimit: '5' }));

    it('may be changed at once, after the warning', async () => {
      await here.slapd.expirePassword(here.person.dn);
      const { request, page } = await begin(here.plain);
      expect(doorOf(page)).to.equal('notice');
      expect(textOf(page, 'h1')).to.equal('Your password has expired');
      const form = await here.browser.click(page, 'Change it now');
      expect(doorOf(form)).to.equal(FORM);
      await here.plain.finish(request, await change(form));
      const [succeeded] = await eventsOf(['login.succeeded']);
      expect(succeeded?.detail, 'of a password that nobody has any more').not.to.have.property('graceLoginsLeft');
    });

    it('is not changed by an address alone', async () => {
      await here.slapd.expirePassword(here.person.dn);
      const { request, page } = await begin(here.plain);
      expect((await here.browser.get(below(page, FORM))).status).to.equal(405);
      const still = await here.browser.get(below(page, '.'));
      expect(doorOf(still)).to.equal('notice');
      await here.plain.finish(request, await here.browser.click(still, 'Continue'));
    });

    it('may be left as it is', async () => {
      await here.slapd.expirePassword(here.person.dn);
      const { request, page } = await begin(here.plain);
      const form = await here.browser.click(page, 'Change it now');
      await here.plain.finish(request, await here.browser.click(form, 'Not now'));
      expect(await eventsOf(['password.changed', 'password.change_required'])).to.deep.equal([]);
      const [succeeded] = await eventsOf(['login.succeeded']);
      expect(succeeded?.detail).to.deep.include({ client: 'orders', graceLoginsLeft: 4 });
    });

    it('may be left as it is where the directory does not let the person change it', async () => {
      await givePolicy({ pwdMaxAge: DAY, pwdGraceAuthNLimit: '5', pwdAllowUserChange: 'FALSE' });
      await here.slapd.expirePassword(here.person.dn);
      const { request, page } = await begin(here.plain);
      const refused = await change(await here.browser.click(page, 'Change it now'));
      expect(problemOn(refused)).to.match(/cannot be changed here/);
      await here.plain.finish(request, await here.browser.click(refused, 'Not now'));
    });

    it('is only warned of where the directory is read-only', async () => {
      await here.slapd.expirePassword(here.person.dn);
      const { request, page } = await begin(here.readOnly);
      expect(page.document.querySelectorAll('button[name=change]')).to.have.lengthOf(0);
      expect(doorOf(await force(page, 'notice', { change: 'yes' }))).to.equal('notice');
      await here.readOnly.finish(request, await here.browser.fillAndSubmit(page));
    });

    it('asks for the second factor of somebody who has one, and would not be asked otherwise', async () => {
      await here.strict.signIn(here.person);
      await here.slapd.expirePassword(here.person.dn);
      const { page } = await begin(here.strict);
      expect(doorOf(page)).to.equal('code');
    });
  });
});
