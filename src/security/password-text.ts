/** In bytes of UTF-8: more than any password has that is kept here, and no work for a server to look at. */
const LONGEST_PASSWORD = 1024;

/**
 * Whether this can be anybody's password, and so may be sent to a directory at all. An empty one makes an anonymous bind that
 * succeeds (RFC 4513 5.1.2), and a server that reads C strings takes one that begins with a NUL for empty. Half a surrogate pair
 * becomes another character on its way.
 */
export function isPassword(text: string): boolean {
  const isText = text !== '' && !text.includes('\0') && text.isWellFormed();
  return isText && Buffer.byteLength(text) <= LONGEST_PASSWORD;
}
