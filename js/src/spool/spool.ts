/**
 * What an outage leaves behind: batches that could not be sent, kept until their destination is well
 * again. This is the contract between an exporter and a store, and the store that every exporter has:
 * memory. The durable ones are in modules of their own (index.ts), so that nobody else pays for them.
 * @module
 */
import { putLast } from '../bounded.js';
import type { Destination } from '../destinations/destination.js';
import { LEASE_MS } from '../limits.js';
import type { DropReason } from '../transport/receipt.js';

/** A batch that could not be sent: OTLP protobuf as the core made it. No address, no header. */
export interface Unsent {
  readonly destination: Destination;
  readonly bytes: Uint8Array;
  readonly spans: number;
  /** A request with it got no answer: the receiver may have it. */
  readonly unsure: boolean;
  /** Until when it is kept, in Unix milliseconds, if it was in a store before. */
  readonly expires?: number | undefined;
}

/** A batch that a store gave to one replayer, who says what became of it. */
export interface Claim extends Omit<Unsent, 'bytes' | 'destination'> {
  /** The same bytes; null: they cannot be read any more. */
  readonly bytes: Uint8Array | null;
  /** Nobody tried to send it before: that it is refused says nothing of what comes next. */
  readonly fresh?: true;
  /** It is done with: forget it. */
  sent(): Promise<void>;
  /** It could not be sent: another may try. */
  failed(unsure: boolean): Promise<void>;
}

/** Told of spans that a store gave up, and why. */
export type Lose = (reason: DropReason, spans: number) => void;

/** Keeps what could not be sent; made by `memorySpool()`, `kvSpool()` and their kin. */
export interface Spool {
  /** Keeps a batch; rejects, saying why, if it cannot: then its spans are lost, as `unsent`. */
  put(batch: Unsent, lose: Lose): Promise<void>;
  /** A batch for this destination that nobody else is sending; undefined: there is none, for now. */
  claim(destination: Destination, lose: Lose): Promise<Claim | undefined>;
  /** It does not outlive the isolate. */
  readonly volatile?: boolean;
  /**
   * Of one that does not: an exporter may send to this destination from now on (1), or no longer (-1); how
   * many may.
   */
  users?(destination: Destination, by: 1 | -1): number;
  /** Nothing is in it, for sure: it need not be asked for a claim. */
  readonly empty?: boolean;
}

export interface MemorySpoolOptions {
  /** Bytes that batches may take, uncompressed; the oldest gives way. 4194304 by default. */
  maxBytes?: number;
  /** Seconds that a batch is kept; 3600 by default. */
  maxAge?: number;
}

/** What ends with a last flush: the exporter alone, where its isolate goes on, or the process as well. */
export type Final = 'exporter' | 'process';

/**
 * For an exporter that ends: what is in memory goes with the process, and is counted; what another
 * exporter may send stays.
 */
export async function leave(
  spool: Spool | undefined,
  destinations: readonly Destination[],
  final: Final,
  lose: Lose,
): Promise<void> {
  for (const to of destinations) {
    const others = spool?.users?.(to, -1) ?? 1;
    let claim: Claim | undefined;
    while (final === 'process' && others <= 0 && (claim = await spool?.claim(to, lose))) {
      lose('unsent', claim.spans);
      await claim.sent();
    }
  }
}

interface Kept extends Unsent {
  to: string;
  expires: number;
  unsure: boolean;
  /** Until then somebody is sending it; a request that died never says more. */
  leased: number;
}

/** With what there is beside the bytes, about. */
const size = ({ bytes }: Unsent): number => bytes.length + 256;

/** Destinations whose exporters are counted: those that are never shut down would stay for ever. */
const MAX_USERS = 1_024;

let ours: Spool | undefined;

/** The isolate's own, of exporters that were given none: they may be built on every request. */
export function defaultSpool(): Spool {
  return (ours ??= memorySpool());
}

/**
 * Keeps what could not be sent in memory: it survives an outage, not the isolate. Every exporter has
 * one of these unless it is given another; make one to give it other bounds.
 *
 * @example
 * new EdgespanExporter({ destinations, spool: memorySpool({ maxBytes: 1_000_000 }) })
 */
export function memorySpool(options: MemorySpoolOptions = {}): Spool {
  // A setting that is no positive number is as good as none.
  const maxBytes = Math.max(0, options.maxBytes ?? 0) || 4_194_304;
  const maxAge = Math.max(0, options.maxAge ?? 0) || 3_600;
  const kept = new Set<Kept>(); // the oldest first
  const drop = (one: Kept, lose: Lose, reason: DropReason): void => {
    if (kept.delete(one)) lose(reason, one.spans);
  };
  /** Those that nobody is sending; what is too old goes. */
  const free = (lose: Lose): Kept[] =>
    [...kept].filter((one) => {
      const now = Date.now();
      if (one.leased > now) return false;
      if (one.leased > 0) one.unsure = true; // who had it died
      if (one.expires <= now) drop(one, lose, 'expired');
      return one.expires > now;
    });
  const users = new Map<string, number>();
  return {
    volatile: true,
    users(destination, by) {
      const to = destination.storeId();
      const count = (users.get(to) ?? 0) + by;
      if (count > 0) putLast(users, to, count, MAX_USERS);
      else users.delete(to);
      return count;
    },
    get empty() {
      return kept.size === 0;
    },
    async put(batch, lose) {
      let room = maxBytes - size(batch);
      if (room < 0) throw new Error('the batch is larger than `maxBytes`');
      for (const one of kept) room -= size(one);
      for (const one of free(lose)) {
        if (room >= 0) break;
        room += size(one);
        drop(one, lose, 'memory');
      }
      const expires = batch.expires ?? Date.now() + maxAge * 1000;
      kept.add({ ...batch, to: batch.destination.storeId(), expires, leased: 0 });
    },
    async claim(destination, lose) {
      const to = destination.storeId();
      const one = free(lose).find((one) => one.to === to);
      if (!one) return undefined;
      const claim = {
        ...one,
        sent: async () => void kept.delete(one),
        async failed(unsure: boolean) {
          // The last one now: one that cannot be sent must not stop the others.
          if (kept.delete(one)) kept.add({ ...one, leased: 0, unsure });
        },
      };
      one.leased = Date.now() + LEASE_MS + destination.budget;
      return claim;
    },
  };
}
