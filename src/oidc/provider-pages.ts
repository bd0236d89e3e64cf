// The pages that the library asks for, as ours.

import type { KoaContextWithOIDC } from 'oidc-provider';

import { AppError } from '../errors.ts';
import { currentRequest } from '../http/request-context.ts';
import type { PageSender } from '../http/send-page.ts';
import type { Tenant } from '../tenants/tenants.ts';
import type { Users } from '../users/users.ts';
import type { ProviderPages } from './provider.ts';

export function createProviderPages(sender: PageSender, tenant: Tenant, users: Pick<Users, 'find'>): ProviderPages {
  return {
    error(ctx, protocolCode, error) {
      const fault = error instanceof AppError ? error : undefined;
      if (fault) ctx.status = fault.status;
      const html = sender.renderErrorPage(ctx, {
        status: ctx.status,
        code: fault?.code ?? protocolCode,
        retryAfter: fault?.retryAfter,
        received: protocolCode === 'invalid_redirect_uri' ? textOf(ctx.oidc.params?.redirect_uri) : undefined,
        requestId: currentRequest()?.requestId ?? '',
        time: new Date(),
      });
      ctx.type = 'html';
      ctx.body = html;
    },

    async confirmLogout(ctx, form, confirmed) {
      const user = await users.find(tenant.id, ctx.oidc.session?.accountId ?? '');
      const app = ctx.oidc.client?.clientName;
      sender.sendPage(ctx, 'logout/confirm', { ...form, confirmed, app, user: user?.username });
    },

    loggedOut(ctx) {
      sender.sendPage(ctx, 'logout/done', { app: appOf(ctx), homeUrl: tenant.settings.homeUrl });
    },
  };
}

function appOf({ oidc: { client } }: KoaContextWithOIDC): { name: string; url: string } | undefined {
  const url = client?.initiateLoginUri ?? client?.clientUri;
  return client?.clientName !== undefined && url !== undefined ? { name: client.clientName, url } : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
