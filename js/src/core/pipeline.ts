/**
 * A pipeline: one exporter configuration in the core, shared by all exporters with equal settings.
 *
 * Exporters may be built on every request and nothing frees them, so pipelines are interned here by
 * the exact content of their settings (secrets included: they stay in this module's map, the core
 * sees none). Both this map and the core's places are bounded, and the one used least recently gives
 * way; a pipeline that lost its place in the core opens itself again.
 * @module
 */
import { putLast } from '../bounded.js';
import type { Destination } from '../destinations/destination.js';
import { EdgespanError } from '../errors.js';
import { ABANDONED_MS, MAX_PIPELINES, MAX_SENDING } from '../limits.js';
import { STAT_FIELDS, type Tally } from '../transport/receipt.js';
import { type CoreExports, coreTape } from './core.js';
import { LOSS_MEMORY, OP_CONFIG, OP_END, STAT_PENDING, STATUS_BAD_CONFIG } from './schema.gen.js';
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
  resource: Record<string, unknown>;
  scope: { name: string; version: string };
  limits: SpanLimits;
  destinations: readonly Destination[];
}

const pipelines = new Map<string, Pipeline>();
const sending = new Map<number, Batch>();

/**
 * The pipeline with this configuration. An exporter that gives its spans to the core in several forms
 * numbers them (`lane`): no two of its pipelines are one, even where they send to one address.
 */
export function pipelineFor(config: PipelineConfig, lane: number): Pipeline {
  const destinations = config.destinations.map((d) => d.settings);
  const settings = { ...config, destinations };
  const content = JSON.stringify(
    [settings, config.destinations.map((d) => d.identity()), lane],
    (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value),
  );
  const pipeline = pipelines.get(content) ?? new Pipeline(coreTape(), settings, destinations.length);
  putLast(pipelines, content, pipeline, MAX_PIPELINES);
  return pipeline;
}

/** A batch whose bytes a request is using. */
export interface Batch {
  readonly id: number;
  readonly body: Uint8Array;
  readonly since: number;
}

export class Pipeline {
  readonly tape: Tape;
  readonly #x: CoreExports;
  readonly #settings: Record<string, unknown>;
  readonly #destinations: number;
  #handle = 0;
  #opened = -1;
  // Statistics that a tally has already been given, by destination.
  #settled: number[][] = [];

  constructor(tape: Tape, settings: Record<string, unknown>, destinations: number) {
    this.tape = tape;
    this.#x = tape.x;
    this.#settings = settings;
    this.#destinations = destinations;
  }

  /**
   * Makes the tape this pipeline's, so that an item may be written. REQUIRES: !tape.busy.
   * @throws EdgespanError EDGESPAN_BAD_CONFIG, EDGESPAN_NO_MEMORY
   */
  attach(): Tape {
    const { tape } = this;
    tape.refresh();
    if (tape.owner !== this || this.#opened !== tape.opened) {
      commit(tape);
      tape.owner = this;
      // Since this one was last used, another may have taken its place.
      if (this.#opened !== tape.opened && !this.#stats(0)) this.#open();
      this.#opened = tape.opened;
    } else if (tape.filled) {
      this.commitTape();
    }
    return tape;
  }

  #open(): void {
    const { tape } = this;
    let status = 0;
    this.#settled = [];
    tape.busy = true;
    try {
      tape.put(OP_CONFIG);
      tape.rope += writeMembers(tape, this.#settings, 0, 0);
      tape.put(OP_END);
      if (!tape.fits(0)) throw FULL;
      status = this.#x.edgespan_open_exporter(...tape.finish());
    } finally {
      this.#handle = Math.max(0, status);
      tape.busy = false;
      tape.refresh();
      tape.clear();
    }
    tape.opened++;
    if (status > 0) return;
    throw status === STATUS_BAD_CONFIG
      ? new EdgespanError('EDGESPAN_BAD_CONFIG', "a destination's `dropTypes` or `dialect` is unknown")
      : new EdgespanError('EDGESPAN_NO_MEMORY', 'the core has no room for another exporter');
  }

  /** Writes what this pipeline has on the tape into its traces; the closed trace's handle or 0. */
  commit(): number {
    return this.tape.owner === this ? commit(this.tape) : 0;
  }

  /** The same, even for an empty tape, which gives memory back. REQUIRES: the tape is this one's. */
  commitTape(): number {
    const { tape } = this;
    let trace = 0;
    // What the core cannot read or store it counts itself.
    if (tape.fits(0)) trace = this.#x.edgespan_commit(this.#handle, ...tape.finish());
    else this.lose(LOSS_MEMORY, tape.ended);
    tape.refresh();
    tape.clear();
    return Math.max(0, trace);
  }

  /** Counts ended spans that never reached the tape. REQUIRES: attach(). */
  lose(reason: number, spans: number): void {
    this.#x.edgespan_drop(this.#handle, reason, spans);
  }

  /** Closes all open traces: shutdown. */
  close(): void {
    this.commit();
    this.#x.edgespan_close(this.#handle);
  }

  /** Whether so many requests are under way that the next should wait for its turn. */
  get crowded(): boolean {
    if (sending.size < MAX_SENDING) return false;
    const old = Date.now() - ABANDONED_MS;
    for (const batch of sending.values()) if (batch.since < old) this.release(batch);
    return sending.size >= MAX_SENDING;
  }

  /** The next batch for a destination, of one closed trace or (0) of any; undefined: none left. */
  cut(destination: number, trace: number): Batch | undefined {
    const id = this.#x.edgespan_cut(this.#handle, destination, trace);
    if (id <= 0) return undefined;
    this.#x.edgespan_batch(id);
    const { result } = this.tape; // offset, bytes
    const body = new Uint8Array(this.#x.memory.buffer, result[0], result[1]);
    const batch = { id, body, since: Date.now() };
    sending.set(id, batch);
    return batch;
  }

  /** Hands an answer to the core; returns the verdict and the receiver's words. */
  judge(
    { id }: Batch,
    status: number,
    kind: number,
    answer: Uint8Array,
  ): { verdict: number; rejected: number; message: string } {
    const { tape } = this;
    let size = 0;
    if (answer.length > 0 && !tape.busy) {
      commit(tape); // the answer goes where the tape's text lies
      tape.refresh();
      size = Math.min(answer.length, tape.text.length);
      tape.text.set(answer.subarray(0, size));
    }
    const verdict = this.#x.edgespan_judge(id, status, kind, size);
    if (verdict < 0) return { verdict, rejected: 0, message: '' }; // was taken for abandoned
    const [, rejected, at, bytes] = tape.result;
    return { verdict, rejected, message: bytes > 0 ? tape.read(at, bytes) : '' };
  }

  release({ id }: Batch): void {
    sending.delete(id);
    this.#x.edgespan_release(id);
  }

  #stats(destination: number): Uint32Array | undefined {
    if (this.#x.edgespan_stats(this.#handle, destination) < 0) return undefined;
    return this.tape.result;
  }

  /** Adds to `tally` what happened since this was last called: no event is told twice. */
  settle({ spans }: Tally): void {
    for (let i = 0; i < this.#destinations; i++) {
      const now = this.#stats(i);
      if (!now) return;
      const settled = (this.#settled[i] ??= new Array(STAT_FIELDS).fill(0));
      for (let stat = 0; stat < STAT_FIELDS; stat++) {
        spans[stat] += now[stat] - settled[stat];
        settled[stat] = now[stat];
      }
    }
  }

  /** Spans that wait, of all exporters with this configuration. */
  get pending(): number {
    let pending = 0;
    for (let i = 0; i < this.#destinations; i++) pending += this.#stats(i)?.[STAT_PENDING] ?? 0;
    return pending;
  }
}

function commit(tape: Tape): number {
  return tape.w > 0 && !tape.busy && tape.owner ? tape.owner.commitTape() : 0;
}
