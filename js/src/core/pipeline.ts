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
import type { Answer, Destination } from '../destinations/destination.js';
import type { Join } from '../engine/lane.js';
import { type PrivacyOptions, privacyOf, type Redaction } from '../engine/privacy.js';
import { EdgespanError } from '../errors.js';
import { ABANDONED_MS, EVER, MAX_HELD, MAX_PIPELINES, MAX_SENDING } from '../limits.js';
import { STAT_FIELDS, type Tally } from '../transport/receipt.js';
import { type CoreExports, coreTape } from './core.js';
import { retryAfterMs } from './retry_after.js';
import { LOSS_MEMORY, OP_CONFIG, OP_END, STAT_PENDING, STATUS_BAD_CONFIG, STATUS_MALFORMED, VERDICT_ACCEPTED, VERDICT_GIVEN_UP } from './schema.gen.js';
import { FULL, type Tape } from './tape.js';
import { writeMembers } from './walk.js';

/** Limits of a span's content, with OpenTelemetry's names and meanings. What is cut is counted. */
export interface SpanLimits {
  /** Attributes of a span; unlimited by default. */
  attributeCountLimit?: number;
  /** UTF-8 bytes of a string value, longer ones are cut; unlimited by default. */
  attributeValueLengthLimit?: number;
  /** Events of a span; by default as many as its maker let it have: 128 in OpenTelemetry. */
  eventCountLimit?: number;
  /** Links of a span; by default as many as its maker let it have: 128 in OpenTelemetry. */
  linkCountLimit?: number;
}

export interface PipelineConfig extends PrivacyOptions {
  resource: Record<string, unknown>;
  scope: { name: string; version: string };
  limits: SpanLimits;
  destinations: readonly Destination[];
  /** Which of their runs each destination gets; all by default. */
  tails?: readonly Destination['tail'][];
}

const pipelines = new Map<string, Pipeline>();
const sending = new Map<number, Batch>();

/**
 * The pipeline with this configuration. An exporter that gives its spans to the core in several forms
 * numbers them (`lane`): no two of its pipelines are one, even where they send to one address.
 */
export function pipelineFor(
  config: PipelineConfig,
  lane: number,
  Kind: typeof Pipeline = Pipeline,
): Pipeline {
  const tape = coreTape();
  const { resource, scope, limits, tails } = config;
  const redactions: (Redaction | undefined)[] = [];
  const destinations = config.destinations.map(({ settings, privacy }, i) => {
    const { redaction, content } = privacyOf(privacy, config);
    redactions[i] = redaction;
    const tail = (tails?.[i] || undefined)?.settings;
    return { ...settings, content, redact: redaction?.settings(tape.x), tail };
  });
  const settings = { resource, scope, limits, destinations };
  const content = JSON.stringify(
    [settings, config.destinations.map((d) => d.identity()), lane],
    (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value),
  );
  const pipeline = pipelines.get(content) ?? new Kind(tape, settings, redactions);
  putLast(pipelines, content, pipeline, MAX_PIPELINES);
  return pipeline;
}

/** Runs with one trace id that go on, and what of theirs was recorded since they last sent something. */
export interface Open {
  roots: number;
  spans: number;
  bytes: number;
  steps: number;
  /** When the first of these ended, by its own clock; 0: there is none. */
  since: number;
  /** Since when something of theirs is being sent early; 0: nothing is. */
  sending: number;
}

/** A batch that a request is sending. */
export interface Batch {
  readonly id: number;
  readonly pipeline: Pipeline;
  /** The destination's place. */
  readonly to: number;
  readonly since: number;
  /** Spans that are to be posted. */
  spans: number;
  /** Equal for batches that are the same bytes. */
  serial: number;
  /** The destination is left alone for a while: to be stored, not posted. */
  shut: boolean;
  /** Where the core has the bytes that are to be posted, which it does not move; 0 when released. */
  at: number;
  size: number;
}

/** What the core makes of an answer. */
export interface Judgement {
  /** VERDICT_*. */
  readonly verdict: number;
  readonly accepted: number;
  readonly rejected: number;
  /** The receiver's words. */
  readonly message: string;
  /** Milliseconds until the same is to be posted again. */
  readonly wait: number;
}

export class Pipeline {
  readonly tape: Tape;
  /** By trace id. */
  readonly open: Map<string, Open> = new Map();
  /** There once a span of OpenTelemetry's was told. */
  joins: Join | undefined;
  readonly #x: CoreExports;
  readonly #settings: Record<string, unknown>;
  readonly #destinations: number;
  readonly #redactions: readonly (Redaction | undefined)[];
  #handle = 0;
  #opened = -1;
  #last = 0;
  #looked = 0;
  // Statistics that a tally has already been given, by destination.
  #settled: number[][] = [];
  // Batches that are out, by destination.
  readonly #held: number[];

  constructor(
    tape: Tape,
    settings: Record<string, unknown>,
    redactions: readonly (Redaction | undefined)[],
  ) {
    this.tape = tape;
    this.#x = tape.x;
    this.#settings = settings;
    this.#redactions = redactions;
    this.#destinations = redactions.length;
    this.#held = new Array(redactions.length).fill(0);
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
      const bytes = tape.encode();
      const { w, d, at, rope } = tape;
      status = this.#x.edgespan_open_exporter(w, d, at, bytes, rope.length);
    } finally {
      this.#handle = Math.max(0, status);
      tape.busy = false;
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
    tape.refresh(); // a batch that was cut since may have grown memory
    // What the core cannot read or store it counts itself.
    if (tape.fits(0)) {
      const bytes = tape.encode();
      const { w, d, at, rope } = tape;
      trace = this.#x.edgespan_commit(this.#handle, w, d, at, bytes, rope.length);
      this.#last = tape.result[0];
    } else this.lose(LOSS_MEMORY, tape.ended);
    tape.clear();
    return Math.max(0, trace);
  }

  /** Commits, and returns the handle of the trace that the last item went to: 0 without one. */
  commitLast(): number {
    this.#last = 0;
    this.commit();
    return this.#last;
  }

  /** Counts ended spans that never reached the tape. REQUIRES: attach(). */
  lose(reason: number, spans: number): void {
    this.#x.edgespan_drop(this.#handle, reason, spans);
  }

  /** Closes all open traces: shutdown. */
  close(): void {
    this.commit();
    this.#x.edgespan_close(this.#handle, EVER);
  }

  /**
   * Closes runs of which nothing was heard for so many milliseconds before `now`: their requests died.
   * Looks no more often than that. Whether something is to be sent: theirs, or what was closed in a
   * request that died in that moment.
   */
  closeSilent(now: number, silence: number): boolean {
    if (!(now - this.#looked >= silence)) return false;
    this.#looked = now;
    this.commit();
    this.#x.edgespan_close(this.#handle, Math.max(0, now - silence) / 1000);
    return this.pending > 0;
  }

  /** Whether so many of a destination's batches are under way that the next should wait. */
  crowded(to: number): boolean {
    if (!this.#crowd(to)) return false;
    const old = Date.now() - ABANDONED_MS;
    for (const batch of sending.values()) if (batch.since < old) batch.pipeline.release(batch);
    return this.#crowd(to);
  }

  #crowd(to: number): boolean {
    return this.#held[to] >= MAX_SENDING || sending.size >= MAX_HELD;
  }

  /**
   * The next batch for a destination: of one trace, of any closed one (0), or of any (OPEN_TRACES);
   * undefined: none left. `hold`: also one that must not be posted now, to be stored.
   */
  cut(to: number, trace: number, hold: boolean, now: number): Batch | undefined {
    return this.#take(to, this.#x.edgespan_cut(this.#handle, to, trace, now / 1000, +hold), now);
  }

  /**
   * A batch of so many spans that comes back from a store, its body as the core made it. undefined: the
   * core has no room for it; null: `body` is not of so many spans. Of an empty one the core only judges
   * and counts the spans. REQUIRES: attach().
   */
  adopt(to: number, spans: number, body: Uint8Array, now: number): Batch | undefined | null {
    const { tape } = this;
    const size = body.length;
    commit(tape); // the body goes where the tape's text lies
    if (!tape.fits(size)) return undefined;
    tape.text.set(body);
    const id = this.#x.edgespan_adopt(this.#handle, to, spans, size, now / 1000);
    tape.clear();
    return id === STATUS_MALFORMED ? null : this.#take(to, id, now);
  }

  #take(to: number, id: number, since: number): Batch | undefined {
    if (id <= 0) return undefined;
    const batch = { id, pipeline: this, to, since, spans: 0, serial: 0, shut: false, at: 0, size: 0 };
    this.#held[to]++;
    sending.set(id, batch);
    this.#look(batch);
    return batch;
  }

  #look(batch: Batch): void {
    if (this.#x.edgespan_batch(batch.id) < 0) return; // was taken for abandoned
    const { result } = this.tape;
    batch.at = result[0];
    batch.size = result[1];
    batch.spans = result[2];
    batch.serial = result[3];
    batch.shut = result[4] !== 0;
  }

  /** What of a batch is to be posted, as the core made it: a view, good until the core is called. */
  view({ at, size }: Batch): Uint8Array {
    return new Uint8Array(this.#x.memory.buffer, at, size);
  }

  /** Hands an answer to the core; `left` is how many milliseconds may still be spent on the batch. */
  judge(batch: Batch, answer: Answer, left: number, now: number): Judgement {
    const { tape } = this;
    const { status, kind, body, retryAfter } = answer;
    let size = 0;
    if (body.length > 0 && !tape.busy) {
      commit(tape); // the answer goes where the tape's text lies
      tape.refresh();
      const { text } = tape;
      size = Math.min(body.length, text.length);
      text.set(body.subarray(0, size));
    }
    const random = Math.random() * 2 ** 32;
    const asked = retryAfterMs(retryAfter, now);
    const verdict = this.#x.edgespan_judge(batch.id, status, kind, size, asked, now / 1000, left, random);
    // It was taken for abandoned: what became of its spans is counted.
    if (verdict < 0) return { verdict: VERDICT_GIVEN_UP, accepted: 0, rejected: 0, message: '', wait: 0 };
    // Not by destructuring, which would iterate.
    const { result } = tape;
    const accepted = result[0];
    const rejected = result[1];
    const wait = result[4];
    const message = result[3] > 0 ? tape.read(result[2], result[3]) : '';
    if (verdict !== VERDICT_ACCEPTED) this.#look(batch); // what of it is next, or is left
    return { verdict, accepted, rejected, message, wait };
  }

  /** Ends a batch; `spooled`: what was left of it is in a store. */
  release(batch: Batch, spooled = false): void {
    const { id, to } = batch;
    if (!sending.delete(id)) return;
    this.#held[to]--;
    batch.size = 0;
    this.#x.edgespan_release(id, +spooled);
  }

  /** A text beside spans, as it may leave for a destination. */
  redact(to: number, text: string): string {
    return this.#redactions[to]?.text(this, to, text) ?? text;
  }

  /** So many units of a text that is longer; fewer, where half a secret could be left at their end. */
  cutText(text: string, limit: number): string {
    return this.#redactions.find((one) => one)?.cut(text, limit) ?? text.slice(0, limit);
  }

  /** The exporter's handle in the core. REQUIRES: attach(). */
  get handle(): number {
    return this.#handle;
  }

  #stats(destination: number): Uint32Array | undefined {
    if (this.#x.edgespan_stats(this.#handle, destination) < 0) return undefined;
    return this.tape.result;
  }

  /** Adds to `tally` what happened since this was last called: no event is told twice, but to `peek`. */
  settle({ spans }: Tally, peek = false): void {
    for (let i = 0; i < this.#destinations; i++) {
      const now = this.#stats(i);
      if (!now) return;
      const settled = (this.#settled[i] ??= new Array(STAT_FIELDS).fill(0));
      for (let stat = 0; stat < STAT_FIELDS; stat++) {
        spans[stat] += now[stat] - settled[stat];
        if (!peek) settled[stat] = now[stat];
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

