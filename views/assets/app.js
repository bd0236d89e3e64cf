// What pages do with a script and do well without: show a password, copy a key, not send a form twice, send one by itself.

const RESEND_AFTER_MS = 10_000;

document.documentElement.classList.add('scripted');

for (const button of document.querySelectorAll('[data-reveal]')) {
  const input = document.getElementById(button.dataset.reveal);
  button.addEventListener('click', () => {
    const shown = input.type === 'text';
    input.type = shown ? 'password' : 'text';
    button.setAttribute('aria-pressed', String(!shown));
  });
  // A browser keeps what was typed into a text input; a password is never left as one.
  input.form.addEventListener('submit', () => {
    input.type = 'password';
  });
}

for (const button of document.querySelectorAll('[data-copy]')) {
  const source = document.getElementById(button.dataset.copy);
  button.setAttribute('aria-live', 'polite');
  button.addEventListener('click', async () => {
    if (await copied(source.textContent.replaceAll(/\s/g, ''))) button.textContent = button.dataset.done;
    else getSelection().selectAllChildren(source);
  });
}

/** A page that is not a secure context has no clipboard. */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

// The buttons are not disabled: a disabled button's name and value would not be sent, and it would lose the focus.
for (const form of document.forms) {
  form.addEventListener('submit', (event) => {
    if (form.dataset.sent) event.preventDefault();
    else markSent(form, true);
    setTimeout(() => markSent(form, false), RESEND_AFTER_MS);
  });
  // The back button brings a page back as it was left.
  addEventListener('pageshow', () => markSent(form, false));
}

function markSent(form, sent) {
  if (sent) form.dataset.sent = 'true';
  else delete form.dataset.sent;
  for (const button of form.querySelectorAll('[type=submit]')) button.setAttribute('aria-disabled', String(sent));
}

// A form that only confirms what is known already. Sent before the page has loaded, it takes the page's place in the history
// (HTML, "form submission algorithm"), so that the back button does not lead into it again.
const submitter = document.querySelector('[data-press]');
submitter?.form.requestSubmit(submitter);
