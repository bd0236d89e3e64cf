// Passkeys on a page (WebAuthn Level 3): asks the browser for one and posts its answer with the page's own form. The words are
// the template's. What it works on, once a page:
//
//   <form method="post" data-passkey="sign-in|prove|enrol"
//         data-options="PublicKeyCredential{Request,Creation}OptionsJSON"
//         data-unknown="the id of a passkey that nobody here has">         may be left out
//     <input type="hidden" name="credential">
//     <button type="submit" hidden>                                        shown where the browser knows passkeys
//     <p role="status" data-passkey-status                                 gets one of these texts
//        data-waiting="" data-cancelled="" data-failed="" data-owned="">
//     <p data-passkey-unsupported>                                         shown where it does not, or without a script
//
// On the page to sign in, `autocomplete="username webauthn"` lets the browser offer passkeys with the user name.

const passkeyForm = document.querySelector('form[data-passkey]');
if (passkeyForm && window.PublicKeyCredential) usePasskeys(passkeyForm);

function usePasskeys(form) {
  const { passkey: purpose, unknown } = form.dataset;
  const options = JSON.parse(form.dataset.options);
  const field = form.elements.credential;
  const button = form.querySelector('[type=submit]');
  const status = form.querySelector('[data-passkey-status]');
  /** What the browser is asked at the moment: by the button, or in the list of the user name's input. */
  let asked;

  button.hidden = false;
  for (const note of form.querySelectorAll('[data-passkey-unsupported]')) note.hidden = true;

  // Before app.js hears of it: a form that has no answer yet is not sent.
  document.addEventListener(
    'submit',
    (event) => {
      if (event.target !== form || field.value !== '') return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (asked?.by !== 'button') askByButton();
    },
    true,
  );
  // The back button may bring the page back with an answer that was used.
  addEventListener('pageshow', () => {
    field.value = '';
  });

  if (purpose === 'sign-in') offer();
  if (unknown)
    PublicKeyCredential.signalUnknownCredential?.({ rpId: options.rpId, credentialId: unknown }).catch(() => {});

  async function askByButton() {
    say('waiting');
    try {
      await ask('button');
    } catch (error) {
      say(reasonOf(error));
      if (purpose === 'sign-in') offer();
    }
  }

  /** Nothing is said of it: somebody who has no passkey here, or wants none, has not asked for any. */
  async function offer() {
    const isAvailable = await PublicKeyCredential.isConditionalMediationAvailable?.();
    if (isAvailable && asked === undefined) await ask('list').catch(() => {});
  }

  /** A browser answers one request at a time, so the one before is taken back. */
  async function ask(by) {
    asked?.controller.abort();
    const mine = { by, controller: new AbortController() };
    asked = mine;
    try {
      const credential = await request(by, mine.controller.signal);
      field.value = JSON.stringify(answerOf(credential));
      form.requestSubmit(button);
    } finally {
      if (asked === mine) asked = undefined;
    }
  }

  function request(by, signal) {
    const publicKey = optionsFrom(options);
    if (purpose === 'enrol') return navigator.credentials.create({ publicKey, signal });
    return navigator.credentials.get({ publicKey, signal, ...(by === 'list' && { mediation: 'conditional' }) });
  }

  function say(what) {
    if (status) status.textContent = status.dataset[what] ?? '';
  }
}

/** A browser does not tell whether somebody refused, waited too long or had no passkey (WebAuthn Level 3, 14.5.1). */
function reasonOf({ name }) {
  if (name === 'NotAllowedError' || name === 'AbortError') return 'cancelled';
  return name === 'InvalidStateError' ? 'owned' : 'failed';
}

// Own conversions, not the browsers' parse…FromJSON and toJSON: not all have them, and what stands in for a browser's own
// authenticator (a password manager's extension) may answer with an object that cannot do it.

function optionsFrom({ challenge, user, allowCredentials, excludeCredentials, ...rest }) {
  const withBytes = (item) => ({ ...item, id: bytesFrom(item.id) });
  return {
    ...rest,
    challenge: bytesFrom(challenge),
    ...(user && { user: withBytes(user) }),
    ...(allowCredentials && { allowCredentials: allowCredentials.map(withBytes) }),
    ...(excludeCredentials && { excludeCredentials: excludeCredentials.map(withBytes) }),
  };
}

/** RegistrationResponseJSON or AuthenticationResponseJSON, as far as the server reads it. */
function answerOf({ id, rawId, type, response }) {
  const { clientDataJSON, attestationObject, authenticatorData, signature, userHandle } = response;
  const bytes = attestationObject
    ? { clientDataJSON, attestationObject }
    : { clientDataJSON, authenticatorData, signature, ...(userHandle && { userHandle }) };
  const texts = Object.entries(bytes).map(([name, value]) => [name, textFrom(value)]);
  const transports = attestationObject && response.getTransports?.();
  return {
    id,
    rawId: textFrom(rawId),
    type,
    clientExtensionResults: {},
    response: { ...Object.fromEntries(texts), ...(transports && { transports }) },
  };
}

function bytesFrom(base64url) {
  const binary = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

function textFrom(buffer) {
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
