// One bcrypt comparison, in a thread of its own: the library is JavaScript, and would keep everybody else waiting.

import { parentPort, workerData } from 'node:worker_threads';

import { compareSync } from 'bcryptjs';
import { z } from 'zod';

const { hash, password } = z.object({ hash: z.string(), password: z.string() }).parse(workerData);
parentPort?.postMessage(compareSync(password, hash));
