import { z } from 'zod';

const most = 100;

/** Some people of a tenant, as a rule names them. */
export const whom = z
  .strictObject({
    groups: z
      .array(z.string().min(1).max(2000))
      .max(most)
      .default([])
      .describe('Members of these, by name, DN or id, or as local:name'),
    roles: z.array(z.string().min(1).max(200)).max(most).default([]).describe('Holders of these'),
  })
  .refine(({ groups, roles }) => groups.length + roles.length > 0, {
    path: ['groups'],
    message: 'name a group or a role',
  });
