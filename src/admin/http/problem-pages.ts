// What the `type` of a problem document leads to: for each code a page that says what it means and what to do. In English, as the
// API's own words are; docs/problems.md says the same.

import { PROBLEMS, PROBLEM_CODES } from '../problem.ts';
import type { ProblemCode } from '../problem.ts';

/** What it means, then what to do. */
export const EXPLANATIONS: Readonly<Record<ProblemCode, readonly [meaning: string, remedy: string]>> = {
  'invalid-request': [
    'A parameter or member is missing, unknown, given twice or not of its type. Members that a resource does not have are refused, so that a typing error does not pass for a change.',
    'Read errors: each names a parameter, or a place in the body as a JSON pointer, and says what is wrong there.',
  ],
  'invalid-filter': [
    'The filter is not in SCIM’s grammar, names a field that this list cannot be filtered by, compares it with something of another type, or asks for what takes too long to find.',
    'The document at /admin/v1/openapi.json lists the fields and operators of each list. A filter that is too slow becomes fast with eq or sw on a name.',
  ],
  'invalid-sort': [
    'Lists are sorted only by fields for which there is an index.',
    'Take one of the fields that errors names, with - before it for the last first.',
  ],
  'invalid-page-token': [
    'A page token is good for the list that gave it: the same path, filter and sort. It cannot be made or changed elsewhere.',
    'Send the nextPageToken of the page before with the same filter and sort, or begin again without it.',
  ],
  'invalid-json': [
    'The body is no JSON in UTF-8, or has more than twenty levels.',
    'Check what is sent: a comma too many, a text without its end, another encoding.',
  ],
  unauthenticated: [
    'There is no access token or API key, or it is not good here: expired, revoked, of another audience, bound to a key that was not proven.',
    'Send Authorization: Bearer with an access token for the resource {publicUrl}/admin, or with an API key. An ID token is neither.',
  ],
  'insufficient-user-authentication': [
    'The tenant asks for a second factor of the last five minutes before anything is changed (RFC 9470).',
    'Send the person to sign in again with the acr_values and max_age that WWW-Authenticate names, then repeat the request with the new token.',
  ],
  'permission-denied': [
    'Whoever called is known, but does not hold the permission that this route needs.',
    'WWW-Authenticate names it. An administrator who holds it can give a role with it; a token has to be asked for with its scope as well.',
  ],
  'grant-exceeds-own': [
    'Nobody gives, directly or by way of a group, role, client or key, a permission that they do not hold, nor changes somebody who holds more.',
    'Have somebody do it who holds everything that would be given.',
  ],
  'not-found': [
    'There is no such thing, or it belongs to a tenant that the caller does not administer. Which of the two is not told.',
    'Check the address and the ids in it, and the tenant of the token or key.',
  ],
  'method-not-allowed': [
    'The address is there, but not for this method.',
    'The header Allow lists the ones that it has.',
  ],
  conflict: [
    'Something else has the name already, or still needs what was to go.',
    'The detail says which. Change or remove that one first, or choose another name.',
  ],
  'owned-by-file': [
    'What the configuration file declares is put back from it at every start, so it is changed nowhere else.',
    'Change the file and start again, or take it out of the file: from then on the API owns it.',
  ],
  'owned-by-directory': [
    'The directory owns this: what was changed here would be gone with the next look there.',
    'Change it in the directory. What belongs to Sallyport, as roles and second factors, can be changed here.',
  ],
  'built-in': [
    'It comes with the program and is the same for every tenant.',
    'Make one of your own: a role may inherit from a built-in one.',
  ],
  'last-owner': [
    'A tenant without an owner could be administered by nobody of its own.',
    'Give the role owner to somebody else first: a group of a directory does not count.',
  ],
  'wrong-state': [
    'The thing is there, but what was asked makes no sense as it stands: to approve somebody who is not pending, for one.',
    'Read it again; its status says what can be done.',
  ],
  'precondition-failed': [
    'Somebody has changed it since it was read, so the change might undo theirs without anybody noticing.',
    'Read it again, apply the change to what it is now, and send the new ETag in If-Match.',
  ],
  'payload-too-large': [
    'A body of JSON may have one mebibyte.',
    'Send less at once. Many users go through the import, which reads a stream.',
  ],
  'unsupported-media-type': [
    'The body is of a type, encoding or compression that this route does not read.',
    'The header Accept of the answer lists the types. Send it in UTF-8, not compressed.',
  ],
  'idempotency-key-reused': [
    'The Idempotency-Key was sent before with another method, address or body. Answering the first request’s answer would be wrong for this one.',
    'Make a new key for each new request, and keep it only to repeat that very request.',
  ],
  'precondition-required': [
    'A PUT, PATCH or DELETE has to say which state it is for, so that two administrators do not overwrite each other.',
    'Read the thing first and send its ETag in If-Match; * is for whatever is there.',
  ],
  'too-many-requests': [
    'One caller may send 1,200 requests a minute and eight at once, a tenant sixteen at once, besides two imports and two exports; and a network from which a hundred tokens or keys were not good waits five minutes.',
    'Wait for as many seconds as Retry-After says. Larger pages and the import need fewer requests.',
  ],
  internal: [
    'Something went wrong on our side, and whoever runs the server finds it in the log.',
    'Tell them the requestId. A POST can be repeated safely with the same Idempotency-Key.',
  ],
  unavailable: [
    'The database, the ephemeral store or the directory does not answer, or the server has too much to do. Nothing was changed.',
    'Try again after as many seconds as Retry-After says, a POST with the same Idempotency-Key.',
  ],
};

export interface ProblemPageData {
  code: string;
  title: string;
  status: number;
  meaning: string;
  remedy: string;
}

export function problemPages(): readonly ProblemPageData[] {
  return PROBLEM_CODES.map((code) => {
    const [meaning, remedy] = EXPLANATIONS[code];
    return { code, ...PROBLEMS[code], meaning, remedy };
  });
}
