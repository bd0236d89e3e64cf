// The border where outside input becomes typed values: a zod schema for each form.

import type { z } from 'zod';
import { AppError } from '../errors.ts';

/**
 * `input` as `schema` has it.
 *
 * @throws AppError `invalid_form` that names the fields and what is wrong with them, never their values.
 */
export function checkInput<Schema extends z.ZodType>(input: unknown, schema: Schema): z.output<Schema> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new AppError('invalid_form', 400, 'Something in the form is missing or wrong.', {
    fields: result.error.issues.map(({ path, code }) => ({ field: path.join('.'), problem: code })),
  });
}
