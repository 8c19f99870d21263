/**
 * Engines for spans of the official SDK, which bring their resource with them: one for each.
 * @module
 */
import { putLast } from '../bounded.js';
import type { Engine } from '../engine/engine.js';
import { joinRuns } from '../engine/joins.js';
import { deliverIn } from '../quietly.js';
import type { EngineOptions } from '../engine/options.js';
import { plainEngine } from '../engine/plain.js';
import { type Receipt, Tally } from '../transport/receipt.js';
import type { Resource } from './api.js';
import { suppressed } from './context.js';

const MAX_RESOURCES = 16;
const SAMPLED_BEFORE =
  "`sampling` is ignored: the SDK's provider has decided; give it to that as its `sampler`.";

export class Engines {
  readonly #options: EngineOptions;
  readonly #by = new Map<string, Engine>();
  #last: { resource: Resource; engine: Engine } | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
    deliverIn(suppressed);
    joinRuns();
  }

  /** That of a span's resource: the options' attributes win over its. */
  of(resource: Resource): Engine {
    if (this.#last?.resource === resource) return this.#last.engine;
    const resourceAttributes = { ...resource.attributes, ...this.#options?.resourceAttributes };
    const key = JSON.stringify(resourceAttributes);
    const engine = this.#by.get(key) ?? plainEngine({ ...this.#options, resourceAttributes });
    if (engine.head) engine.log.warn('sampling', SAMPLED_BEFORE, true);
    putLast(this.#by, key, engine, MAX_RESOURCES);
    this.#last = { resource, engine };
    return engine;
  }

  /** What all of them tell. */
  async all(call: (engine: Engine) => Promise<Receipt>): Promise<Receipt> {
    const receipts = await Promise.all([...this.#by.values()].map(call));
    return receipts.length === 1 ? receipts[0] : sum(receipts);
  }
}

function sum(receipts: readonly Receipt[]): Receipt {
  const total = new Tally().receipt(0) as unknown as Record<string, unknown>;
  for (const receipt of receipts) {
    for (const [name, value] of Object.entries(receipt)) {
      if (typeof value === 'number') total[name] = ((total[name] as number) ?? 0) + value;
    }
    for (const [reason, count] of Object.entries(receipt.dropped)) {
      const dropped = total.dropped as Record<string, number>;
      dropped[reason] = (dropped[reason] ?? 0) + count;
    }
    (total.errors as unknown[]).push(...receipt.errors);
  }
  return total as unknown as Receipt;
}
