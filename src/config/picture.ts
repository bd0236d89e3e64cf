/**
 * The media type of a picture by what is in it, whatever its name says; undefined if it is none that pages may show.
 * An SVG is only ever shown by `<img>`, where it runs no script and loads nothing (SVG Integration 2, secure static mode).
 */
export function mediaTypeOf(bytes: Buffer): string | undefined {
  if (bytes.subarray(0, 8).equals(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'))) return 'image/png';
  if (bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff]))) return 'image/jpeg';
  if (/^RIFF....WEBP/s.test(bytes.toString('latin1', 0, 12))) return 'image/webp';
  return isSvg(bytes.toString('utf8')) ? 'image/svg+xml' : undefined;
}

/** Its first element is `svg`, after whatever an XML document may begin with. */
function isSvg(text: string): boolean {
  const prolog = /^(?:\s+|<\?[^>]*\?>|<!--(?:[^-]|-(?!->))*-->|<!DOCTYPE[^>[]*(?:\[[^\]]*\])?\s*>)/;
  let rest = text.replace(/^\uFEFF/, '');
  for (let match = prolog.exec(rest); match; match = prolog.exec(rest)) rest = rest.slice(match[0].length);
  return /^<svg[\s>]/.test(rest);
}
