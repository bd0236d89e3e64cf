// Somebody new for each test, who adds, proves and changes second factors of several kinds.

import { expect } from 'chai';

import type { Database } from '../../src/db/database.ts';
import { createMemoryStore } from '../../src/ephemeral/ephemeral-memory.ts';
import type { EphemeralStore } from '../../src/ephemeral/ephemeral-store.ts';
import type { FactorRequest } from '../../src/second-factors/asked-challenges.ts';
import { createEmailCode } from '../../src/second-factors/email-code.ts';
import { createPasskey } from '../../src/second-factors/passkey.ts';
import { createRecoveryCodes } from '../../src/second-factors/recovery-codes.ts';
import type { SecondFactor } from '../../src/second-factors/second-factor.ts';
import { createPostgresSessions } from '../../src/sessions/sessions-postgres.ts';
import { aSubject, codeAt, secondFactors, totp } from './second-factors.ts';
import type { FactorProcess, Subject } from './second-factors.ts';

export const ORIGIN = 'https://id.example.com';
export const email = createEmailCode({ length: 6, life: 300 });
export const recoveryCodes = createRecoveryCodes({ key: Buffer.alloc(32, 7) });
export const passkey = createPasskey({
  rpId: 'id.example.com',
  rpName: 'Acme',
  origin: ORIGIN,
  attestation: 'none',
  denyAaguids: [],
});
export const refusal = (reason: string) => ({ ok: false, reason });

interface Finishing {
  first?: boolean;
  keptSession?: string;
}

interface Owner {
  ann: Subject;
  here: FactorProcess;
  store: EphemeralStore;
}

/** To be called in a suite. */
export function aFactorOwner({ db }: { db: () => Database }) {
  let current: Owner | undefined;
  beforeEach(async () => {
    const store = createMemoryStore();
    current = { ann: await aSubject(db()), here: secondFactors(db(), { store }), store };
  });
  function my(): Owner {
    if (!current) throw new Error('There is somebody only while tests run.');
    return current;
  }

  const user = () => ({ kind: 'user', id: my().ann.userId });
  const owned = async () => my().here.enrolments.list(my().ann.tenant.id, my().ann.userId);

  async function add(factor: SecondFactor, secret: string, more = {}): Promise<string> {
    const enrolment = { factor: factor.id, name: 'Mine', secret, ...more };
    const id = await my().here.enrolments.add(my().ann.tenant.id, my().ann.userId, enrolment);
    if (id === undefined) throw new Error('the tenant has it already');
    return id;
  }

  async function prove(factor: SecondFactor, answer: string, { by = my().here, context = 'login:one' } = {}) {
    return by.prove.answer({ ...(await by.request(factor, my().ann, context)), answer });
  }

  async function finish(factor: SecondFactor, answer: string, changes: Finishing = {}, by = my().here) {
    const form = { answer, name: 'Phone', first: false, keptSession: undefined, ...changes };
    return by.enrol.finish({ ...(await by.request(factor, my().ann)), ...form });
  }

  /** Begins with a passkey; answers what the browser is given. */
  async function creation(request: FactorRequest): Promise<string> {
    const current = await my().here.enrol.current(request);
    if (!current.ok || current.value?.factor !== 'passkey') throw new Error('no passkey is being made');
    return current.value.options;
  }

  /** Begins with an app; answers what it shows so many steps after noon. */
  async function beginTotp(by = my().here): Promise<(steps: number) => string> {
    const current = await by.enrol.current(await by.request(totp, my().ann));
    if (!current.ok || current.value?.factor !== 'totp') throw new Error('no app is being set up');
    const key = current.value.key.replaceAll(' ', '');
    return (steps) => codeAt(key, steps);
  }

  async function signInTwice(): Promise<void> {
    const sessions = createPostgresSessions(db());
    for (const uid of ['kept', 'other']) {
      await sessions.save(my().ann.tenant.id, {
        ...signedIn(uid, my().ann.userId),
        authorizations: {},
        removedClients: [],
      });
    }
    await my().here.trustedDevices.trust(my().ann.tenant.id, my().ann.userId, {
      name: 'Firefox',
      address: '192.0.2.1',
      days: 30,
    });
  }

  async function expectOthersGone(): Promise<void> {
    const sessions = createPostgresSessions(db());
    expect(await sessions.findByUid(my().ann.tenant.id, 'kept')).to.include({ userId: my().ann.userId });
    expect(await sessions.findByUid(my().ann.tenant.id, 'other')).to.equal(undefined);
    expect(await my().here.trustedDevices.list(my().ann.tenant.id, my().ann.userId)).to.deep.equal([]);
    const details = my().here.events.map(({ type, detail }) => [type, detail]);
    expect(details).to.deep.include(['session.ended', { sessions: ['other'] }]);
    expect(details).to.deep.include(['device.forgotten', { devices: 1 }]);
  }

  return {
    get ann() {
      return my().ann;
    },
    set ann(subject) {
      my().ann = subject;
    },
    get here() {
      return my().here;
    },
    set here(process) {
      my().here = process;
    },
    get store() {
      return my().store;
    },
    user,
    owned,
    add,
    prove,
    finish,
    creation,
    beginTotp,
    signInTwice,
    expectOthersGone,
  };
}

function signedIn(uid: string, userId: string) {
  const signIn = {
    userId,
    acr: 'sfa',
    amr: ['pwd'],
    authTime: 1,
    proofs: [],
    proofGeneration: 0,
    address: undefined,
    userAgent: undefined,
  };
  return { uid, id: `cookie of ${uid}`, signIn, idle: 60, absolute: 60 };
}
