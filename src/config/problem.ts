import type { Layer } from './layer.ts';
import { dotted } from './tree.ts';
import type { Finding } from './tree.ts';

/** Something wrong with the configuration. Fit to be shown and logged: it holds no value. */
export interface Problem {
  /** `tenants.acme.clients.grafana.redirect_uris.0`; empty for the file as a whole. */
  path: string;
  /** `sallyport.yaml:41:9` (line and column), `environment variable SALLYPORT_MAIL_URL`, `file /run/secrets/k1`. */
  source: string;
  message: string;
  mend: string;
}

export function problemOf(layer: Layer): (finding: Finding) => Problem {
  return ({ path, at = path, message, mend }) => ({ path: dotted(path), source: layer.sourceOf(at), message, mend });
}

/** Three lines for a terminal. */
export function describeProblem(kind: 'error' | 'warning', { path, source, message, mend }: Problem): string {
  return `${kind}: ${path || 'the file'} ${message}\n    at: ${source}\n  mend: ${mend}`;
}
