// The routes as they are declared, over a storage that is never asked: enough for names, help and completion, which need neither a
// configuration nor a database.

import { randomBytes } from 'node:crypto';

import type { AdminRoute } from '../../admin/route.ts';
import { loadConfiguration } from '../../config.ts';
import type { OpenDatabase } from '../../db/pooled-database.ts';
import { createEncryption } from '../../security/encryption.ts';
import { composeAdministration } from './administration.ts';

export async function declaredRoutes(): Promise<readonly AdminRoute[]> {
  const key = { id: 'none', secret: randomBytes(32).toString('base64') };
  const overrides = { publicUrl: 'http://localhost', encryption: { keys: [key] } };
  const loaded = loadConfiguration({ env: {}, overrides });
  if (!loaded.ok) throw new Error('the least configuration that there is cannot be used');
  const storage = { db: closedDatabase(), encryption: createEncryption([key]) };
  const { admin, close } = await composeAdministration(storage, loaded.configuration);
  await close();
  return admin.routes;
}

function closedDatabase(): OpenDatabase {
  const refuse = () => Promise.reject(new Error('this database is never opened'));
  return {
    kind: 'postgres',
    query: refuse,
    queryOnce: refuse,
    one: refuse,
    unitOfWork: refuse,
    ping: refuse,
    poolUse: () => ({ used: 0, free: 0, pending: 0 }),
    close: () => Promise.resolve(),
    withKnex: refuse,
  };
}
