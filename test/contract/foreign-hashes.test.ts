import { expect } from 'chai';

import { createPasswordHash } from '../../src/security/password-hash.ts';
import { checkImportedHash } from '../../src/security/foreign-hashes.ts';
import { passwordHash, world } from '../support/password-sign-in.ts';
import { fastest } from '../support/fastest.ts';

/** Made by slappasswd, crypt_blowfish and Python's hashlib. */
const MADE_ELSEWHERE: Record<string, { password: string; hash: string }> = {
  'bcrypt of crypt_blowfish': {
    password: 'U*U',
    hash: '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
  },
  'PBKDF2 as passlib writes it': {
    password: 'password',
    hash: '$pbkdf2-sha256$6400$0rrzXitSFGltTQnBWOsdgg$OnwU31G6YridzI7lxUmjT639AuY0HH4zUCkxDrfgv0M',
  },
  'PBKDF2 as a PHC string': {
    password: 'correct horse',
    hash: '$pbkdf2-sha512$i=2100$c2FsdHNhbHQxMjM0NTY3OA$GuxdYXVHrox55EzIpoHjm1PVxRDsAFfWoKDl75Kww9sKWbNcjL/JRZQcxPyS86kfnNYvo7EfmHs05xHRQ4inUw',
  },
  'PBKDF2 of Keycloak, with more bytes than the digest has': {
    password: 'correct horse',
    hash: '$pbkdf2-sha256$i=2750$c2FsdHNhbHQxMjM0NTY3OA$xrl5sSCSaM9dYRU+caSd2xVVuGlR8/P15bAdWrMKJ/wc9u4/3p/+Qd+bOSlXLIQvMLNWAT5wdWLMh1LRqZE8/A',
  },
  'PBKDF2 with SHA-1': {
    password: 'correct horse',
    hash: '$pbkdf2$1000$c2FsdHNhbHQxMjM0NTY3OA$Lij1O/jXr1Trn+s75wCji0XcazU',
  },
  'PBKDF2 of OpenLDAP': {
    password: 'correct horse',
    hash: '{PBKDF2-SHA512}1000$c2FsdHNhbHQxMjM0NTY3OA$ASLHOzwSyZ7TK34BeZz0PUCWcqOW0SsjhwL7B0Ktlk7DZ73xx.dOwGz8ZImNA43343ecOfmyNDIiiNs7BG71ow',
  },
  'SSHA of slappasswd': { password: 'correct horse', hash: '{SSHA}Jyx8hHW7VpG2GNP+9U+C/glYFo/jcdtV' },
  SSHA256: {
    password: 'correct horse',
    hash: '{SSHA256}3jgYz1AuxmK3DPFdeNnlolHMNj5LDz/pIYjNWm2rKopzYWx0c2FsdDEyMzQ1Njc4',
  },
  SSHA512: {
    password: 'correct horse',
    hash: '{SSHA512}lORy9nTbyY2x+QW2Xv3UoK5rZubbDE2O2/GQb/sJSeC7grSVGQyL57+lwaOu0wgVv+o/D7lbQWvbWqB3JBW65HNhbHRzYWx0MTIzNDU2Nzg=',
  },
};

describe('hashes that were made elsewhere', () => {
  for (const [name, { password, hash }] of Object.entries(MADE_ELSEWHERE)) {
    it(`prove their password and no other, and are made anew: ${name}`, async () => {
      expect(checkImportedHash(hash)).to.deep.equal({ ok: true, value: hash });
      expect(await passwordHash.verify(hash, password)).to.deep.equal({ ok: true, rehash: true });
      for (const other of ['', `${password} `, `x${password}`]) {
        expect(await passwordHash.verify(hash, other), other).to.deep.equal({ ok: false, rehash: false });
      }
    });

    it(`sign their owner in once, and are argon2id from then on: ${name}`, async () => {
      const account = { user: { id: 'ann', status: 'active', proofGeneration: 1 } as const, passwordHash: hash };
      const { tryAs, rehashed } = world({ accounts: { ann: account } });
      expect(await tryAs('ann', 'wrong')).to.deep.include({ ok: false });
      expect(rehashed).to.deep.equal([]);
      expect(await tryAs('ann', password)).to.deep.include({ ok: true });
      expect(rehashed).to.have.lengthOf(1);
      expect(rehashed[0]).to.match(/^\$argon2id\$/);
      expect(await passwordHash.verify(rehashed[0], password)).to.deep.equal({ ok: true, rehash: false });
    });
  }

  it('prove a password as it was typed, too, whichever way an accent was composed', async () => {
    const { createHash } = await import('node:crypto');
    const salt = Buffer.from('a salt of the test');
    const decomposed = 'Zoe\u0308 and friends';
    const digest = createHash('sha1').update(decomposed).update(salt).digest();
    const hash = `{SSHA}${Buffer.concat([digest, salt]).toString('base64')}`;
    expect(await passwordHash.verify(hash, decomposed)).to.deep.include({ ok: true });
  });

  it('are argon2 of another kind, which is good once as well', async () => {
    const { default: argon2 } = await import('argon2');
    const ours = { memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 };
    for (const type of [argon2.argon2i, argon2.argon2d] as const) {
      const hash = await argon2.hash('correct horse', { ...ours, type });
      expect(checkImportedHash(hash)).to.deep.include({ ok: true });
      expect(await passwordHash.verify(hash, 'correct horse')).to.deep.equal({ ok: true, rehash: true });
    }
  });

  it('leave others their turn while bcrypt is at work', async () => {
    const hash = '$2b$12$abcdefghijklmnopqrstuuJ8bRkLwTGaVpqRsN/c8vF7nqDz0Qx1S';
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 5);
    const started = performance.now();
    expect(await createPasswordHash().verify(hash, 'x')).to.deep.equal({ ok: false, rehash: false });
    clearInterval(timer);
    expect(longest).to.be.below((performance.now() - started) / 2);
  });

  it('take as long as nobody’s where they are wrong and quick to compute', async () => {
    const { hash } = MADE_ELSEWHERE.SSHA256 ?? { hash: '' };
    const known = await fastest(() => passwordHash.verify(hash, 'wrong'));
    const nobody = await fastest(() => passwordHash.verify(undefined, 'wrong'));
    expect(known / nobody).to.be.within(0.5, 2);
  });

  it('are not taken where each sign-in would keep the server busy', () => {
    const salt = 'c2FsdHNhbHQxMjM0NTY3OA';
    const sum = 'xrl5sSCSaM9dYRU+caSd2xVVuGlR8/P15bAdWrMKJ/w';
    for (const hash of [
      `$2b$15$${'a'.repeat(53)}`,
      `$2b$31$${'a'.repeat(53)}`,
      `$pbkdf2-sha256$i=2000001$${salt}$${sum}`,
      `$pbkdf2-sha256$9999999999$${salt}$${sum}`,
      `$argon2id$v=19$m=${256 * 1024 + 1},t=1,p=1$${salt}$${sum}`,
      `$argon2id$v=19$m=${256 * 1024},t=5,p=1$${salt}$${sum}`,
      `$argon2id$v=19$m=1024,t=65,p=1$${salt}$${sum}`,
      `$argon2id$v=19$m=1024,t=1,p=17$${salt}$${sum}`,
    ]) {
      expect(checkImportedHash(hash), hash).to.deep.equal({ ok: false, reason: 'too-costly' });
    }
  });

  it('are not taken where they are none, have no salt, or prove next to nothing', () => {
    const salt = 'c2FsdHNhbHQxMjM0NTY3OA';
    for (const hash of [
      '',
      'correct horse',
      '{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=',
      '{SSHA}5en6G6MezRroT3XKqkdPOmY/BfQ=',
      '{CLEARTEXT}secret',
      '{MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==',
      '$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/',
      '$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
      '$2b$05$short',
      `$pbkdf2-sha256$i=0$${salt}$${salt}`,
      `$pbkdf2-sha256$i=1000$${salt}$YQ`,
      `$pbkdf2-md5$i=1000$${salt}$${salt}`,
      `$argon2id$v=19$m=8,t=0,p=1$${salt}$${salt}`,
      `$argon2id$v=19$m=19456,t=2,p=1$${salt}$`,
      `$argon2id$v=19$m=19456,t=2,p=1,data=YQ$${salt}$${salt}`,
      `{SSHA}${'A'.repeat(2000)}`,
    ]) {
      expect(checkImportedHash(hash), hash).to.deep.equal({ ok: false, reason: 'unreadable' });
    }
  });
});
