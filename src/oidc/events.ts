// What the library reports by events, as audit events and metrics. It does not wait for a listener, so neither may fail here.

import type { KoaContextWithOIDC, Provider, errors } from 'oidc-provider';

import type { Audit, AuditEvent } from '../audit/audit.ts';
import { AppError } from '../errors.ts';
import { currentRequest } from '../http/request-context.ts';
import type { Log } from '../observability/log.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { Tenant } from '../tenants/tenants.ts';

export interface EventDeps {
  audit: Audit;
  metrics: Pick<Metrics, 'tokenGrantFinished'>;
  log: Log;
}

type Recorder = (event: Omit<AuditEvent, 'tenantId'>) => void;

export function reportEvents(provider: Provider, tenant: Tenant, { audit, metrics, log }: EventDeps): void {
  const record: Recorder = (event) => {
    audit.record({ ...event, tenantId: tenant.id }).catch((err: unknown) => {
      log.error({ err, event: event.type }, 'an audit event could not be written');
    });
  };
  const logOfRequest = () => currentRequest()?.log ?? log;

  reportGrants(provider, tenant, metrics, record);
  reportRefusals(provider, logOfRequest, record);

  provider.on('backchannel.error', (_ctx, err, { clientId: client }) => {
    logOfRequest().warn({ err, tenant: tenant.slug, client }, 'an application could not be told of a logout');
  });

  provider.on('server_error', (ctx, err) => {
    if (err instanceof AppError && err.status === 503) answerUnavailable(ctx, err);
    logOfRequest().error({ err, tenant: tenant.slug }, 'request failed');
  });
}

function reportGrants(provider: Provider, { slug: tenant }: Tenant, metrics: EventDeps['metrics'], record: Recorder) {
  provider.on('grant.success', (ctx) => {
    const grantType = grantTypeOf(ctx);
    metrics.tokenGrantFinished({ tenant, grantType, outcome: 'granted' });
    record({ type: 'token.issued', ...peopleOf(ctx), detail: { grantType, scope: scopeOf(ctx) } });
  });

  provider.on('grant.error', (ctx, err) => {
    const [grantType, outcome] = [grantTypeOf(ctx), outcomeOf(err)];
    metrics.tokenGrantFinished({ tenant, grantType, outcome });
    const detail = { grantType, error: outcome };
    record({ type: refusalType(err), ...peopleOf(ctx), reason: err.error_detail ?? outcome, detail });
  });

  provider.on('grant.revoked', (ctx, grantId) => {
    record({ type: 'grant.revoked', ...peopleOf(ctx), subject: { kind: 'grant', id: grantId } });
  });
}

function reportRefusals(provider: Provider, logOfRequest: () => Log, record: Recorder) {
  const requestRefused = (ctx: KoaContextWithOIDC, err: errors.OIDCProviderError) => {
    const fields = { client: ctx.oidc.client?.clientId, error: err.error, reason: err.error_description };
    logOfRequest().info({ ...fields, detail: err.error_detail }, 'protocol request refused');
  };
  provider.on('authorization.error', requestRefused);
  provider.on('end_session.error', requestRefused);

  // Wherever a client proves who it is, its secret can be guessed.
  const clientRefused = (ctx: KoaContextWithOIDC, err: errors.OIDCProviderError) => {
    requestRefused(ctx, err);
    if (refusalType(err) !== 'client.authentication_failed') return;
    const detail = { endpoint: ctx.oidc.route };
    record({ type: 'client.authentication_failed', ...peopleOf(ctx), reason: err.error_detail ?? err.error, detail });
  };
  provider.on('introspection.error', clientRefused);
  provider.on('revocation.error', clientRefused);
  provider.on('pushed_authorization_request.error', clientRefused);
}

/** The library knows 500 only; while storage or a directory is down, the client is to come back (RFC 6749 4.1.2.1). */
function answerUnavailable(ctx: KoaContextWithOIDC, error: AppError): void {
  ctx.status = error.status;
  if (error.retryAfter !== undefined) ctx.set('Retry-After', String(error.retryAfter));
  if (typeof ctx.body === 'object' && ctx.body !== null) {
    ctx.body = { error: 'temporarily_unavailable', error_description: error.publicMessage };
  }
}

function refusalType(err: { error?: string; error_detail?: string | undefined }): AuditEvent['type'] {
  if (err.error === 'invalid_client') return 'client.authentication_failed';
  if (err.error_detail === 'refresh token already used') return 'refresh_token.reused';
  if (err.error_detail === 'authorization code already consumed') return 'code.reused';
  return 'token.refused';
}

function outcomeOf(err: Error): string {
  return 'error' in err && typeof err.error === 'string' ? err.error : 'server_error';
}

function grantTypeOf({ oidc }: KoaContextWithOIDC): string {
  return typeof oidc.params?.grant_type === 'string' ? oidc.params.grant_type : 'none';
}

function scopeOf({ oidc }: KoaContextWithOIDC): string {
  return oidc.entities.AccessToken?.scope ?? oidc.entities.ClientCredentials?.scope ?? '';
}

function peopleOf({ oidc }: KoaContextWithOIDC): Pick<AuditEvent, 'actor' | 'subject'> {
  const { client, account } = oidc;
  return {
    ...(client && { actor: { kind: 'client', id: client.clientId } }),
    ...(account && { subject: { kind: 'user', id: account.accountId } }),
  };
}
