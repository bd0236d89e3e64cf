// Makes pages, mails and text messages from the templates in views/. Knows words, colours and templates; nothing of
// requests (send-page.ts).
//
// In a template: `t('id', params)` is a message, `data` what the caller gave, `site` the tenant's name, `problem` what is
// wrong with the form; the rest of what there is stands in `scope` below. `<%= %>` escapes; `<%~ %>` does not: it is for
// includes, the page's body and markup of our own.

import { Eta } from 'eta';
import { LRUCache } from 'lru-cache';

import type { AccountNotice } from '../delivery/notifications.ts';
import type { FactorId } from '../policy/factors.ts';
import { brandStyle } from './branding.ts';
import { factorHint, factorName } from './factor-words.ts';
import { describeProblem } from './form-problems.ts';
import type { FormProblem } from './form-problems.ts';
import type { LanguageLink } from './language-picker.ts';
import type { MessageParams, Messages } from './messages.ts';
import { describeNotice } from './notice-words.ts';
import type { EmailName, Emails, PageName, Pages, TextMessageName, TextMessages } from './pages.ts';
import { timesFor } from './times.ts';

/** A tenant as its pages show it; its settings (tenants/tenant-settings.ts) fit. */
export interface TenantLook {
  name: string;
  branding: { colour: string; logo?: string | undefined };
}

export interface PageContext {
  /** None for what happens outside any tenant: the product's own name and colour. */
  tenant: TenantLook | undefined;
  language: string;
  /** For the `<style>` and `<script>` that the Content-Security-Policy lets through. */
  nonce: string;
  /** Those that the page is to be had in. */
  languages: readonly LanguageLink[];
}

/** Mails and text messages are sent, not served. */
export type MessageContext = Pick<PageContext, 'tenant' | 'language'>;

export interface Email {
  subject: string;
  html: string;
  text: string;
}

export interface Renderer {
  /** A whole HTML document. */
  page<N extends PageName>(name: N, context: PageContext, data: Pages[N]): string;
  email<N extends EmailName>(name: N, context: MessageContext, data: Emails[N]): Email;
  textMessage<N extends TextMessageName>(name: N, context: MessageContext, data: TextMessages[N]): string;
}

export interface RendererOptions {
  viewsFolder: string;
  messages: Messages;
  /** The URL of a file in views/assets. */
  assetUrl: (name: string) => string;
}

/** What every template begins with, parts and layouts too. */
const FUNCTION_HEADER =
  'const { t, data, site, utc, moment, duration, factorName, factorHint, noticeOf } = it;' +
  'const problem = it.problemOf(data.problem);';

const NEUTRAL_COLOUR = '#3f4a5a';

export function createRenderer({ viewsFolder, messages, assetUrl }: RendererOptions): Renderer {
  const html = templates(viewsFolder);
  const escapeHtml = html.config.escapeFunction;
  html.configure({ escapeFunction: (value) => escapeHtml(printable(value)) });
  const text = templates(viewsFolder);
  text.configure({ escapeFunction: printable });
  const styles = new LRUCache<string, string>({ max: 500, memoMethod: (colour) => brandStyle(colour) });

  function scope({ tenant, language }: MessageContext, data: object) {
    const t = messages.messagesFor(language);
    const site = tenant?.name ?? t('page.product');
    return {
      t,
      data,
      site,
      utc,
      ...timesFor(language),
      problemOf: (problem?: FormProblem) => problem && describeProblem(problem, t),
      noticeOf: (notice: AccountNotice, params: MessageParams) => describeNotice(notice, t, { ...params, site }),
      factorName: (factor: FactorId, name?: string) => factorName(t, factor, name),
      factorHint: (factor: FactorId) => factorHint(t, factor),
      language,
      direction: t('language.direction'),
    };
  }

  return {
    page(name, context, data) {
      const { tenant, nonce, languages } = context;
      const common = scope(context, data);
      const look = { nonce, languages, assetUrl, logo: tenant?.branding.logo, initial: initialOf(common.site) };
      const style = styles.memo(tenant?.branding.colour ?? NEUTRAL_COLOUR);
      return html.render(`${name}.eta`, { ...common, ...look, style });
    },
    email(name, context, data) {
      const common = scope(context, data);
      return {
        subject: text.render(`${name}.subject.eta`, common).replace(/\s+/g, ' ').trim(),
        html: html.render(`${name}.eta`, common),
        text: text.render(`${name}.text.eta`, common),
      };
    },
    textMessage: (name, context, data) => text.render(`${name}.eta`, scope(context, data)).trim(),
  };
}

function templates(views: string): Eta {
  return new Eta({ views, cache: true, functionHeader: FUNCTION_HEADER });
}

/** What a template may print. Anything else is a gap in the data, and would show as "undefined". */
function printable(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  throw new TypeError(`A template prints ${value === null ? 'null' : `a value of type ${typeof value}`}`);
}

/** As a log has it, so that support can find it: `2026-03-01 12:30:05 UTC`. */
function utc(time: Date): string {
  return `${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

const characters = new Intl.Segmenter();

/** The first letter as a person sees it, for a tenant without a logo. */
function initialOf(name: string): string {
  const [first] = characters.segment(name);
  return (first?.segment ?? '').toUpperCase();
}
