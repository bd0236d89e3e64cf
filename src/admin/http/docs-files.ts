// Swagger UI's two files, from the package as it is installed, read and compressed when somebody first looks at the documentation.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

import { z } from 'zod';

const TYPES = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
} as const;

type DocsFileName = keyof typeof TYPES;

export interface DocsFile {
  type: string;
  gzipped: Buffer;
}

export interface DocsFiles {
  /** Of the package; it is part of the addresses, so that they can be kept for ever. */
  version(): Promise<string>;
  file(name: string): Promise<DocsFile | undefined>;
}

export function createDocsFiles(): DocsFiles {
  const files = new Map<DocsFileName, Promise<DocsFile>>();
  let version: Promise<string> | undefined;
  return {
    version: () => (version ??= readVersion()),
    async file(name) {
      if (!isDocsFile(name)) return undefined;
      const file = files.get(name) ?? load(name);
      files.set(name, file);
      return file;
    },
  };
}

export function uncompressed({ gzipped }: DocsFile): Promise<Buffer> {
  return promisify(gunzip)(gzipped);
}

function isDocsFile(name: string): name is DocsFileName {
  return Object.hasOwn(TYPES, name);
}

async function load(name: DocsFileName): Promise<DocsFile> {
  return { type: TYPES[name], gzipped: await promisify(gzip)(await read(name)) };
}

async function readVersion(): Promise<string> {
  const { version } = z.object({ version: z.string() }).parse(JSON.parse((await read('package.json')).toString()));
  return version;
}

function read(name: string): Promise<Buffer> {
  return readFile(fileURLToPath(import.meta.resolve(`swagger-ui-dist/${name}`)));
}
