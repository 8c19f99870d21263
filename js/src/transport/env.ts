/**
 * OpenTelemetry's environment variables, from a Worker's bindings or from `process.env`: read when an
 * exporter or a destination is built, never at import. A value that cannot be used is ignored, and named
 * in a warning; the value itself may be a secret.
 * @module
 */

/** A Worker's `env`, whose interface has no index signature, or something like `process.env`. */
export type Environment = Readonly<object>;

/** Options as they were given; of what is no object (a caller without types) nothing. */
export function objectOf<T extends object>(given: T | null | undefined): T {
  return typeof given === 'object' && given !== null ? given : ({} as T);
}

export class Env {
  readonly #values: Readonly<Record<string, unknown>>;
  /** What could not be used, for the user's log. */
  readonly warnings: string[] = [];

  constructor(given: Environment | undefined) {
    // Not looked at without need: a Worker makes its `process` when that is first asked for, which takes
    // several times as long as anything here.
    const ambient = (): Environment | undefined =>
      (globalThis as { process?: { env?: Environment } }).process?.env;
    this.#values = objectOf(given ?? ambient()) as Readonly<Record<string, unknown>>;
  }

  /**
   * A variable's text; undefined where it is missing, empty (which means the same) or no text. A Worker's
   * `vars` may be numbers and booleans: what JSON has for them is their text.
   */
  get(name: string): string | undefined {
    const value = this.#values[name];
    const text = /^(string|number|boolean)$/.test(typeof value) ? `${value}`.trim() : '';
    return text || undefined;
  }

  /** OTEL_EXPORTER_OTLP_*, by preference that of traces; with the name it was found under. */
  otlp(name: string): { name: string; value: string } | undefined {
    for (const found of [`OTEL_EXPORTER_OTLP_TRACES_${name}`, `OTEL_EXPORTER_OTLP_${name}`]) {
      const value = this.get(found);
      if (value !== undefined) return { name: found, value };
    }
    return undefined;
  }

  /** The same, if it passes `read`; else a warning. */
  read<T>(name: string, read: (value: string) => T | undefined, wanted: string): T | undefined {
    const found = this.otlp(name);
    const value = found && read(found.value.toLowerCase());
    if (found && value === undefined) this.warnings.push(`${found.name} is ignored: it is not ${wanted}`);
    return value;
  }

  /**
   * A list of `key=value`, percent-decoded, as OTEL_RESOURCE_ATTRIBUTES has it. With one bad pair
   * nothing is taken, as the specification wants.
   */
  pairs(name: string): Record<string, string> {
    const pairs: Record<string, string> = {};
    try {
      for (const pair of (this.get(name) ?? '').split(',')) {
        if (pair.trim() === '') continue;
        const [, key, value] = /^([^=]+)=(.*)$/s.exec(pair) as RegExpExecArray;
        pairs[decodeURIComponent(key.trim())] = decodeURIComponent(value.trim());
      }
    } catch {
      this.warnings.push(`${name} is ignored: it is not a list of key=value, percent-encoded`);
      return {};
    }
    return pairs;
  }
}
