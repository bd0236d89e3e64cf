/**
 * The path of a login's page within its tenant, or of a form below it. The app stays in the query, so that a page whose login
 * is long gone still leads back to it.
 */
export function interactionPath(uid: string, clientId: string, form?: string): string {
  const path = form === undefined ? uid : `${uid}/${form}`;
  return `/interaction/${path}?${new URLSearchParams({ client_id: clientId }).toString()}`;
}
