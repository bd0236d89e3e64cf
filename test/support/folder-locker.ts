// Says "up", takes the lock of a folder when the file `go` appears beside it, says "locked" or why not, and stays.

import { existsSync } from 'node:fs';
import { lockFolder } from '../../src/db/folder-lock.ts';

const folder = process.argv[2] ?? '';
process.stdout.write('up\n');
while (!existsSync(`${folder}.go`)) await new Promise((resolve) => setTimeout(resolve, 1));
const outcome = await lockFolder(folder).then(
  () => 'locked',
  (error: unknown) => String(error),
);
process.stdout.write(`${outcome}\n`);
setInterval(() => undefined, 60_000);
