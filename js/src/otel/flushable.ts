/**
 * What is flushed and shut down with the tracing that it is a part of: processors and exporters of others.
 * @module
 */
import { FLUSH_MS } from '../limits.js';
import type { Log } from '../log.js';
import { within } from '../transport/deliver.js';

/** What a tracer provider takes along when it is flushed or shut down. */
export interface Flushable {
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

/** Has all of them do it, at once, and waits for none longer than a flush may take. What fails is said. */
export async function all(
  parts: readonly Partial<Flushable>[],
  what: keyof Flushable,
  log: Log,
): Promise<void> {
  await Promise.all(
    parts.map(async (one) => {
      let outcome = 'did not answer';
      const call = async (): Promise<void> => one?.[what]?.();
      const said = call().then(
        () => (outcome = ''),
        (error: unknown) => (outcome = `failed: ${error}`),
      );
      await within(FLUSH_MS, said);
      if (outcome) log.warn(what, `${what}() of a span processor or exporter ${outcome}`);
    }),
  );
}
