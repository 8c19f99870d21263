/**
 * Recent traces, kept for reading: a bounded ring of what left. A module of its own, so that nobody
 * else pays for it. Inside, spans are text: its size is known, and nothing in it changes afterwards.
 * @module
 */
import type { Keeper } from '../engine/lane.js';
import type { FormattingLane } from '../engine/formatting.js';
import { type Annotation, type RecordedTrace, Trace } from './recorded.js';
import type {
  MastraFeedback,
  MastraFeedbackEvent,
  MastraInitOptions,
  MastraObservability,
  MastraScore,
  MastraScoreEvent,
  MastraSpan,
} from './types.js';

export type {
  Annotatable,
  FeedbackInput,
  RecordedSpan,
  RecordedTrace,
  ScoreInput,
  TokenUsage,
} from './recorded.js';
export type { MastraFeedback, MastraScore } from './types.js';

export interface TraceStoreOptions {
  /** Traces that are kept, those of runs that are going on included; 100 by default. */
  count?: number;
  /** Bytes of memory that they may take; 4194304 by default. */
  bytes?: number;
}

/** What a trace must have: all that is given, and on one of its roots. */
export interface TraceFilter {
  /** Tags, all of them. */
  tags?: readonly string[];
  name?: string;
  /** Mastra's type of the root: `agent_run`, `workflow_run` and so on. */
  type?: string;
  entityId?: string;
  /** Values of the root's metadata, equal as JSON. */
  metadata?: Readonly<Record<string, unknown>>;
  /** How many traces at most; all by default. */
  limit?: number;
}

/** Made by `traceStore()`. */
export interface TraceStore {
  /** Traces in the store, those of runs that are going on included. */
  readonly count: number;
  /** Bytes that they take, closely estimated. */
  readonly bytes: number;
  /** Forgets all. */
  clear(): void;
  /** For the exporter: keeps what leaves by one of its lanes, and what Mastra tells the exporter. */
  connect(lane: object, exporter: Annotated): TraceReader;
}

/** The handlers of an exporter that takes annotations. */
export interface Annotated {
  onScoreEvent?: (event: MastraScoreEvent) => void;
  onFeedbackEvent?: (event: MastraFeedbackEvent) => void;
}

/** An exporter's way to its store. */
export interface TraceReader {
  init(options: MastraInitOptions | undefined): void;
  get(traceId: string): Promise<RecordedTrace | null>;
  find(filter?: TraceFilter): Promise<RecordedTrace[]>;
}

const BYTES = 4_194_304;
const COUNT = 100;
// Beside its characters, for a string and its place in an array; for a trace, for its entry.
const STRING_BYTES = 24;
const TRACE_BYTES = 256;
const WIDE = /[^\0-\xff]/;
// Dates cross JSON as text that no span has by chance.
const DATE = '\0date ';

/** A trace in the ring: JSON, in the order in which it came. */
interface Kept {
  readonly spans: string[];
  readonly scores: string[];
  readonly feedback: string[];
  bytes: number;
  /** A root has ended: there is a trace to read. */
  whole: boolean;
}

/**
 * Keeps recent traces for `exporter.getTrace()` and `exporter.findTraces()`, the oldest giving way.
 * Give it to an exporter as `keepTraces`; several exporters, such as those that are built for each
 * request, may share one. What is kept is what left: after formatters, withheld where they failed.
 *
 * @example
 * const exporter = new EdgespanExporter({ destinations, keepTraces: traceStore({ count: 20 }) });
 */
export function traceStore(options?: TraceStoreOptions): TraceStore {
  return new Store(options);
}

class Store implements TraceStore, Keeper {
  readonly #limits: Required<TraceStoreOptions>;
  readonly #traces = new Map<string, Kept>();
  #bytes = 0;
  #heard = 0;

  constructor({ count, bytes }: TraceStoreOptions = {}) {
    this.#limits = { count: limit(count, COUNT), bytes: limit(bytes, BYTES) };
  }

  get count(): number {
    return this.#traces.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  clear(): void {
    this.#traces.clear();
    this.#bytes = 0;
  }

  connect(source: object, exporter: Annotated): TraceReader {
    const lane = source as FormattingLane; // whose type is not the public's
    lane.keeper = this;
    exporter.onScoreEvent = ({ score }) => this.#note('scores', score);
    exporter.onFeedbackEvent = ({ feedback }) => this.#note('feedback', feedback);
    return new Reader(this, lane);
  }

  /** A root began: only what is seen from here on can be whole. */
  started(traceId: string): void {
    const kept = this.#traces.get(traceId) ?? this.#empty(traceId);
    this.#traces.delete(traceId);
    this.#traces.set(traceId, kept); // the last one to go
    if (this.count > this.#limits.count) this.#evict();
  }

  ended(span: MastraSpan, content: MastraSpan | undefined): void {
    const { id, traceId, type, startTime, endTime, isEvent, isRootSpan } = span;
    const { parentSpanId, externalParentSpanId } = span;
    if (isRootSpan && isEvent) this.started(traceId); // it has no start
    const kept = this.#traces.get(traceId);
    if (!kept) return;
    const times = { startTime, endTime, isEvent, isRootSpan };
    const envelope = { id, traceId, type, ...times, parentSpanId, externalParentSpanId };
    let text: string;
    // What has no name, or may not show it, is named by its type, as it is where it is sent.
    try {
      const failed = span.errorInfo && { errorInfo: { message: '' } };
      const shown = content ?? { withheld: true, ...failed };
      text = encode({ ...shown, name: content?.name ?? type, ...envelope });
    } catch {
      text = encode({ name: type, withheld: true, ...envelope });
    }
    kept.whole ||= isRootSpan;
    this.#put(traceId, kept, kept.spans, text);
  }

  get(traceId: string, mastra: MastraObservability | undefined): RecordedTrace | null {
    const kept = this.#traces.get(traceId);
    if (!kept?.whole) return null;
    const parts = {
      spans: kept.spans.map(decode) as MastraSpan[],
      scores: kept.scores.map(decode) as MastraScore[],
      feedback: kept.feedback.map(decode) as MastraFeedback[],
    };
    return new Trace(traceId, parts, (annotation) => this.#annotate(annotation, mastra));
  }

  find(filter: TraceFilter = {}, mastra: MastraObservability | undefined): RecordedTrace[] {
    const { limit: most = Infinity, ...wanted } = filter;
    const found: RecordedTrace[] = [];
    for (const traceId of [...this.#traces.keys()].reverse()) {
      if (found.length >= most) break;
      const trace = this.get(traceId, mastra);
      if (trace?.spans.some((span) => span.isRootSpan && fits(span, wanted))) found.push(trace);
    }
    return found;
  }

  /** Tells Mastra. Its own event, which comes here by way of the exporter, is the one that is kept. */
  #annotate(annotation: Annotation, mastra: MastraObservability | undefined): Promise<void> | undefined {
    const heard = this.#heard;
    const { kind, about } = annotation;
    try {
      return kind === 'score' ? mastra?.addScore?.(about) : mastra?.addFeedback?.(about);
    } finally {
      // None came: there is no Mastra, or the exporter is not in its default configuration.
      if (this.#heard === heard) {
        if (kind === 'score') this.#note('scores', annotation.score);
        else this.#note('feedback', annotation.feedback);
      }
    }
  }

  #note(list: 'scores' | 'feedback', note: MastraScore | MastraFeedback): void {
    this.#heard++;
    const { traceId = '' } = note;
    const kept = this.#traces.get(traceId); // those of other traces are not for us
    if (kept) this.#put(traceId, kept, kept[list], encode(note));
  }

  #empty(traceId: string): Kept {
    const bytes = TRACE_BYTES + traceId.length;
    this.#bytes += bytes;
    return { spans: [], scores: [], feedback: [], bytes, whole: false };
  }

  #put(traceId: string, kept: Kept, list: string[], text: string): void {
    const bytes = STRING_BYTES + text.length * (WIDE.test(text) ? 2 : 1);
    list.push(text);
    kept.bytes += bytes;
    this.#bytes += bytes;
    // One that is larger than the ring goes, not all others for it.
    if (kept.bytes > this.#limits.bytes) this.#evict(traceId);
    while (this.#bytes > this.#limits.bytes) this.#evict();
  }

  /** The oldest; spans of it that are still to come find no place. */
  #evict(traceId = this.#traces.keys().next().value as string): void {
    this.#bytes -= this.#traces.get(traceId)?.bytes ?? 0;
    this.#traces.delete(traceId);
  }
}

class Reader implements TraceReader {
  readonly #store: Store;
  readonly #lane: FormattingLane;
  #mastra: MastraObservability | undefined;

  constructor(store: Store, lane: FormattingLane) {
    this.#store = store;
    this.#lane = lane;
  }

  init(options: MastraInitOptions | undefined): void {
    this.#mastra = options?.mastra?.observability;
  }

  async get(traceId: string): Promise<RecordedTrace | null> {
    await this.#formatted(traceId);
    return this.#store.get(traceId, this.#mastra);
  }

  async find(filter?: TraceFilter): Promise<RecordedTrace[]> {
    await this.#formatted();
    return this.#store.find(filter, this.#mastra);
  }

  /** Runs that are over are not read before their formatters have answered, or are given up. */
  async #formatted(traceId?: string): Promise<void> {
    const roots = [...this.#lane.waiting].filter(({ span }) => span.isRootSpan);
    const wanted = roots.filter(({ span }) => span.traceId === (traceId ?? span.traceId));
    await Promise.all(wanted.map(({ span }) => this.#lane.finish(span.traceId)));
  }
}

function fits(span: RecordedTrace['rootSpan'], filter: Omit<TraceFilter, 'limit'>): boolean {
  const { tags = [], metadata = {}, name, type, entityId } = filter;
  return (
    tags.every((tag) => span.tags?.includes(tag)) &&
    [span.name, undefined].includes(name) &&
    [span.type, undefined].includes(type) &&
    [span.entityId, undefined].includes(entityId) &&
    Object.entries(metadata).every(
      ([key, value]) => JSON.stringify(span.metadata?.[key]) === JSON.stringify(value),
    )
  );
}

/** JSON as the exporter sees values: Dates stay Dates, a cycle is marked. */
function encode(value: object): string {
  const open: unknown[] = [];
  return JSON.stringify(value, function (this: Record<string, unknown>, key, json: unknown) {
    const own = this[key];
    if (own instanceof Date) return Number.isNaN(own.getTime()) ? null : DATE + own.getTime();
    if (typeof json === 'bigint') return `${json}`;
    if (typeof json !== 'object' || json === null) return json;
    while (open.length > 0 && open.at(-1) !== this) open.pop();
    if (open.includes(json)) return '[Circular]';
    open.push(json);
    return json;
  });
}

function decode(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) =>
    typeof value === 'string' && value.startsWith(DATE)
      ? new Date(Number(value.slice(DATE.length)))
      : value,
  );
}

function limit(value: number | undefined, standard: number): number {
  return typeof value === 'number' && value >= 0 ? value : standard;
}
