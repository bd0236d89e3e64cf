// What pages do with a script and do well without: show a password, copy and print, tell times in the reader's own zone, count a
// wait down, not send a form twice, send one by itself.

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
    if (await copied(textOf(source))) button.textContent = button.dataset.done;
    else getSelection().selectAllChildren(source);
  });
}

/** A list item by item; a key without the spaces that make it readable. */
function textOf(source) {
  const lines = source.children.length > 0 ? [...source.children] : [source];
  return lines.map((line) => line.textContent.replaceAll(/\s/g, '')).join('\n');
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

for (const button of document.querySelectorAll('[data-print]')) button.addEventListener('click', () => print());

// The page's language, in the variant that the reader's browser has of it.
const { lang } = document.documentElement;
const locale = navigator.languages.find((tag) => tag.split('-')[0] === lang.split('-')[0]) ?? lang;

const moment = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
for (const time of document.querySelectorAll('[data-moment]'))
  time.textContent = moment.format(new Date(time.dateTime));

// The text is not a live region, or every second would be read out; the one beside it tells the end.
for (const wait of document.querySelectorAll('[data-wait]')) {
  const end = performance.now() + wait.dataset.wait * 1000;
  const timer = setInterval(() => {
    const seconds = Math.ceil((end - performance.now()) / 1000);
    if (seconds > 0) {
      wait.textContent = wait.dataset.text.replace('#', duration(seconds));
      return;
    }
    clearInterval(timer);
    wait.textContent = '';
    wait.nextElementSibling.textContent = wait.dataset.done;
  }, 1000);
}

/** As src/http/times.ts writes it. */
function duration(seconds) {
  const [unit, count] = seconds > 90 ? ['minute', Math.ceil(seconds / 60)] : ['second', seconds];
  return new Intl.NumberFormat(lang, { style: 'unit', unit, unitDisplay: 'long' }).format(count);
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
