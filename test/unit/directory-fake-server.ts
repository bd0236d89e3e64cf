// An LDAP server that misbehaves as a test wants it to, and directories that ask it.

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';

import { expect } from 'chai';
import type { z } from 'zod';

import type { LdapRequest } from '../../src/demo/directory/requests.ts';
import { readRequest } from '../../src/demo/directory/requests.ts';
import { writeEntry, writeResult, written } from '../../src/demo/directory/responses.ts';
import type { Directory } from '../../src/directory/directory.ts';
import type { LdapDirectoryOptions } from '../../src/directory/directory-ldap.ts';
import { createLdapDirectory } from '../../src/directory/directory-ldap.ts';
import { directorySettings } from '../../src/directory/directory-settings.ts';
import { messageSplitter } from '../../src/directory/ldap/ber.ts';
import { AppError } from '../../src/errors.ts';
import { atEnd } from '../support/global-teardown.ts';

export interface FakeServer {
  url: string;
  /** Connections that were made so far. */
  connections: readonly Socket[];
}

/** Runs until the last test is over. */
export async function fakeServer(onConnection: (socket: Socket) => void): Promise<FakeServer> {
  const connections: Socket[] = [];
  const server = createServer({ noDelay: true }, (socket) => {
    connections.push(socket);
    socket.on('error', () => socket.destroy());
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(async () => {
    server.close();
    for (const socket of connections) socket.destroy();
    await once(server, 'close');
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return { url: `ldap://127.0.0.1:${address.port}`, connections };
}

/** One that understands requests: `answer` gets each. */
export function answeringServer(answer: (request: LdapRequest, socket: Socket) => void): Promise<FakeServer> {
  return fakeServer((socket) => {
    const split = messageSplitter(1_000_000, (message) => answer(readRequest(message), socket));
    socket.on('data', split);
  });
}

/** What a sound server would do: takes every bind, and knows one person, `ann`. */
export function answerWell({ id, operation }: LdapRequest, socket: Socket): void {
  if (operation.kind === 'bind') socket.write(writeResult(id, 'bind', { code: 'success' }));
  if (operation.kind !== 'search') return;
  const attributes = [
    { name: 'uid', values: ['ann'] },
    { name: 'entryUUID', values: ['3a4d0f5e-6a0f-4f0a-9d5b-0a5f3a4d0f5e'] },
  ];
  socket.write(writeEntry(id, { dn: 'uid=ann,dc=fake,dc=test', attributes }));
  socket.write(writeResult(id, 'search', { code: 'success' }));
}

/** The answer to a bind (0x61), or the end of a search (0x65), with any code. */
export function result(id: number, operation: 0x61 | 0x65, code: number): Buffer {
  return written((writer) => {
    writer.writeInt(id);
    writer.startSequence(operation);
    writer.writeEnumeration(code);
    writer.writeString('');
    writer.writeString('');
    writer.endSequence();
  });
}

/** SearchResultReference (RFC 4511 4.5.3) */
export function reference(id: number, url: string): Buffer {
  return written((writer) => {
    writer.writeInt(id);
    writer.startSequence(0x73);
    writer.writeString(url);
    writer.endSequence();
  });
}

type Settings = z.input<typeof directorySettings>;
type Watching = Pick<LdapDirectoryOptions, 'observe' | 'serverChanged'>;

/** @throws AssertionError unless it ends in the fault of a directory that does not answer, for such a reason. */
export async function expectUnavailable(operation: Promise<unknown>, reason: RegExp): Promise<void> {
  const error = await operation.then(
    (answer) => new Error(`it answered ${JSON.stringify(answer)}`),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AppError)) throw error;
  expect(error).to.include({ code: 'directory_unavailable', status: 503 });
  expect(error.cause).to.be.instanceOf(Error).with.property('message').that.matches(reason);
}

/** Impatient, so that a test of time-outs is short. Closed after the last test. */
export function directoryAt(urls: string[], settings: Partial<Settings> = {}, watching: Watching = {}): Directory {
  const parsed = directorySettings.parse({
    urls,
    tls: { mode: 'none' },
    // It has no rules about failed binds that would be asked for first.
    preset: 'lldap',
    bindDn: 'cn=service,dc=fake,dc=test',
    baseDn: 'dc=fake,dc=test',
    connectTimeoutMs: 150,
    operationTimeoutMs: 150,
    ...settings,
  });
  const directory = createLdapDirectory({
    name: 'fake',
    settings: parsed,
    bindPassword: 'service-password',
    ...watching,
  });
  atEnd(() => directory.close());
  return directory;
}
