/**
 * A pipeline for bodies that the core does not have: it judges what is answered to them, and counts.
 * @module
 */
import { type Batch, Pipeline } from '../core/pipeline.js';
import { STAT_REPLAYED } from '../core/schema.gen.js';
import type { Destination } from '../destinations/destination.js';
import type { Tally } from '../transport/receipt.js';

/** A body that nobody sent yet; `spans`: the events that it stands for. */
export interface Fresh {
  readonly bytes: Uint8Array;
  readonly spans: number;
  readonly to: readonly Destination[];
}

export class OutboxPipeline extends Pipeline {
  // Bodies that come for the first time: the core has not counted these, and will count them as replayed.
  readonly #fresh = new WeakSet<Uint8Array>();
  #first = 0;
  readonly #bodies = new Map<Batch, { readonly body: Uint8Array; readonly spans: number }>();
  /** Events in requests, of all exporters with this configuration. */
  out = 0;

  /** Bodies for one destination, which will come for the first time: views that are told apart. */
  expect(fresh: readonly Fresh[]): Fresh[] {
    return fresh.map((one) => {
      const bytes = one.bytes.subarray();
      this.#fresh.add(bytes);
      return { ...one, bytes };
    });
  }

  /** A body that goes to a store, and comes as any other from there. False: it came already. */
  forget(bytes: Uint8Array): boolean {
    return this.#fresh.delete(bytes);
  }

  override adopt(to: number, spans: number, body: Uint8Array, now: number): Batch | undefined | null {
    const batch = super.adopt(to, spans, new Uint8Array(0), now);
    if (!batch) return batch;
    this.#bodies.set(batch, { body, spans });
    this.out += spans;
    if (this.#fresh.delete(body)) this.#first += spans;
    return batch;
  }

  override view(batch: Batch): Uint8Array {
    return this.#bodies.get(batch)?.body ?? super.view(batch);
  }

  override release(batch: Batch, spooled?: boolean): void {
    super.release(batch, spooled);
    this.out -= this.#bodies.get(batch)?.spans ?? 0; // released before: it was taken for abandoned
    this.#bodies.delete(batch);
  }

  override settle(tally: Tally, peek = false): void {
    super.settle(tally, peek);
    tally.spans[STAT_REPLAYED] -= this.#first;
    if (!peek) this.#first = 0;
  }
}
