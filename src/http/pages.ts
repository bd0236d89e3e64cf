// What each page and mail shows: its name in views/ and the shape of its data. Callers speak in reasons and facts; the words
// for them are the templates' and the message files' business.

import type { ErrorWords } from './error-page.ts';
import type { CodeProblem, PasswordProblem } from './form-problems.ts';

/** A form of ours: where it posts to, and the token that it posts as `csrf`. */
interface Form {
  action: string;
  csrf: string;
}

interface SignInStep extends Form {
  /** Name of the app that is being signed in to. */
  app?: string | undefined;
  /** Leads back to the first step, as somebody else. */
  startOverUrl?: string | undefined;
}

/** A scope that an app asks for; with a `resource` (RFC 8707) it belongs to that API. */
export interface AskedScope {
  name: string;
  resource?: string | undefined;
}

export interface AppLink {
  name: string;
  url: string;
}

export interface Pages {
  'login/password': Omit<SignInStep, 'startOverUrl'> & {
    username?: string | undefined;
    problem?: PasswordProblem | undefined;
    /** Why somebody who has a session is asked again. */
    notice?: 'confirm-identity' | undefined;
    passwordHelpUrl?: string | undefined;
  };
  'login/totp': SignInStep & { username: string; problem?: CodeProblem | undefined };
  'login/totp-enrol': SignInStep & {
    username: string;
    /** As the factor presents itself (second-factors/second-factor.ts). Markup of our own, the one value not escaped. */
    qrSvg: string;
    key: string;
    uri: string;
    problem?: CodeProblem | undefined;
  };
  /** Posts `decision`: `allow` or `deny`. */
  'login/consent': Form & {
    app: string;
    appUrl?: string | undefined;
    user: string;
    scopes: readonly AskedScope[];
  };
  /** Goes with the header `Refresh: 0; url=…` of the same URL. */
  'login/continue': { app?: string | undefined; url: string };
  'login/password-expired': {
    reason: 'must-change' | 'expired';
    passwordHelpUrl?: string | undefined;
    startOverUrl?: string | undefined;
  };
  'login/refused': {
    reason: 'disabled' | 'account-expired' | 'not-now';
    startOverUrl?: string | undefined;
  };
  'login/notice': Form & {
    /** Whole days, rounded down: 0 is today. */
    passwordExpiresInDays?: number | undefined;
    graceLoginsLeft?: number | undefined;
    passwordHelpUrl?: string | undefined;
  };
  /** Posts `xsrf` and `logout=yes`: the library's own form. */
  'logout/confirm': {
    action: string;
    xsrf: string;
    /** It is known to be wanted: the form submits itself where scripts run. */
    confirmed: boolean;
    /** For whoever would rather not; none where there is no choice any more. */
    stayUrl?: string | undefined;
    app?: string | undefined;
    user?: string | undefined;
  };
  'logout/done': { app?: AppLink | undefined; homeUrl?: string | undefined };
  error: {
    words: ErrorWords;
    /** Stable, for support and documentation. */
    code: string;
    requestId: string;
    time: Date;
    /** Seconds after which trying again makes sense, where that is known. */
    retryAfter?: number | undefined;
    link?: ErrorLink | undefined;
    /** The redirect_uri that was refused, exactly as it came. */
    received?: string | undefined;
  };
  home: { apps: readonly AppLink[] };
}
export type PageName = keyof Pages;

/** Where an error page leads on. */
export type ErrorLink = { to: 'retry' | 'home'; href: string } | { to: 'app'; app: string; href: string };

export interface Emails {
  /** So far there is one factor to tell of: TOTP. */
  'email/second-factor-added': {
    /** How the person is addressed. */
    name: string;
    username: string;
    time: Date;
    address: string;
    /** The browser as far as it is known. */
    browser?: string | undefined;
    passwordHelpUrl?: string | undefined;
  };
}
export type EmailName = keyof Emails;
