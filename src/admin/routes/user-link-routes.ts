// One-time links for a user: to choose a password, or to set up a first second factor. Mailed to the person, or shown once to the
// administrator, who hands it over by a way of their own.

import { z } from 'zod';

import { LINK_PURPOSES } from '../../links/links.ts';
import type { LinkPurpose, LinkRefusal, Links, MadeLink } from '../../links/links.ts';
import type { SendLink } from '../../links/send-link.ts';
import type { Changes } from '../changes.ts';
import { Problem } from '../problem.ts';
import { idParam, route } from '../route.ts';
import type { AdminRoute, Answer, Call } from '../route.ts';
import { USER_PATH, subjectOf } from './user-target.ts';
import type { UserTargets } from './user-target.ts';

export interface UserLinkRoutesDeps {
  links: Pick<Links, 'make'>;
  sendLink: SendLink;
  userTargets: UserTargets;
  changes: Changes;
}

const body = z
  .strictObject({
    deliver: z.enum(['email', 'show']).default('email').describe('`show`: the answer has the link, this once'),
  })
  .meta({ id: 'OneTimeLinkRequest' });
const linkShape = z
  .strictObject({
    purpose: z.enum(LINK_PURPOSES),
    expiresAt: z.iso.datetime(),
    url: z.url().nullable().describe('Only where it was to be shown'),
  })
  .meta({ id: 'OneTimeLink' });

type LinkCall = Call<{ userId: string }, unknown, z.output<typeof body>>;

export function userLinkRoutes(deps: UserLinkRoutesDeps): AdminRoute[] {
  const common = {
    method: 'POST',
    tag: 'Users',
    description: 'It is good for 24 hours and for once. A new one voids the one before.',
    params: z.strictObject({ userId: idParam }),
    body,
    answer: linkShape,
  } as const;

  return [
    route(
      {
        ...common,
        id: 'sendPasswordLink',
        path: `${USER_PATH}:sendPasswordLink`,
        summary: 'Send a user a one-time link to choose a password',
        permission: 'users:write',
      },
      (call) => send(deps, call, 'password'),
    ),
    route(
      {
        ...common,
        id: 'sendEnrolmentLink',
        path: `${USER_PATH}:sendEnrolmentLink`,
        summary: 'Send a user a one-time link to set up a first second factor',
        permission: 'factors:write',
      },
      (call) => send(deps, call, 'enrolment'),
    ),
  ];
}

async function send(
  { links, sendLink, userTargets, changes }: UserLinkRoutesDeps,
  call: LinkCall,
  purpose: LinkPurpose,
): Promise<Answer<z.output<typeof linkShape>>> {
  const {
    tenant,
    params,
    body: { deliver },
  } = call;
  let made: MadeLink | undefined;
  const event = {
    type: 'user.link_sent',
    subject: subjectOf(params.userId),
    detail: { purpose, deliver },
  } as const;
  await changes.amend(call, 'POST', userTargets.target(call), event, async () => {
    await userTargets.managed(call);
    const user = await userTargets.existing(call);
    const outcome =
      deliver === 'show' ? await links.make(tenant, user, purpose) : await sendLink(tenant, user, purpose);
    if (!outcome.ok) throw problemOf(outcome);
    made = outcome.value;
  });
  if (!made) throw new Error('no link was made');
  const { url, expiresAt } = made;
  return { body: { purpose, expiresAt: expiresAt.toISOString(), url: deliver === 'show' ? url : null } };
}

function problemOf(
  refusal: { reason: LinkRefusal | 'no-address' | 'unreachable' } | { reason: 'too-many-sent'; retryAfter: number },
): Problem {
  switch (refusal.reason) {
    case 'not-local':
      return new Problem('owned-by-directory', 'The directory keeps the password of this user: it is changed there.');
    case 'wrong-state':
      return new Problem('wrong-state', 'This account is disabled, rejected, or not set up yet.');
    case 'no-address':
      return new Problem('wrong-state', 'No verified address of this user is known. Have the link shown instead.');
    case 'unreachable':
      return new Problem('wrong-state', 'Mail is not set up here. Have the link shown instead.');
    case 'too-many-sent': {
      const { retryAfter } = refusal;
      return new Problem('too-many-requests', 'Too many links were mailed to this address.', { retryAfter });
    }
  }
}
