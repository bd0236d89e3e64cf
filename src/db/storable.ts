// What Postgres cannot store: NUL in any text, and half of a surrogate pair in JSON. Text that comes from outside passes here.

export function storableText(text: string): string {
  return text.replaceAll('\0', '').toWellFormed();
}

/** A value as JSON for a jsonb column. Texts in it are cut to `longestText` characters. */
export function storableJson(value: unknown, longestText = Infinity): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'string' ? storableText(member.slice(0, longestText)) : member,
  );
}
