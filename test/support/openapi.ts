// An OpenAPI document as tests walk through it: every operation, with a request that would be good.

export interface Operation {
  id: string;
  method: string;
  /** With `{names}`. */
  path: string;
  permission: string | undefined;
  /** Names in the path, in its order. */
  params: readonly string[];
  query: readonly { name: string; schema: Schema; description?: string }[];
  /** Media type and schema of the body, if there is one. */
  body: { type: string; schema: Schema } | undefined;
  /** By status; without a schema where there is nothing to read, or no JSON. */
  answers: Readonly<Record<string, Schema | undefined>>;
}

/** What of JSON Schema 2020-12 the document uses. */
export interface Schema {
  $ref?: string;
  type?: string | readonly string[];
  const?: unknown;
  enum?: readonly unknown[];
  format?: string;
  pattern?: string;
  minLength?: number;
  minimum?: number;
  properties?: Record<string, Schema>;
  required?: readonly string[];
  items?: Schema;
  additionalProperties?: Schema | boolean;
  minItems?: number;
  anyOf?: readonly Schema[];
  oneOf?: readonly Schema[];
  allOf?: readonly Schema[];
  examples?: readonly unknown[];
}

export interface Document {
  paths: Record<string, Record<string, RawOperation>>;
  components?: { schemas?: Record<string, Schema> };
}

interface RawOperation {
  operationId: string;
  'x-permission'?: string;
  parameters?: readonly { in: string; name: string; schema: Schema; description?: string }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}

export function operationsOf({ paths }: Document): Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const [body] = Object.entries(operation.requestBody?.content ?? {});
      return {
        id: operation.operationId,
        method: method.toUpperCase(),
        path,
        permission: operation['x-permission'],
        params: [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name),
        query: (operation.parameters ?? []).filter((one) => one.in === 'query'),
        body: body && { type: body[0], schema: body[1].schema },
        answers: Object.fromEntries(
          Object.entries(operation.responses).map(([status, { content }]) => [
            status,
            (content?.['application/json'] ?? content?.['application/problem+json'])?.schema,
          ]),
        ),
      };
    }),
  );
}

/** The least value that the schema allows; `ofFormat` says what to put where it asks for, say, a `uuid`. */
export function sampleOf(
  schema: Schema,
  document: Document,
  ofFormat: (format: string, name: string) => unknown,
): unknown {
  const sample = (one: Schema, name: string): unknown => {
    const { $ref: reference } = one;
    if (reference !== undefined) {
      const known = document.components?.schemas?.[reference.split('/').at(-1) ?? ''];
      return known && sample(known, name);
    }
    if (one.const !== undefined) return one.const;
    if (one.enum) return one.enum[0];
    if (one.examples) return one.examples[0];
    const [branch] = one.anyOf ?? one.oneOf ?? [];
    if (branch) return sample(branch, name);
    if (one.allOf) return Object.assign({}, ...one.allOf.map((part) => sample(part, name)));
    return plainSample(one, name);
  };

  function plainSample(one: Schema, name: string): unknown {
    const type = typeof one.type === 'object' ? one.type[0] : one.type;
    switch (type) {
      case 'object':
        return Object.fromEntries(
          (one.required ?? []).map((member) => [member, sample(one.properties?.[member] ?? {}, member)]),
        );
      case 'array':
        return one.minItems !== undefined && one.items ? [sample(one.items, name)] : [];
      case 'boolean':
        return false;
      case 'integer':
      case 'number':
        return one.minimum ?? 1;
      case 'null':
        return null;
      default:
        return ofFormat(one.format ?? 'text', name);
    }
  }
  return sample(schema, '');
}
