/**
 * A pipeline: one exporter configuration in the core, shared by all exporters with equal settings.
 *
 * Exporters may be built on every request and nothing frees them, so pipelines are interned here by
 * the exact content of their settings (secrets included: they stay in this module's map, the core
 * sees a number) and evicted by the core, least recently used; an evicted one opens itself again.
 * @module
 */
import type { Destination } from '../destinations/destination.js';
import { EdgespanError } from '../errors.js';
import type { Tally } from '../transport/receipt.js';
import { type CoreExports, coreTape } from './core.js';
import {
  LOSS_FAILED,
  LOSS_MEMORY,
  LOSS_NAMES,
  OP_CONFIG,
  OP_END,
  STAT_ACCEPTED,
  STAT_DROPPED,
  STAT_PENDING,
  STAT_REJECTED,
  STAT_UNENDED,
  STAT_WITHHELD,
  STATUS_BAD_CONFIG,
} from './schema.gen.js';
import { FULL, type Tape } from './tape.js';
import { writeMembers } from './walk.js';

/** Limits of a span's content, with OpenTelemetry's names and meanings. What is cut is counted. */
export interface SpanLimits {
  /** Attributes of a span; unlimited by default. */
  attributeCountLimit?: number;
  /** UTF-8 bytes of a string value, longer ones are cut; unlimited by default. */
  attributeValueLengthLimit?: number;
  /** Events of a span; 128 by default. */
  eventCountLimit?: number;
  /** Links of a span; 128 by default. */
  linkCountLimit?: number;
}

export interface PipelineConfig {
  serviceName: string;
  resource: Record<string, unknown>;
  scope: { name: string; version: string };
  limits: SpanLimits;
  destinations: readonly Destination[];
}

const MAX_PIPELINES = 256;
// A request that can be no more: its context was ended by the platform, nobody will release it.
const ABANDONED_MS = 120_000;

const STAT_FIELDS: number = STAT_DROPPED + LOSS_NAMES.length;
// Batches that requests hold, of all pipelines: the core has room for 128 (its kMaxBatches).
const MAX_SENDING = 100;

const pipelines = new Map<string, Pipeline>();
const sending = new Map<number, Batch>();
let identities = 0;

/** The pipeline with this configuration, and the destinations of whoever came with it first. */
export function pipelineFor(config: PipelineConfig): Pipeline {
  const { destinations, ...rest } = config;
  const content = JSON.stringify(
    [
      rest,
      destinations.map((d) => [d.dialect, d.maxRequestBytes, d.maxRequestSpans, d.identity()]),
    ],
    (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value),
  );
  let pipeline = pipelines.get(content);
  if (!pipeline) {
    pipeline = new Pipeline(coreTape(), config, `${++identities}`);
    if (pipelines.size >= MAX_PIPELINES) {
      const [oldest] = pipelines.keys();
      pipelines.delete(oldest);
    }
  } else {
    pipelines.delete(content);
  }
  pipelines.set(content, pipeline); // most recently used last
  return pipeline;
}

/** A batch whose bytes a request is using. */
export interface Batch {
  readonly id: number;
  readonly spans: number;
  readonly body: Uint8Array;
  readonly since: number;
}

export class Pipeline {
  readonly tape: Tape;
  readonly #x: CoreExports;
  readonly #config: Record<string, unknown>;
  readonly #destinations: number;
  #handle = 0;
  #view: Uint32Array | undefined;
  #opened = -1;
  // Statistics that a tally has already been given, by destination.
  #settled: Uint32Array[] = [];
  // What the host lost where the core has no count of it: spans by reason.
  readonly #lost: number[] = LOSS_NAMES.map(() => 0);

  constructor(tape: Tape, config: PipelineConfig, identity: string) {
    this.tape = tape;
    this.#x = tape.x;
    this.#destinations = config.destinations.length;
    this.#config = {
      serviceName: config.serviceName,
      resource: config.resource,
      scope: config.scope,
      limits: config.limits,
      identity,
      destinations: config.destinations.map((d) => ({
        dialect: d.dialect,
        maxBytes: d.maxRequestBytes,
        maxSpans: d.maxRequestSpans,
      })),
    };
  }

  /**
   * Makes the tape this pipeline's, so that an item may be written. REQUIRES: !tape.busy.
   * @throws EdgespanError EDGESPAN_BAD_CONFIG, EDGESPAN_NO_MEMORY
   */
  attach(): Tape {
    const { tape } = this;
    if (tape.owner !== this || this.#opened !== tape.opened) {
      commit(tape);
      tape.owner = this;
      if (this.#opened !== tape.opened) this.#revive();
    }
    if (tape.filled) commit(tape);
    return tape;
  }

  /** Writes what this pipeline has on the tape into its traces; the closed trace's handle or 0. */
  commit(): number {
    return this.tape.owner === this ? commit(this.tape) : 0;
  }

  #revive(): void {
    const { tape } = this;
    if (this.#handle === 0 || this.#x.edgespan_stats(this.#handle, 0) < 0) {
      this.#handle = 0;
      this.#settled = [];
      tape.busy = true;
      try {
        tape.words[tape.w++] = OP_CONFIG;
        writeMembers(tape, this.#config, 0, 0);
        tape.words[tape.w++] = OP_END;
        if (!tape.fits(0)) throw FULL;
        const bytes = tape.putRope();
        const { w, d, at, units } = tape;
        this.#handle = this.#x.edgespan_open_exporter(w, d, at, bytes, units);
      } finally {
        tape.busy = false;
        tape.clear();
        tape.refresh();
        tape.opened++;
      }
      if (this.#handle <= 0) {
        const status = this.#handle;
        this.#handle = 0;
        throw status === STATUS_BAD_CONFIG
          ? new EdgespanError('EDGESPAN_BAD_CONFIG', 'a destination names an unknown `dialect`')
          : new EdgespanError('EDGESPAN_NO_MEMORY', 'the core has no room for another exporter');
      }
    }
    this.#opened = tape.opened;
  }

  /** Counts ended spans that never reached the tape. */
  lose(reason: number, spans: number): void {
    if (this.#handle === 0 || this.#x.edgespan_drop(this.#handle, reason, spans) < 0) {
      this.#lost[reason] += spans * this.#destinations;
    }
  }

  /** Closes all open traces: shutdown. */
  close(): void {
    this.commit();
    if (this.#handle !== 0) this.#x.edgespan_close(this.#handle);
  }

  /** Whether so many requests are under way that the next should wait for its turn. */
  get crowded(): boolean {
    if (sending.size < MAX_SENDING) return false;
    const now = Date.now();
    for (const batch of sending.values()) {
      if (now - batch.since > ABANDONED_MS) this.release(batch);
    }
    return sending.size >= MAX_SENDING;
  }

  /** The next batch for a destination, of one closed trace or (0) of any; undefined: none left. */
  cut(destination: number, trace: number): Batch | undefined {
    if (this.#handle === 0) return undefined;
    const id = this.#x.edgespan_cut(this.#handle, destination, trace);
    this.tape.refresh();
    if (id <= 0) return undefined;
    const at = this.#x.edgespan_batch_at(id);
    const body = new Uint8Array(this.#x.memory.buffer, at, this.#x.edgespan_batch_size(id));
    const batch = { id, spans: this.#x.edgespan_batch_spans(id), body, since: Date.now() };
    sending.set(id, batch);
    return batch;
  }

  /** Hands an answer to the core; returns the verdict and the receiver's words. */
  judge(
    batch: Batch,
    status: number,
    kind: number,
    answer: Uint8Array,
  ): { verdict: number; rejected: number; message: string } {
    const none = { verdict: -1, rejected: 0, message: '' };
    if (sending.get(batch.id) !== batch) return none; // was taken for abandoned
    const { tape } = this;
    let size = 0;
    if (answer.length > 0 && !tape.busy) {
      commit(tape); // the answer goes where the tape's text lies
      size = Math.min(answer.length, tape.text.length);
      tape.text.set(answer.subarray(0, size));
    }
    const verdict = this.#x.edgespan_judge(batch.id, status, kind, size);
    tape.refresh();
    if (verdict < 0) return none;
    const [, rejected, at, bytes] = this.#result();
    const words = new Uint8Array(this.#x.memory.buffer, at, bytes);
    return { verdict, rejected, message: bytes > 0 ? new TextDecoder().decode(words) : '' };
  }

  release(batch: Batch): void {
    if (sending.get(batch.id) !== batch) return;
    sending.delete(batch.id);
    this.#x.edgespan_release(batch.id);
  }

  // The result area; of fixed place, so looked at anew only when memory has moved.
  #result(): Uint32Array {
    const { buffer } = this.#x.memory;
    if (this.#view?.buffer !== buffer) {
      this.#view = new Uint32Array(buffer, this.#x.edgespan_result(), STAT_FIELDS);
    }
    return this.#view as Uint32Array;
  }

  #stats(destination: number): Uint32Array | undefined {
    if (this.#handle === 0 || this.#x.edgespan_stats(this.#handle, destination) < 0) return;
    return this.#result();
  }

  /** Adds to `tally` what happened since this was last called: no event is told twice. */
  settle(tally: Tally): void {
    const { dropped } = tally;
    for (let i = 0; i < LOSS_NAMES.length; i++) dropped[i] += this.#lost[i];
    this.#lost.fill(0);
    for (let i = 0; i < this.#destinations; i++) {
      const now = this.#stats(i);
      if (!now) return;
      this.#settled[i] ??= new Uint32Array(STAT_FIELDS);
      const before = this.#settled[i];
      tally.accepted += now[STAT_ACCEPTED] - before[STAT_ACCEPTED];
      tally.rejected += now[STAT_REJECTED] - before[STAT_REJECTED];
      tally.unended += now[STAT_UNENDED] - before[STAT_UNENDED];
      tally.withheld += now[STAT_WITHHELD] - before[STAT_WITHHELD];
      for (let j = 0; j < LOSS_NAMES.length; j++) {
        dropped[j] += now[STAT_DROPPED + j] - before[STAT_DROPPED + j];
      }
      before.set(now);
    }
  }

  /** Spans that wait, of all exporters with this configuration. */
  get pending(): number {
    let pending = 0;
    for (let i = 0; i < this.#destinations; i++) pending += this.#stats(i)?.[STAT_PENDING] ?? 0;
    return pending;
  }

  /** Hands the tape to the core, even an empty one. REQUIRES: the tape is this pipeline's. */
  commitTape(): number {
    const { tape } = this;
    if (!tape.fits(0)) {
      this.lose(LOSS_MEMORY, tape.ended);
      tape.clear();
      return 0;
    }
    const bytes = tape.putRope();
    const { w, d, at, units, ended } = tape;
    const status = this.#x.edgespan_commit(this.#handle, w, d, at, bytes, units);
    tape.clear();
    tape.refresh();
    // The core counts what it cannot read or store; a handle it does not know it cannot count for.
    if (status < 0 && this.#x.edgespan_stats(this.#handle, 0) < 0) this.lose(LOSS_FAILED, ended);
    return status;
  }
}

function commit(tape: Tape): number {
  if (tape.w === 0 || tape.busy || !tape.owner) return 0;
  return tape.owner.commitTape();
}
