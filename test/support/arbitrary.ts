// Values that a JSON schema allows, and now and then one that it does not, the same ones for the same seed.

import type { Document, Schema } from './openapi.ts';

export interface Arbitrary {
  /** A whole number below the limit. */
  below(limit: number): number;
  oneOf<T>(values: readonly T[]): T;
  /** One time in so many. */
  once(inTimes: number): boolean;
  /** @param name of the member that it is for */
  valueOf(schema: Schema, name?: string): unknown;
  text(): string;
}

const TEXTS = [
  ...[
    '',
    ' ',
    'a',
    'name',
    "O'Brien",
    '\0',
    '\ud800',
    'a\u0000b',
    '\u202eevil',
    '𝔘nicode',
    '\r\nX: 1',
    'x'.repeat(3000),
  ],
  ...[
    '../../etc/passwd',
    '<script>alert(1)</script>',
    '{{7*7}}',
    '%s%n',
    'null',
    '__proto__',
    'constructor',
    '*',
    '*:*',
  ],
  ...['users:read', 'owner', 'totp', '1', '-1', '2026-01-31T12:00:00Z', '9999-12-31T23:59:59Z', '0000-01-01T00:00:00Z'],
  ...[
    'https://app.example/callback',
    'http://[::1]:99999/',
    'javascript:alert(1)',
    'a@b.example',
    '+41791234567',
    '#fff',
    'en',
  ],
];
const NUMBERS = [0, 1, -1, 2, 60, 3600, 1.5, 1e9, 2 ** 31, 2 ** 53, 1e308, -1e308];

/** @param known texts that mean something where this is sent, as ids */
export function arbitrary(
  below: (limit: number) => number,
  document: Document,
  known: () => readonly string[],
): Arbitrary {
  const oneOf = <T>(values: readonly T[]): T => {
    const value = values[below(values.length)];
    if (value === undefined) throw new Error('there is nothing to choose from');
    return value;
  };
  const once = (inTimes: number) => below(inTimes) === 0;
  const text = () => (once(3) ? oneOf([...known(), 'x']) : oneOf(TEXTS));
  const anything = (): unknown => oneOf([null, true, 1, -1.5, text(), [], [text()], {}, { [text()]: text() }]);

  function valueOf(schema: Schema, name = ''): unknown {
    if (once(25)) return anything();
    const { $ref: reference } = schema;
    if (reference !== undefined)
      return valueOf(document.components?.schemas?.[reference.split('/').at(-1) ?? ''] ?? {}, name);
    if (schema.const !== undefined) return schema.const;
    if (schema.enum) return oneOf(schema.enum);
    const branches = schema.anyOf ?? schema.oneOf;
    if (branches) return valueOf(oneOf(branches), name);
    if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => valueOf(part, name)));
    return plain(schema, typeof schema.type === 'object' ? oneOf(schema.type) : schema.type, name);
  }

  function plain(schema: Schema, type: string | undefined, name: string): unknown {
    switch (type) {
      case 'object':
        return objectOf(schema);
      case 'array':
        return Array.from({ length: below(4) }, () => valueOf(schema.items ?? {}, name));
      case 'boolean':
        return once(2);
      case 'integer':
      case 'number':
        return oneOf(NUMBERS);
      case 'null':
        return null;
      case 'string':
        return ofFormat(schema);
      default:
        return anything();
    }
  }

  function ofFormat({ format, examples }: Schema): unknown {
    if (examples && once(2)) return oneOf(examples);
    if (format === 'uuid' && !once(5)) return oneOf([...known(), '0190a000-0000-7000-8000-000000000000']);
    if (format === 'date-time' && once(2)) return new Date(1.8e12 + below(1e9)).toISOString();
    return text();
  }

  function objectOf({ properties = {}, required = [], additionalProperties }: Schema): object {
    const members = Object.entries(properties).filter(([name]) => (required.includes(name) ? !once(30) : once(3)));
    const more = additionalProperties === undefined || additionalProperties === false ? once(30) : once(2);
    const schema = typeof additionalProperties === 'object' ? additionalProperties : {};
    return Object.fromEntries([
      ...members.map(([name, member]) => [name, valueOf(member, name)] as const),
      ...(more ? [[text(), valueOf(schema)] as const] : []),
    ]);
  }

  return { below, oneOf, once, valueOf, text };
}
