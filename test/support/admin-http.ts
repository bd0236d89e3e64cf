// The admin API as a program uses it, at a running server.

import { randomUUID } from 'node:crypto';

import { ADMIN_PERMISSIONS } from '../../src/admin/permissions.ts';
import { runSallyport } from './sallyport.ts';
import type { Sallyport } from './sallyport.ts';

/** Makes a key of the tenant on the command line. */
export async function apiKeyOf(
  { configFile }: Pick<Sallyport, 'configFile'>,
  slug: string,
  permissions: readonly string[] = ADMIN_PERMISSIONS,
): Promise<string> {
  const members = [`name=${randomUUID()}`, `permissions:=${JSON.stringify(permissions)}`];
  const args = ['api-keys', 'create', '-t', slug, ...members, '--json', '--config', configFile];
  const { code, output } = await runSallyport(args);
  if (code !== 0) throw new Error(output);
  const [, key] = /"key": ?"(sp_[^"]+)"/.exec(output) ?? [];
  if (key === undefined) throw new Error(output);
  return key;
}

export interface ApiQuestion {
  method?: string;
  headers?: Record<string, string>;
  /** As JSON. */
  json?: unknown;
  /** As it is. */
  body?: string;
}

export interface ApiAnswer {
  status: number;
  headers: Headers;
  text: string;
  /** Of JSON; undefined where there is none. */
  body: Record<string, unknown> & { code?: string; items?: Record<string, unknown>[]; nextPageToken?: string };
}

export type ApiClient = (path: string, question?: ApiQuestion) => Promise<ApiAnswer>;

/** @param path below `/admin/v1`. */
export function apiClient(publicUrl: string, key: string | undefined): ApiClient {
  return async (path, { method, headers = {}, json, body } = {}) => {
    const sent = json === undefined ? body : JSON.stringify(json);
    const response = await fetch(`${publicUrl}/admin/v1${path}`, {
      method: method ?? (sent === undefined ? 'GET' : 'POST'),
      headers: {
        ...(key !== undefined && { Authorization: `Bearer ${key}` }),
        ...(sent !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(sent !== undefined && { body: sent }),
    });
    const text = await response.text();
    const isJson = /json\b/.test(response.headers.get('Content-Type') ?? '') && text !== '';
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : {} };
  };
}
