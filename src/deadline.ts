import { storageUnavailable } from './errors.ts';

/** What `answer` comes to, if it does so in time; else AppError `storage_unavailable`. */
export async function answerWithin<T>(timeoutMs: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(storageUnavailable(new Error(`No answer within ${timeoutMs} ms.`))), timeoutMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
