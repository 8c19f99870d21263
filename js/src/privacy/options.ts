/**
 * What a redaction can be told, and what the core is told of it.
 * @module
 */
import { objectOf } from '../transport/env.js';

/**
 * What becomes of what is found: it stays and is not looked for (`keep`), leaves nothing behind
 * (`remove`), a mark (`mask`), the mark with its last four letters or digits (`partial`), or with a
 * digest that is equal for equal values (`hash`, which needs a `hashKey`).
 */
export type Action = 'keep' | 'remove' | 'mask' | 'partial' | 'hash';

/** What can be found. */
export type Finding =
  /** Whatever stands under a name that announces a secret: `password`, `apiKey`, `authorization`. */
  | 'keyed'
  /** A token with its issuer's mark. */
  | 'apiKey'
  /** A JSON Web Token. */
  | 'jwt'
  /** A private key as PEM. */
  | 'privateKey'
  /** Of bearer and basic authentication, and of URLs and connection strings. */
  | 'credential'
  /** A line of cookies. */
  | 'cookie'
  | 'email'
  | 'phone'
  | 'iban'
  /** A payment card's number, by its check digit. */
  | 'card'
  /** A national id (the US social security number); kept unless it is asked for. */
  | 'nationalId';

/** What a hook is told of a string. */
export interface Shown {
  /** The name that it stands under; in a list, that of the list. */
  readonly key: string;
  /** All names down to it, and places in lists. */
  readonly path: readonly string[];
  /** What it is a part of. */
  readonly kind: 'span' | 'log' | 'metric' | 'score';
  /** Of a Mastra span its type, such as `model_generation`; `generic` of others. */
  readonly spanType?: string | undefined;
}

/** Gives back what may leave of a string. */
export type RedactHook = (
  value: string,
  shown: Shown,
) => string | undefined | Promise<string | undefined>;

export interface RedactOptions {
  /** By what is found; all `mask`, but for `nationalId`, which is `keep`. */
  actions?: Partial<Record<Finding, Action>> | undefined;
  /**
   * The secret that digests are made with (HMAC-SHA-256): values can be told apart by them, and nobody can
   * guess them without it. Without one, what should be hashed is masked.
   */
  hashKey?: string | undefined;
  /**
   * Further names whose values must go, whatever they are: case and what is between words do not count
   * (`customerName` is `customer_name`). A string is one name.
   */
  keys?: string | Iterable<string> | undefined;
  /**
   * Shown each string value before the redactor: what it returns is redacted, and leaves. What it throws
   * on, does not answer in time, or answers with anything but a string, is withheld and counted.
   */
  hook?: RedactHook | undefined;
  /** Milliseconds that a hook has for all strings of a span; 1000 by default, at most 30000. */
  hookTimeout?: number | undefined;
}

/** In the core's order (Finding in policy.h). */
const FINDINGS: readonly Finding[] = [
  'keyed',
  'apiKey',
  'jwt',
  'privateKey',
  'credential',
  'cookie',
  'email',
  'phone',
  'iban',
  'card',
  'nationalId',
];
/** In the core's order (Redaction in policy.h). */
const ACTIONS: readonly Action[] = ['keep', 'remove', 'mask', 'partial', 'hash'];
const MASK = 2;
/** The core knows names by so many letters and digits. */
const [SHORTEST, LONGEST] = [3, 31];

/** The member `redact` of a destination's settings in the core, but for where its functions are. */
export interface Policy {
  readonly actions: string;
  readonly hashKey: string | undefined;
  readonly keys: string | undefined;
}

/** The names that `keys` holds, whatever it is. */
function namesIn(keys: unknown, warnings: string[]): unknown[] {
  if (keys === undefined || keys === null) return [];
  if (typeof keys === 'string') return [keys];
  try {
    return [...(keys as Iterable<unknown>)];
  } catch {
    warnings.push('`redact.keys` is no list of names: none of them is known');
    return [];
  }
}

export function policyOf(options: RedactOptions | undefined): { policy: Policy; warnings: string[] } {
  const { actions, hashKey, keys } = objectOf(options);
  const warnings: string[] = [];
  const wanted: Record<string, unknown> = objectOf(actions);
  const chosen = FINDINGS.map((finding) => {
    const action = wanted[finding] ?? (finding === 'nationalId' ? 'keep' : 'mask');
    const place = ACTIONS.indexOf(action as Action);
    if (place < 0) warnings.push(`\`redact.actions.${finding}\` is no action: it is masked`);
    return place < 0 ? MASK : place;
  });
  for (const name of Object.keys(wanted)) {
    if (!FINDINGS.includes(name as Finding)) warnings.push(`\`redact.actions\` has an unknown \`${name}\``);
  }
  const key = typeof hashKey === 'string' && hashKey !== '' ? hashKey : undefined;
  if (!key && (chosen.includes(ACTIONS.indexOf('hash')) || hashKey !== undefined)) {
    warnings.push('`redact.hashKey` is missing: what should be hashed is masked');
  }
  const names = namesIn(keys, warnings).map((name) => {
    const plain = (typeof name === 'string' ? name : '').toLowerCase().replace(/[^a-z0-9]/g, '');
    if (plain.length >= SHORTEST && plain.length <= LONGEST) return ` ${plain}`;
    warnings.push(`\`redact.keys\` has a name that is not known by ${SHORTEST} to ${LONGEST} letters`);
    return '';
  });
  const policy = { actions: chosen.join(''), hashKey: key, keys: names.join('') || undefined };
  return { policy, warnings };
}
