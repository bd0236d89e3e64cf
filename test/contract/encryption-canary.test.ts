import { expect } from 'chai';

import { openPostgres } from '../../src/db/database-postgres.ts';
import type { Database } from '../../src/db/database.ts';
import { AppError } from '../../src/errors.ts';
import { assertEncryptionKeys } from '../../src/security/encryption-canary.ts';
import { createEncryption } from '../../src/security/encryption.ts';
import type { EncryptionKey } from '../../src/security/encryption.ts';
import { testDatabaseUrl } from '../support/postgres.ts';

describe('the encryption keys that a database was written with', () => {
  const k1 = { id: 'k1', secret: 'the first secret, of 32 characters' };
  const k2 = { id: 'k2', secret: 'the second secret, of 32 characters' };
  const wrongK1 = { id: 'k1', secret: 'not the first secret, but as long' };
  let db: Database;

  before(async () => {
    db = openPostgres({ url: await testDatabaseUrl() });
  });
  after(() => db.close());
  beforeEach(() => db.query('delete from encryption_canaries'));

  const start = (...keys: EncryptionKey[]) => assertEncryptionKeys(db, createEncryption(keys));
  const canaries = () => db.query('select key_id, ciphertext from encryption_canaries order by key_id');

  async function refusalOf(...keys: EncryptionKey[]): Promise<string> {
    const error: unknown = await start(...keys).catch((reason: unknown) => reason);
    if (!(error instanceof AppError)) throw new Error('it started');
    expect(error.code).to.equal('invalid_configuration');
    for (const { secret } of keys) expect(error.message).not.to.contain(secret);
    return error.message;
  }

  it('are noted at the first start and pass at each later one', async () => {
    await start(k1);
    const noted = await canaries();
    expect(noted).to.have.lengthOf(1);
    await start(k1);
    expect(await canaries()).to.deep.equal(noted);
  });

  it('are noted once by processes that start at once', async () => {
    await Promise.all(Array.from({ length: 10 }, () => start(k1)));
    expect(await canaries()).to.have.lengthOf(1);
  });

  it('let only one of two processes start that begin with different secrets', async () => {
    const starts = await Promise.allSettled([start(k1), start(wrongK1)]);
    expect(starts.map((each) => each.status).sort()).to.deep.equal(['fulfilled', 'rejected']);
  });

  it('refuse another secret under the same id, and are not replaced', async () => {
    await start(k1);
    const noted = await canaries();
    expect(await refusalOf(wrongK1)).to.contain('the secret of encryption key k1 is not the one');
    expect(await canaries()).to.deep.equal(noted);
    await start(k1);
  });

  it('rotate: a new key in either place, then the old one behind it', async () => {
    await start(k1);
    await start(k1, k2);
    await start(k2, k1);
    expect(await refusalOf(k2, wrongK1))
      .to.contain('k1')
      .and.not.contain('k2');
  });

  it('refuse to be left out while the database knows them', async () => {
    await start(k2, k1);
    expect(await refusalOf(k2)).to.contain('written with encryption key k1, which is not configured');
  });

  it('refuse a canary that was put in another’s place', async () => {
    await start(k1, k2);
    await db.query(
      `update encryption_canaries a set ciphertext = b.ciphertext from encryption_canaries b where a.key_id <> b.key_id`,
    );
    expect(await refusalOf(k1, k2))
      .to.contain('key k1')
      .and.contain('key k2');
  });
});
