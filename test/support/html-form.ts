// What a browser sends when a person fills in a form and presses a button (HTML, "form submission").

import type { HTMLElement } from 'node-html-parser';

/** Values by field name; undefined leaves a field out, as an unchecked box is. */
export type FormValues = Record<string, string | undefined>;

export interface FormSubmission {
  method: 'GET' | 'POST';
  action: URL;
  fields: URLSearchParams;
}

/**
 * The submission of `form` by `button`, with the form's own values where `values` says nothing.
 *
 * @throws Error when `values` names a field that the form does not have: a person could not have filled it in.
 */
export function submissionOf(form: HTMLElement, button: HTMLElement, values: FormValues, page: URL): FormSubmission {
  const controls = form.querySelectorAll('input, select, textarea').filter((control) => control.getAttribute('name'));
  const names = new Set(controls.map((control) => control.getAttribute('name') ?? ''));
  const unknown = Object.keys(values).filter((name) => !names.has(name));
  if (unknown.length > 0) {
    throw new Error(`The form has no field ${unknown.join(', ')}; it has ${[...names].join(', ') || 'none'}`);
  }

  const fields = new URLSearchParams();
  for (const name of names) {
    const chosen = name in values ? [values[name]] : ownValues(controls, name);
    for (const value of chosen) if (value !== undefined) fields.append(name, value);
  }
  const buttonName = button.getAttribute('name');
  if (buttonName) fields.append(buttonName, button.getAttribute('value') ?? '');

  const method = button.getAttribute('formmethod') ?? form.getAttribute('method') ?? 'get';
  const action = button.getAttribute('formaction') ?? form.getAttribute('action') ?? '';
  return {
    method: method.toLowerCase() === 'post' ? 'POST' : 'GET',
    action: new URL(action || page.href, page),
    fields,
  };
}

function ownValues(controls: readonly HTMLElement[], name: string): string[] {
  return controls
    .filter((control) => control.getAttribute('name') === name && !control.hasAttribute('disabled'))
    .flatMap((control) => ownValue(control) ?? []);
}

function ownValue(control: HTMLElement): string | undefined {
  if (control.tagName === 'TEXTAREA') return control.text;
  if (control.tagName === 'SELECT') {
    const option = control.querySelector('option[selected]') ?? control.querySelector('option');
    return option?.getAttribute('value') ?? option?.text;
  }
  const type = control.getAttribute('type')?.toLowerCase() ?? 'text';
  if (['submit', 'button', 'image', 'reset', 'file'].includes(type)) return undefined;
  if (type === 'checkbox' || type === 'radio') {
    return control.hasAttribute('checked') ? (control.getAttribute('value') ?? 'on') : undefined;
  }
  return control.getAttribute('value') ?? '';
}
