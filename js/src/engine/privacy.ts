/**
 * What of a span's content may leave: settings of destinations, and of exporters for those that have none
 * of their own. What finds and replaces is `edgespan/privacy`, which nobody carries who does not import
 * it; this is the contract with it.
 * @module
 */
/**
 * What becomes of the text of prompts and completions, and of what else Mastra leaves of them
 * (instructions, tools' definitions, their arguments and results): it leaves (`full`), not at all
 * (`off`), its first so many UTF-8 bytes do, or a digest that is equal for equal texts (`hashed`, by the
 * `hashKey` of a `redact()`).
 */
export type ContentPolicy = 'full' | 'off' | 'hashed' | { readonly truncate: number };

export interface PrivacyOptions {
  /**
   * Finds secrets and personal data in everything that leaves, and replaces them: made by `redact()` of
   * `edgespan/privacy`. An exporter's is for its destinations without one of their own, of which `false`
   * is none.
   */
  redact?: Redaction | false | undefined;
  /** What becomes of prompts and completions; `full` by default. A destination's own wins. */
  content?: ContentPolicy | undefined;
}

/** Made by `redact()` of `edgespan/privacy`. What passes between it and an exporter is theirs alone. */
export interface Redaction {
  /** What is wrong with its settings, named for the user. */
  readonly warnings: readonly string[];
  /** Whether it has what `hashed` content needs. */
  readonly hashes: boolean;
  /** What the core is told, once it has the redactor; `core`: its exports. Throws EdgespanError. */
  settings(core: object): object;
  /** A text beside spans, as it may leave for one of a pipeline's destinations; never throws. */
  text(pipeline: object, to: number, text: string): string;
  /** The same for what a log, a metric or a score says. Never rejects. */
  event(pipeline: object, to: number, said: object, about: object): object | Promise<object>;
  /** Of a text that is too long for the core at most so many units, which end with no part of a secret. */
  cut(text: string, limit: number): string;
  /** Only its hook's part of that: of what the core redacts. */
  shown(said: object, about: object): object | Promise<object>;
  /**
   * A lane that shows spans to its hook; undefined without one. The same for the same `options`, of an
   * exporter, and the same formatter.
   */
  lane(options: object, fail: (error: unknown, lane: never) => void, format?: object): object | undefined;
}

/** What a hook is told beside a string, and tells. */
export interface HookAbout {
  readonly kind: 'span' | 'log' | 'metric' | 'score';
  readonly spanType?: string | undefined;
  /** Told how many strings were withheld. */
  withheld(values: number): void;
  /** Told how often something was replaced, beside spans. */
  redacted?(values: number): void;
}

/** What holds for a destination. */
export interface Privacy {
  readonly redaction: Redaction | undefined;
  /** As the core is told. */
  readonly content: { readonly policy: string; readonly limit: number } | undefined;
  /** What is wrong, named for the user. */
  readonly warnings: readonly string[];
}

/** A destination's own settings, and the exporter's where it has none. In doubt no content leaves. */
export function privacyOf(own: PrivacyOptions | undefined, standard: PrivacyOptions): Privacy {
  const redact = own?.redact ?? standard.redact ?? false;
  const redaction = redact === false ? undefined : redact;
  const content = own?.content ?? standard.content ?? 'full';
  const { truncate = 0 } = content as { truncate?: number };
  const limit = Math.min(Math.floor(truncate), 2 ** 31 - 1) || 0;
  const hashed = content === 'hashed' && redaction?.hashes;
  const policy = limit > 0 ? 'truncated' : hashed ? 'hashed' : 'off';
  const strange = policy === 'off' && content !== 'off' && content !== 'full';
  const why = '`content` is none, or lacks a redact() with a `hashKey`: no content leaves';
  return {
    redaction,
    content: content === 'full' ? undefined : { policy, limit },
    warnings: [...(redaction?.warnings ?? []), ...(strange ? [why] : [])],
  };
}
