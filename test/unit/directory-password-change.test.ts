import { expect } from 'chai';

import { directorySettings } from '../../src/directory/directory-settings.ts';
import { LdapEntry } from '../../src/directory/ldap-responses.ts';
import { toDirectoryUser, userAttributes } from '../../src/directory/ldap-users.ts';
import { resolveSchema } from '../../src/directory/presets.ts';

const { users: schema } = resolveSchema(
  directorySettings.parse({ urls: ['ldap://a'], bindDn: 'cn=service', baseDn: 'dc=a' }),
);

describe('the time of a new password, as a server writes it', () => {
  const read = (...written: string[]) => {
    const values = new Map([
      ['entryuuid', ['an id']],
      ['pwdchangedtime', written],
    ]);
    return toDirectoryUser(new LdapEntry('uid=ann', values), schema).passwordChangedAt?.toISOString();
  };

  it('is asked for by name, since it is operational', () => {
    expect(userAttributes(schema)).to.include('pwdChangedTime');
  });

  for (const [written, time] of [
    ['20261120225749Z', '2026-11-20T22:57:49.000Z'],
    ['20261120225749.123456Z', '2026-11-20T22:57:49.000Z'],
    ['20240229000000Z', '2024-02-29T00:00:00.000Z'],
  ] as const) {
    it(`is read: ${written}`, () => {
      expect(read(written)).to.equal(time);
    });
  }

  for (const written of ['', '2026', '20261320225749Z', '202611202257Z', '20261120225749+0100', '133800000000000000']) {
    it(`is not made up: ${JSON.stringify(written)}`, () => {
      expect(read(written)).to.equal(undefined);
    });
  }

  it('may be missing', () => {
    expect(read()).to.equal(undefined);
  });
});
