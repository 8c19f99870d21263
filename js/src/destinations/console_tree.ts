/**
 * A destination that sends nothing: it shows runs where the developer looks.
 * @module
 */
import type { PrivacyOptions } from '../engine/privacy.js';
import { objectOf } from '../transport/env.js';
import { BODY_OTHER } from '../core/schema.gen.js';
import type { Answer, Destination, Payload } from './destination.js';
import { treeText } from './tree_text.js';

export interface ConsoleTreeOptions extends PrivacyOptions {
  /** Where the text goes; `console.log` by default. */
  log?(text: string): void;
  /**
   * Colours; by default where the process writes to a terminal. A Worker cannot know that: with `true`
   * `wrangler dev` shows them. `NO_COLOR` and `FORCE_COLOR` of the environment count where there is one.
   */
  color?: boolean;
  /** The most characters of an argument, a result or an error; 100 by default. */
  width?: number;
  /** Names the destination in receipts; `console` by default. */
  name?: string;
  /** Spans of these types are not shown; `['model_chunk']` by default. */
  dropTypes?: readonly string[];
}

interface Process {
  env?: Record<string, string | undefined>;
  stdout?: { isTTY?: boolean };
}

/** Whether the process says that its output is one for colours. */
function colorful(): boolean {
  const { env, stdout } = (globalThis as { process?: Process }).process ?? {};
  if (env?.NO_COLOR) return false;
  return Boolean(env?.FORCE_COLOR && env.FORCE_COLOR !== '0') || stdout?.isTTY === true;
}

/**
 * Prints each run's tree when it ends: names, durations, tokens, errors, what tools were given and gave.
 * For `wrangler dev` and tests; no request is made, and what it prints came from the run.
 *
 * @example
 * new EdgespanExporter({ destinations: [otlp({ endpoint, headers }), consoleTree()] })
 */
export function consoleTree(options: ConsoleTreeOptions = {}): Destination {
  const { name, log, width, dropTypes = ['model_chunk'], redact, content } = objectOf(options);
  const most = typeof width === 'number' && width >= 10 ? Math.floor(width) : 100;
  const color = objectOf(options).color ?? colorful();
  const own = name || 'console';
  return {
    name: own,
    settings: {
      dialect: 'genai',
      maxBytes: 64_000_000,
      maxSpans: 2 ** 31 - 1,
      whole: true,
      remoteParent: undefined,
      dropTypes,
    },
    problem: undefined,
    privacy: { redact, content },
    identity: () => JSON.stringify(['console', own]),
    storeId: () => JSON.stringify(['console', own]),
    budget: 0,
    coding: '',
    encode: () => undefined,
    async post({ bytes }: Payload): Promise<Answer> {
      const answer = { kind: BODY_OTHER, body: new Uint8Array(0), retryAfter: '', cause: '' };
      try {
        const text = treeText(bytes, { color, width: most });
        if (text !== '') (log ?? console.log)(text);
        return { ...answer, status: 200 };
      } catch (error) {
        return { ...answer, status: 500, cause: `\`log\` threw (${error})` };
      }
    },
    redact: (text) => text,
    serializeForSpan: () => ({ name: own }),
  };
}
