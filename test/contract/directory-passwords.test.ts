import { testDs389 } from '../support/ds389.ts';
import { ldifEntry, replacing } from '../support/ldif.ts';
import { testSamba } from '../support/samba.ts';
import { AGEING, testSlapd } from '../support/slapd.ts';
import { activeDirectory, ds389, openldap, slapd } from './directory-dialects.ts';
import { embeddedServer } from './directory-embedded-server.ts';
import { describePasswordChange, describePasswords } from './directory-passwords.ts';

void testSamba();
void testDs389();

const FIVE_IN_FIVE_MINUTES = { threshold: 5, window: 300 };

describePasswordChange('the embedded directory', openldap, () => embeddedServer({}, 'starttls'));

describePasswords('slapd', slapd, async () => {
  const server = await testSlapd();
  const policy = (name: string): string => `cn=${name},${server.suffix}`;
  const common = { objectClass: ['device', 'pwdPolicy'], pwdAttribute: 'userPassword' };
  const lockout = { pwdLockout: 'TRUE', pwdMaxFailure: '5', pwdFailureCountInterval: '300' };
  const quality = { pwdCheckQuality: '2', pwdMinLength: '8', pwdInHistory: '3', pwdMustChange: 'TRUE' };
  await server.modify(
    ldifEntry(policy('ruled'), { ...common, ...lockout, ...quality }) +
      ldifEntry(policy('minimum age'), { ...common, pwdMinAge: '86400' }),
  );
  return {
    ...server,
    connection: { urls: [server.url], tls: { ca: server.caPem } },
    ruled: { pwdPolicySubentry: policy('ruled') },
    ageing: { pwdPolicySubentry: AGEING },
    tells: { tooShort: 'too-short', inHistory: 'in-history', tooSoon: 'too-soon' },
    changesExpired: true,
    // Of all its policies, which differ, that of the longest memory.
    lockoutPolicy: { threshold: 5, window: 900 },
    withMinimumAge: (work) => work({ pwdPolicySubentry: policy('minimum age') }),
  };
});

describePasswords('389-ds', ds389, async () => {
  const server = await testDs389();
  const setMinimumAge = (seconds: string) => server.modify(replacing('cn=config', 'passwordMinAge', seconds));
  return {
    ...server,
    connection: { urls: [server.url], tls: { ca: server.caPem } },
    tells: { tooShort: 'too-weak', inHistory: 'in-history', tooSoon: 'too-soon' },
    changesExpired: false,
    lockoutPolicy: FIVE_IN_FIVE_MINUTES,
    showLockoutPolicy: () => server.modify(replacing('cn=config', 'aci', MAY_READ_LOCKOUT(server.service.dn))),
    withMinimumAge: async (work) => {
      await setMinimumAge('86400');
      try {
        await work({});
      } finally {
        await setMinimumAge('0');
      }
    },
  };
});

const MAY_READ_LOCKOUT = (dn: string): string =>
  `(targetattr="objectClass || passwordLockout || passwordMaxFailure || passwordResetFailureCount")(version 3.0; acl "lockout"; allow (read,search,compare) userdn="ldap:///${dn}";)`;

describePasswords('Active Directory', activeDirectory, async () => {
  const server = await testSamba();
  const setMinimumAge = (intervals: string) => server.modify(replacing(server.suffix, 'minPwdAge', intervals));
  return {
    ...server,
    connection: { urls: [server.url], tls: { ca: server.caPem } },
    tells: { tooShort: 'rejected', inHistory: 'rejected', tooSoon: 'rejected' },
    changesExpired: true,
    lockoutPolicy: FIVE_IN_FIVE_MINUTES,
    withMinimumAge: async (work) => {
      await setMinimumAge('-864000000000');
      try {
        await work({});
      } finally {
        await setMinimumAge('0');
      }
    },
  };
});
