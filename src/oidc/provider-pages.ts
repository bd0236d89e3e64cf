// The pages that the library asks for, as ours.

import { errors } from 'oidc-provider';
import type { KoaContextWithOIDC } from 'oidc-provider';

import type { Clients } from '../clients/clients.ts';
import { AppError } from '../errors.ts';
import { currentRequest } from '../http/request-context.ts';
import { leadOnTo } from '../http/send-page.ts';
import type { PageSender } from '../http/send-page.ts';
import { homeOf, requireSite } from '../http/tenant-context.ts';
import { wayOn } from '../http/way-on.ts';
import type { Users } from '../users/users.ts';
import type { ProviderPages } from './provider.ts';
import { loginNameOf } from '../users/users.ts';

export interface ProviderPageDeps {
  sender: PageSender;
  users: Pick<Users, 'find'>;
  clients: Pick<Clients, 'find'>;
}

export function createProviderPages({ sender, users, clients }: ProviderPageDeps): ProviderPages {
  return {
    async error(ctx, protocolCode, error) {
      const fault = error instanceof AppError ? error : undefined;
      if (fault) ctx.status = fault.status;
      // The library's word for a login that is over, was begun elsewhere or never was.
      const expired = error instanceof errors.SessionNotFound;
      if (expired) leadOnTo(ctx, wayOn(requireSite(ctx), await clientOf(ctx)));
      const html = sender.renderErrorPage(ctx, {
        status: ctx.status,
        code: fault?.code ?? (expired ? 'login_expired' : protocolCode),
        retryAfter: fault?.retryAfter,
        received: protocolCode === 'invalid_redirect_uri' ? textOf(ctx.oidc.params?.redirect_uri) : undefined,
        requestId: currentRequest()?.requestId ?? '',
        time: new Date(),
      });
      ctx.type = 'html';
      ctx.body = html;
    },

    async confirmLogout(ctx, form, confirmed) {
      const site = requireSite(ctx);
      const user = await users.find(site.tenant.id, ctx.oidc.session?.accountId ?? '');
      const app = ctx.oidc.client?.clientName;
      const data = { ...form, confirmed, stayUrl: homeOf(site), app, user: user && loginNameOf(user) };
      sender.sendPage(ctx, 'logout/confirm', data);
    },

    loggedOut(ctx) {
      const { homeUrl } = requireSite(ctx).tenant.settings;
      sender.sendPage(ctx, 'logout/done', { app: appOf(ctx), homeUrl });
    },
  };

  /** Known where the browser has a login under way, though another one than it asks for. */
  async function clientOf(ctx: KoaContextWithOIDC) {
    const clientId = textOf(ctx.oidc.entities.Interaction?.params.client_id);
    return clientId === undefined ? undefined : clients.find(requireSite(ctx).tenant.id, clientId);
  }
}

function appOf({ oidc: { client } }: KoaContextWithOIDC): { name: string; url: string } | undefined {
  const url = client?.initiateLoginUri ?? client?.clientUri;
  return client?.clientName !== undefined && url !== undefined ? { name: client.clientName, url } : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
