/**
 * What the package says to the user's log: rarely, and never a header, key or endpoint.
 * @module
 */

import { putLast } from './bounded.js';
import { MAX_SAID, QUIET_MS } from './limits.js';

/** How much is logged; `warn` by default. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** What messages are written to: the console, or the logger that Mastra sets. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

// Exporters may be built on every request: what was said is remembered for the isolate.
const said = new Map<string, number>();

export class Log {
  readonly #level: LogLevel | undefined;
  readonly #redact: (text: string) => string;
  /** The console until it is set. */
  logger: Logger | undefined;

  /** @param redact Makes a text of one that may leave. */
  constructor(level: LogLevel | undefined, redact: (text: string) => string = (text) => text) {
    this.#level = level;
    this.#redact = redact;
  }

  /** Says `message`, unless the same `key` was used within the last minute (`once`: ever). */
  warn(key: string, message: string, once = false): void {
    const now = Date.now();
    if (now < (said.get(key) ?? 0)) return;
    putLast(said, key, once ? Infinity : now + QUIET_MS, MAX_SAID);
    if (this.#level !== 'error' && this.#level !== 'silent') this.#write('warn', message);
  }

  debug(message: () => string): void {
    if (this.#level === 'debug') this.#write('debug', message());
  }

  #write(level: 'debug' | 'warn', message: string): void {
    try {
      (this.logger ?? console)[level](`[edgespan] ${this.#redact(message)}`);
    } catch {
      // A logger that throws must not reach the caller, and there is nobody left to tell.
    }
  }
}
