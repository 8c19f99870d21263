/**
 * Which of the destinations that a user gave an engine are taken, and what is wrong with the others.
 * @module
 */
import type { Destination } from '../destinations/destination.js';
import { MAX_DESTINATIONS } from '../limits.js';
import type { EngineOptions } from './options.js';
import { privacyOf } from './privacy.js';

/**
 * @param lists Those of the engine, which get more: what keeps destinations from working, and the rest.
 * @param warningsOf What is wrong besides with one's settings.
 */
export function admitted(
  options: EngineOptions,
  { problems, warnings: all }: { readonly problems: string[]; readonly warnings: string[] },
  warningsOf: (to: Destination) => readonly string[],
): Destination[] {
  const given = Array.isArray(options.destinations) ? (options.destinations as Destination[]) : [];
  const destinations: Destination[] = [];
  for (const to of given) {
    if (typeof to?.post !== 'function') {
      problems.push('`destinations` holds what otlp() did not make');
      continue;
    }
    const full = destinations.length === MAX_DESTINATIONS;
    const { redaction, warnings } = privacyOf(to.privacy, options);
    const isOurs = redaction === undefined || typeof redaction.settings === 'function';
    const strange = !isOurs && '`redact` is not what redact() makes';
    const problem = full ? `over ${MAX_DESTINATIONS} destinations` : to.problem || strange;
    const what = [...(to.warnings ?? []), ...warnings, ...warningsOf(to)];
    all.push(...what.map((one) => `Destination "${to.name}": ${one}`));
    if (problem) problems.push(`Destination "${to.name}" is off: ${problem}`);
    else destinations.push(to);
  }
  if (problems.length + destinations.length === 0) problems.push('`destinations` is missing or empty');
  return destinations;
}
