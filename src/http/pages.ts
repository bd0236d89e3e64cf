// What each page and mail shows: its name in views/ and the shape of its data. Callers speak in reasons and facts; the words
// for them are the templates' and the message files' business.

import type { AccountChangedFacts } from '../delivery/notifications.ts';
import type { LinkFacts } from '../links/send-link.ts';
import type { FactorId } from '../policy/factors.ts';
import type { AccountPage } from './account-page.ts';
import type { ErrorWords } from './error-page.ts';
import type {
  AccountProblem,
  CodeProblem,
  ContactProblem,
  NewPasswordProblem,
  PasswordProblem,
} from './form-problems.ts';
import type { SentCode } from './sent-code.ts';
import type { EnrolForm, Form, PasskeyOptions, SecondStep, SignInStep } from './step-forms.ts';

export interface FactorChoice {
  /** Posted as `factor`. */
  value: string;
  factor: FactorId;
  /** What the person calls it, where that says more than the factor does. */
  name?: string | undefined;
  /** Masked. */
  target?: string | undefined;
  lastUsedAt?: Date | undefined;
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
    /** Signs in alone. Posts `credential` to `action`, by the script. */
    passkey?: (PasskeyOptions & { action: string }) | undefined;
  };
  /** Posts `code`; with `trustDays` perhaps `trust=yes`. */
  'login/code': SecondStep & {
    ask:
      { factor: 'totp' } | { factor: 'recovery-code'; remaining: number } | { factor: 'sms' | 'email'; sent: SentCode };
    problem?: CodeProblem | undefined;
  };
  /** Posts `credential`, the answer as JSON (AuthenticationResponseJSON, WebAuthn Level 3 5.1.8). */
  'login/passkey': SecondStep & { passkey: PasskeyOptions; problem?: CodeProblem | undefined };
  /** Posts `factor`, the value of a choice: which factor to answer with, or which one to set up. */
  'login/choose': SignInStep & {
    username: string;
    purpose: 'prove' | 'enrol';
    choices: readonly FactorChoice[];
    /** Why the factor that was asked for did not do. */
    problem?: CodeProblem | undefined;
  };
  /** A first second factor is set up by way of a one-time link, or with the administrator's help. `homeUrl`: of the account. */
  'login/enrol-by-link': {
    username: string;
    startOverUrl?: string | undefined;
    homeUrl?: string | undefined;
  };
  /** The password, or the passkey, was right; the app is not for this person. Posts nothing: the app gets `access_denied`. */
  'login/not-allowed': SignInStep & { username: string };

  // Setting up a factor, at sign-in and in the account alike.
  /** Posts `code`, and `name` in the account. */
  'enrol/totp': EnrolForm & {
    /** As the factor presents itself (second-factors/second-factor.ts). Markup of our own, the one value not escaped. */
    qrSvg: string;
    key: string;
    uri: string;
    problem?: CodeProblem | undefined;
  };
  /** Asks where codes are to go. Posts `contact`. */
  'enrol/contact': EnrolForm & {
    factor: 'sms' | 'email';
    /** What was typed, else what is known of the person. */
    contact?: string | undefined;
    problem?: ContactProblem | undefined;
  };
  /** Posts `code`. */
  'enrol/code': EnrolForm & {
    factor: 'sms' | 'email';
    sent: SentCode;
    /** Leads back to another number or address. */
    changeUrl: string;
    problem?: CodeProblem | undefined;
  };
  /** Posts `credential` (RegistrationResponseJSON). */
  'enrol/passkey': EnrolForm & { passkey: PasskeyOptions; problem?: CodeProblem | undefined };
  /** Posts `code=saved` from a box to tick. */
  'enrol/recovery-codes': EnrolForm & {
    codes: readonly string[];
    /** The same as a text file. */
    downloadUrl: string;
    problem?: CodeProblem | undefined;
  };

  // One-time links.
  /** Posts `new-password`. */
  'link/password': Form & {
    username: string;
    /** In characters. */
    shortest: number;
    problem?: NewPasswordProblem | undefined;
  };
  /** Lets this browser set up a first second factor. */
  'link/enrolment': Form & { username: string };
  /** The password is set. Without `accountUrl` the account waits for approval. */
  'link/done': { accountUrl?: string | undefined; homeUrl: string };

  account: AccountPage;
  /** Posts `name`. */
  'account/rename': Form & { name: string; cancelUrl: string; problem?: AccountProblem | undefined };
  /** Asks before something is taken away. */
  'account/confirm': Form & { cancelUrl: string } & (
      | { what: 'remove-factor'; factor: FactorId; name?: string | undefined }
      | { what: 'remove-devices' | 'end-sessions' }
    );

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
  /** Posts `current-password` and `new-password`. */
  'login/change-password': SignInStep & {
    username: string;
    reason: 'must-change' | 'expired' | 'chosen';
    /** Of the new one, in characters. */
    shortest: number;
    /** A form of its own, posted with `csrf`, goes on with the password as it is. */
    notNowAction?: string | undefined;
    problem?: NewPasswordProblem | undefined;
    passwordHelpUrl?: string | undefined;
  };
  'login/refused': {
    reason: 'disabled' | 'account-expired' | 'not-now';
    startOverUrl?: string | undefined;
  };
  /** Posts `change=yes` where the password is to be changed now. */
  'login/notice': Form & {
    /** Whole days, rounded down: 0 is today. */
    passwordExpiresInDays?: number | undefined;
    graceLoginsLeft?: number | undefined;
    /** The password, here. */
    mayChange: boolean;
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
  home: { apps: readonly AppLink[]; accountUrl?: string | undefined };
}
export type PageName = keyof Pages;

/** Where an error page leads on. */
export type ErrorLink = { to: 'retry' | 'home'; href: string } | { to: 'app'; app: string; href: string };

export interface Emails {
  'email/account-changed': AccountChangedFacts;
  'email/code': CodeMessageData;
  'email/link': LinkFacts;
}
export type EmailName = keyof Emails;

export interface TextMessages {
  /** Ends with `@host #code` on a line of its own, so that browsers fill it in (origin-bound one-time codes). */
  'sms/code': CodeMessageData & { host: string };
}
export type TextMessageName = keyof TextMessages;

interface CodeMessageData {
  code: string;
  minutes: number;
  /** What it is for. */
  purpose: 'prove' | 'enrol';
}
