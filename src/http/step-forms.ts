// What the pages that ask somebody for something have in common (pages.ts).

/** A form of ours: where it posts to, and the token that it posts as `csrf`. */
export interface Form {
  action: string;
  csrf: string;
}

export interface SignInStep extends Form {
  /** Name of the app that is being signed in to. */
  app?: string | undefined;
  /** Leads back to the first step, as somebody else. */
  startOverUrl?: string | undefined;
}

export interface SecondStep extends SignInStep {
  username: string;
  /** Other factors of the person's that would do. */
  otherWaysUrl?: string | undefined;
  /** So long this browser can be spared the second factor. */
  trustDays?: number | undefined;
}

/** A step in setting up a factor. In a login somebody signs in, in the account somebody can go back. */
export interface EnrolForm extends Form {
  username: string;
  /** The name that the factor gets can be chosen; the name that it has otherwise. */
  name?: string | undefined;
  startOverUrl?: string | undefined;
  cancelUrl?: string | undefined;
  otherWaysUrl?: string | undefined;
  /**
   * A form of its own, posted with `csrf`, puts it off. `daysLeft`, `loginsLeft`: of the grace period; neither where it is
   * voluntary.
   */
  postpone?: { action: string; daysLeft?: number | undefined; loginsLeft?: number | undefined } | undefined;
}

/** For the browser's script; JSON as WebAuthn Level 3 5.1.9 has it. */
export interface PasskeyOptions {
  options: string;
  /** The credential id (base64url) of a passkey that the browser may forget: nobody here has it (WebAuthn Level 3, 5.1.10). */
  unknown?: string | undefined;
}
