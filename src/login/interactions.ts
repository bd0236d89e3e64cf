// The border between a login's pages and the protocol library's interaction: found by the browser's own cookie, its forms
// checked, its result handed back.

import type { Context } from 'koa';
import { errors } from 'oidc-provider';
import type { InteractionResults } from 'oidc-provider';
import type { z } from 'zod';

import type { Client, Clients } from '../clients/clients.ts';
import { AppError } from '../errors.ts';
import { inLanguage, uiLocalesOf } from '../http/language-picker.ts';
import { readForm } from '../http/read-form.ts';
import type { PageSender } from '../http/send-page.ts';
import { leadOnTo } from '../http/send-page.ts';
import { pathIn, requireSite } from '../http/tenant-context.ts';
import type { TenantSite } from '../http/tenant-context.ts';
import { wayOn } from '../http/way-on.ts';
import { csrfToken } from '../security/browser-protection.ts';
import { interactionPath } from './interaction-path.ts';

type LibraryInteraction = Awaited<ReturnType<TenantSite['provider']['interactionDetails']>>;

/** One login under way in this browser. */
export interface Interaction {
  site: TenantSite;
  details: LibraryInteraction;
  client: Client | undefined;
  /** What the application calls itself. */
  app: string | undefined;
  /** The languages that the application asks for (OpenID Connect Core 3.1.2.1). */
  uiLocales: string | undefined;
  /** The browser's path of the login page, or of a form below it; in the language that was picked on the way here, if any. */
  path(form?: string): string;
  csrf: string;
}

export interface Interactions {
  /** @throws AppError `login_expired` where this browser has no such login, leading on to where it came from. */
  find(ctx: Context): Promise<Interaction>;
  /** Its form, from this browser and this site. @throws AppError `forbidden_origin`, `invalid_form`. */
  form<S extends z.ZodType>(ctx: Context, interaction: Interaction, schema: S): Promise<z.output<S>>;
  /** Ends it: the browser goes on to where the library resumes. */
  leave(
    ctx: Context,
    interaction: Interaction,
    result: InteractionResults,
    options?: { keepLogin: boolean },
  ): Promise<void>;
}

export interface InteractionDeps {
  clients: Clients;
  sender: PageSender;
}

export function createInteractions({ clients, sender }: InteractionDeps): Interactions {
  async function expired(ctx: Context, site: TenantSite, cause: unknown): Promise<AppError> {
    const { client_id: clientId } = ctx.query;
    const client = typeof clientId === 'string' ? await clients.find(site.tenant.id, clientId) : undefined;
    leadOnTo(ctx, wayOn(site, client));
    return new AppError('login_expired', 400, 'This sign-in has expired or was begun in another browser.', { cause });
  }

  return {
    async find(ctx) {
      const site = requireSite(ctx);
      const details = await site.provider.interactionDetails(ctx.req, ctx.res).catch(async (error: unknown) => {
        throw error instanceof errors.SessionNotFound ? await expired(ctx, site, error) : error;
      });
      if (details.uid !== ctx.params.uid) throw await expired(ctx, site, undefined);
      const client = await clients.find(site.tenant.id, String(details.params.client_id));
      return {
        site,
        details,
        client,
        app: client?.metadata.client_name,
        uiLocales: typeof details.params.ui_locales === 'string' ? details.params.ui_locales : undefined,
        path(form) {
          const path = interactionPath(details.uid, String(details.params.client_id), form);
          return inLanguage(pathIn(site, path), uiLocalesOf(ctx));
        },
        csrf: csrfToken(site.secrets.csrfKey, contextOf(details)),
      };
    },

    form: (ctx, { site, details }, schema) => readForm(ctx, site, contextOf(details), schema),

    async leave(ctx, { site, app }, result, { keepLogin } = { keepLogin: false }) {
      const options = { mergeWithLastSubmission: keepLogin };
      const url = await site.provider.interactionResult(ctx.req, ctx.res, result, options);
      // What is asked next, as a consent, is asked in the language that was picked here (oidc/provider.ts).
      sender.sendOnwards(ctx, { app, url: inLanguage(url, uiLocalesOf(ctx)) });
    },
  };
}

function contextOf({ uid }: LibraryInteraction): string {
  return `interaction:${uid}`;
}
