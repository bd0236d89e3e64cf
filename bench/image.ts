// How the image runs Node, read off the Dockerfile: what is measured is what is run.

import { readFileSync } from 'node:fs';

const DOCKERFILE = new URL('../Dockerfile', import.meta.url);

/** `compileCache` stands for the image's own folder of compiled code. */
export function imageEnvironment(compileCache: string): Record<string, string> {
  const [, lines = ''] = /^ENV ((?:.*\\\n)*.*)$/m.exec(readFileSync(DOCKERFILE, 'utf8')) ?? [];
  const all = Object.fromEntries(
    [...lines.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g)].map(([, name, quoted, plain]) => [name, quoted ?? plain]),
  );
  const { NODE_OPTIONS, MALLOC_ARENA_MAX } = all;
  if (NODE_OPTIONS === undefined || MALLOC_ARENA_MAX === undefined)
    throw new Error('the Dockerfile sets no options for Node');
  return { NODE_OPTIONS, MALLOC_ARENA_MAX, NODE_COMPILE_CACHE: compileCache };
}
