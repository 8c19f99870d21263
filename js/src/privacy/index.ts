/**
 * `edgespan/privacy`: what must not leave is found and replaced before anything is written that could be
 * sent or stored. What the redactor looks like inside is src/edgespan/privacy/README.md.
 * @module
 */
import type { Redaction } from '../engine/privacy.js';
import type { RedactOptions } from './options.js';
import { CoreRedaction } from './redaction.js';

export type { ContentPolicy, PrivacyOptions, Redaction } from '../engine/privacy.js';
export type { Action, Finding, RedactHook, RedactOptions, Shown } from './options.js';
export { initRedactor } from './redactor.js';

/**
 * A redaction, for a destination or, as their default, for all of an exporter: replaces secrets and
 * personal data in every text that leaves, names and keys among them, by `[REDACTED:kind]` unless
 * `actions` says otherwise. What it cannot read it withholds. Never throws: what is wrong with its
 * options is said once, and masked.
 *
 * @example
 * new EdgespanExporter({
 *   redact: redact(), // of all destinations without their own
 *   destinations: [
 *     otlp({ endpoint, redact: redact({ actions: { email: 'hash' }, hashKey: env.REDACT_KEY }) }),
 *   ],
 * });
 */
export function redact(options?: RedactOptions): Redaction {
  return new CoreRedaction(options);
}
