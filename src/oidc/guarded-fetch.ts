/**
 * Fetches what a client's registration points to. The library guards it against addresses that are nobody's to point to
 * (loopback, private, link-local …) by the `dispatcher` that it passes along, and goes on without one where a release of Node
 * has moved what that is made of: then nothing is fetched at all.
 */
export const guardedFetch: typeof fetch = async (url, options) => {
  if (!options?.dispatcher)
    throw new Error('nothing is fetched for a client, for the guard of private addresses is missing');
  return fetch(url, options);
};
