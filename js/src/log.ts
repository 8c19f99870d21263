/**
 * What the package says to the user's log: rarely, and never a header, key or endpoint.
 * @module
 */

/** How much is logged; `warn` by default. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** What messages are written to: the console, or the logger that Mastra sets. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

const LEVELS: readonly string[] = ['debug', 'info', 'warn', 'error', 'silent'];
const QUIET_MS = 60_000;
const MAX_KEYS = 256;

// Exporters may be built on every request: what was said is remembered for the isolate.
const said = new Map<string, number>();

export class Log {
  readonly #level: number;
  #logger: Logger | undefined;

  constructor(level: LogLevel | undefined) {
    const index = LEVELS.indexOf(level ?? 'warn');
    this.#level = index < 0 ? LEVELS.indexOf('warn') : index;
  }

  set logger(logger: Logger | undefined) {
    this.#logger = logger;
  }

  /** Says `message`, unless the same `key` was used within the last minute (`once`: ever). */
  warn(key: string, message: string, once = false): void {
    const now = Date.now();
    const last = said.get(key);
    if (last !== undefined && (once || now - last < QUIET_MS)) return;
    if (said.size >= MAX_KEYS) said.clear();
    said.set(key, once ? Number.POSITIVE_INFINITY : now);
    this.#write('warn', message);
  }

  debug(message: string): void {
    this.#write('debug', message);
  }

  #write(level: 'debug' | 'warn', message: string): void {
    if (LEVELS.indexOf(level) < this.#level) return;
    try {
      (this.#logger ?? console)[level](`[edgespan] ${message}`);
    } catch {
      // A logger that throws must not reach the caller, and there is nobody left to tell.
    }
  }
}
