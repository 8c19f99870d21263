/**
 * Recent traces, kept for reading: a bounded ring of what left, in Mastra's words. A module of its own,
 * so that nobody else pays for it; plain text of spans inside, so that the budget is what memory it
 * takes and that nothing in it changes afterwards.
 * @module
 */
import type { Keeper, Lane } from './lane.js';
import type {
  MastraFeedback,
  MastraFeedbackEvent,
  MastraInitOptions,
  MastraObservability,
  MastraScore,
  MastraScoreEvent,
  MastraSpan,
} from './types.js';

export type { MastraFeedback, MastraScore } from './types.js';

export interface TraceStoreOptions {
  /** Traces that are kept, runs that are going on included; 100 by default. */
  count?: number;
  /** Bytes of memory that they may take; 4 194 304 by default. */
  bytes?: number;
}

/** What a trace must have; all that is given must hold for one of its roots. */
export interface TraceFilter {
  /** Tags, all of them. */
  tags?: readonly string[];
  name?: string;
  /** Mastra's span type of the root: `agent_run`, `workflow_run` and so on. */
  type?: string;
  entityId?: string;
  /** Values of the root's metadata, each equal as JSON. */
  metadata?: Readonly<Record<string, unknown>>;
  /** How many traces at most; all by default. */
  limit?: number;
}

/** Token usage as Mastra records it (`UsageStats`). */
export interface TokenUsage {
  inputTokens: number;
  outputTokens: number;
  /** Both. */
  totalTokens: number;
}

/** A score in Mastra's form (`ScoreInput`), or in the short one. */
export type ScoreInput =
  | (Pick<MastraScore, 'scorerId' | 'score'> & Partial<MastraScore> & Record<string, unknown>)
  | { name: string; value: number; comment?: string; metadata?: Record<string, unknown> };

/** Feedback in Mastra's form (`FeedbackInput`); without a type, 1 and -1 are thumbs. */
export interface FeedbackInput {
  feedbackType?: string;
  value: number | string;
  comment?: string;
  metadata?: Record<string, unknown>;
  [field: string]: unknown;
}

const BYTES = 4_194_304;
const COUNT = 100;
// Beside its characters, for a string and its place in an array; for a trace, for its entry.
const STRING_BYTES = 24;
const TRACE_BYTES = 256;
const WIDE = /[^\0-\xff]/;
// Dates cross JSON as text that no span has by chance.
const DATE = '\0date ';
// What a model call consists of: its usage stands on each level again.
const CALL = new Set(['model_generation', 'model_step', 'model_inference', 'model_chunk']);

/** A trace in the ring. */
interface Kept {
  /** Spans, scores and feedback as JSON, in the order of their ends. */
  readonly spans: string[];
  readonly scores: string[];
  readonly feedback: string[];
  bytes: number;
  /** Whether a root has ended: only then is there a trace to read. */
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
  return new TraceStore(options);
}

/** Made by `traceStore()`; the exporter writes into it and reads from it. */
export class TraceStore implements Keeper {
  readonly #limits: Required<TraceStoreOptions>;
  readonly #traces = new Map<string, Kept>();
  #bytes = 0;
  #heard = 0;

  constructor({ count, bytes }: TraceStoreOptions = {}) {
    this.#limits = { count: positive(count, COUNT), bytes: positive(bytes, BYTES) };
  }

  /** Called by an exporter: keeps what leaves by `lane`, and what Mastra tells the exporter. */
  connect(lane: Lane, exporter: Annotated): TraceReader {
    lane.keeper = this;
    exporter.onScoreEvent = (event) => this.score(event);
    exporter.onFeedbackEvent = (event) => this.feedback(event);
    return new TraceReader(this, lane);
  }

  /** Traces in the store, unfinished ones included. */
  get count(): number {
    return this.#traces.size;
  }

  /** Bytes that they take, closely estimated from above. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A root began: only from here on is a trace whole. */
  started(traceId: string): void {
    const kept = this.#traces.get(traceId) ?? this.#empty(traceId);
    this.#traces.delete(traceId);
    this.#traces.set(traceId, kept); // the last one to go
    if (this.count > this.#limits.count) this.#evict();
  }

  /** A span left, with what its formatter made of it; undefined: without content. */
  ended(span: MastraSpan, content: MastraSpan | undefined): void {
    const { id, traceId, name, type, startTime, endTime, isEvent, isRootSpan } = span;
    if (isRootSpan && isEvent) this.started(traceId); // it has no start
    const { parentSpanId, externalParentSpanId } = span;
    const ours = { id, traceId, type, startTime, endTime, isEvent, isRootSpan };
    const envelope = { ...ours, parentSpanId, externalParentSpanId };
    let text: string;
    try {
      const failed = span.errorInfo && { errorInfo: { message: '' } };
      text = encode({ name, ...(content ?? { withheld: true, ...failed }), ...envelope });
    } catch {
      text = encode({ name, withheld: true, ...envelope });
    }
    const kept = this.#traces.get(traceId);
    if (!kept) return;
    kept.whole ||= isRootSpan;
    this.#put(traceId, kept, kept.spans, text);
  }

  /** Mastra emitted a score; those of other traces than the kept are not for us. */
  score({ score }: MastraScoreEvent): void {
    this.#note(score.traceId, 'scores', score);
  }

  /** The same for feedback. */
  feedback({ feedback }: MastraFeedbackEvent): void {
    this.#note(feedback.traceId, 'feedback', feedback);
  }

  /** A trace whose root has ended, or null. Annotations go to `mastra`, if given, as well. */
  get(traceId: string, mastra?: MastraObservability): RecordedTrace | null {
    const kept = this.#traces.get(traceId);
    if (!kept?.whole) return null;
    return new RecordedTrace(traceId, kept, (kind, about, event) => {
      const heard = this.#heard;
      const told =
        kind === 'score' ? mastra?.addScore?.(about) : mastra?.addFeedback?.(about);
      // Where Mastra's own event came here by way of the exporter, it is the one that is kept.
      if (this.#heard === heard) {
        if (kind === 'score') this.score(event as MastraScoreEvent);
        else this.feedback(event as MastraFeedbackEvent);
      }
      return told;
    });
  }

  /** Traces that fit a filter, newest first. */
  find(filter: TraceFilter = {}, mastra?: MastraObservability): RecordedTrace[] {
    const found: RecordedTrace[] = [];
    for (const traceId of [...this.#traces.keys()].reverse()) {
      if (found.length >= (filter.limit ?? Infinity)) break;
      const trace = this.get(traceId, mastra);
      if (trace?.spans.some((span) => span.isRootSpan && fits(span, filter))) found.push(trace);
    }
    return found;
  }

  /** Forgets all. */
  clear(): void {
    this.#traces.clear();
    this.#bytes = 0;
  }

  #empty(traceId: string): Kept {
    const bytes = TRACE_BYTES + traceId.length;
    this.#bytes += bytes;
    return { spans: [], scores: [], feedback: [], bytes, whole: false };
  }

  #note(traceId: string | undefined, list: 'scores' | 'feedback', note: object): void {
    this.#heard++;
    const kept = this.#traces.get(traceId ?? '');
    if (traceId && kept) this.#put(traceId, kept, kept[list], encode(note));
  }

  #put(traceId: string, kept: Kept, list: string[], text: string): void {
    const bytes = STRING_BYTES + text.length * (WIDE.test(text) ? 2 : 1);
    list.push(text);
    kept.bytes += bytes;
    this.#bytes += bytes;
    // One that is larger than the ring goes, and not all others for it.
    if (kept.bytes > this.#limits.bytes) this.#evict(traceId);
    while (this.#bytes > this.#limits.bytes) this.#evict();
  }

  /** The oldest; spans of it that are still to come find no place. */
  #evict(traceId = this.#traces.keys().next().value as string): void {
    this.#bytes -= this.#traces.get(traceId)?.bytes ?? 0;
    this.#traces.delete(traceId);
  }
}

/** The handlers of an exporter that takes annotations. */
interface Annotated {
  onScoreEvent?: (event: MastraScoreEvent) => void;
  onFeedbackEvent?: (event: MastraFeedbackEvent) => void;
}

/** An exporter's way to its store, which it may share with others. */
export class TraceReader {
  readonly #store: TraceStore;
  readonly #lane: Lane;
  #mastra: MastraObservability | undefined;

  constructor(store: TraceStore, lane: Lane) {
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
    const lane = this.#lane;
    const over = [...lane.waiting].some(
      ({ span }) => span.isRootSpan && span.traceId === (traceId ?? span.traceId),
    );
    if (over) await lane.finish(traceId);
  }
}

/** Annotates: `about` in the form that Mastra's entry takes, `event` in the one that it emits. */
type Tell = (
  kind: 'score' | 'feedback',
  about: object,
  event: MastraScoreEvent | MastraFeedbackEvent,
) => Promise<void> | undefined;

/** A recent trace, as it was when it was asked for (Mastra's `RecordedTrace`). */
export class RecordedTrace {
  readonly traceId: string;
  /** The first root, if several runs share the trace id. */
  readonly rootSpan: RecordedSpan;
  /** All spans, the same objects as in the tree, in its order: parents first, siblings by time. */
  readonly spans: readonly RecordedSpan[];
  /** Scores of the trace and of its spans. */
  readonly scores: MastraScore[];
  readonly feedback: MastraFeedback[];
  /** From the root's start to its end, in milliseconds. */
  readonly duration: number;
  /** Tokens of all model calls, each counted once, and of calls inside Mastra that have no span. */
  readonly usage: TokenUsage;
  /** Cost of all model calls by unit, such as `USD`, where the provider or SDK estimated it. */
  readonly costs: Record<string, number>;
  readonly #byId: Map<string, RecordedSpan>;
  readonly #tell: Tell;

  constructor(traceId: string, kept: Pick<Kept, 'spans' | 'scores' | 'feedback'>, tell: Tell) {
    this.traceId = traceId;
    this.scores = kept.scores.map(decode) as MastraScore[];
    this.feedback = kept.feedback.map(decode) as MastraFeedback[];
    this.#tell = tell;
    const all = kept.spans.map((text) => new RecordedSpan(decode(text) as RecordedSpan, this));
    all.sort((a, b) => a.startTime.getTime() - b.startTime.getTime()); // stable: then by their ends
    this.#byId = new Map(all.map((span) => [span.id, span]));
    this.spans = treeOf(all, this.#byId);
    this.rootSpan = this.spans.find((span) => span.isRootSpan) as RecordedSpan;
    const { startTime, endTime = startTime } = this.rootSpan;
    this.duration = endTime.getTime() - startTime.getTime();
    const sums = { input: 0, output: 0, costs: {} as Record<string, number> };
    for (const span of this.spans) if (!span.parent) addUsage(span, false, sums);
    const { input, output } = sums;
    this.usage = { inputTokens: input, outputTokens: output, totalTokens: input + output };
    this.costs = sums.costs;
  }

  getSpan(spanId: string): RecordedSpan | null {
    return this.#byId.get(spanId) ?? null;
  }

  /**
   * Scores the trace. The score stands in the kept trace, and goes through Mastra to all exporters of
   * its default configuration that take scores. Never rejects.
   */
  addScore(score: ScoreInput): Promise<void> {
    return this.annotate('score', score);
  }

  /** The same for feedback. */
  addFeedback(feedback: FeedbackInput): Promise<void> {
    return this.annotate('feedback', feedback);
  }

  /** What addScore() and addFeedback() of the trace and of its spans do. */
  async annotate(
    kind: 'score' | 'feedback',
    input: ScoreInput | FeedbackInput,
    span?: RecordedSpan,
  ): Promise<void> {
    const { traceId, rootSpan } = this;
    const target = span ?? rootSpan;
    const said: Record<string, unknown> = kind === 'score' ? score(input) : feedback(input);
    said.metadata = { ...target.metadata, ...input.metadata };
    const place = { traceId, ...(span && { spanId: span.id }) };
    const correlationContext = correlation(target, rootSpan);
    const event = { timestamp: new Date(), ...place, ...said, correlationContext };
    const id = crypto.randomUUID();
    try {
      if (kind === 'score') {
        const full = { scoreId: id, ...event } as unknown as MastraScore;
        this.scores.push(full);
        await this.#tell(kind, { ...place, correlationContext, score: said }, { score: full });
      } else {
        const full = { feedbackId: id, ...event } as unknown as MastraFeedback;
        this.feedback.push(full);
        await this.#tell(kind, { ...place, correlationContext, feedback: said }, { feedback: full });
      }
    } catch {
      // Mastra logs what its exporters fail on; here the annotation stands.
    }
  }
}

/** A span of a recent trace: what Mastra exported of it, as it left. */
export class RecordedSpan implements MastraSpan {
  declare readonly id: string;
  declare readonly traceId: string;
  declare readonly name: string;
  declare readonly type: string;
  declare readonly startTime: Date;
  /** Absent on event spans. */
  declare readonly endTime?: Date;
  declare readonly isEvent: boolean;
  declare readonly isRootSpan: boolean;
  declare readonly parentSpanId?: string;
  declare readonly externalParentSpanId?: string;
  declare readonly entityType?: string;
  declare readonly entityId?: string;
  declare readonly entityName?: string;
  // As Mastra types them: which fields there are depends on the type.
  declare readonly attributes?: Record<string, any>;
  declare readonly metadata?: Record<string, any>;
  declare readonly tags?: string[];
  declare readonly input?: unknown;
  declare readonly output?: unknown;
  declare readonly errorInfo?: { message: string; name?: string; stack?: string };
  declare readonly requestContext?: Record<string, unknown>;
  /** Set where content was withheld: a formatter failed, or the object could not be read. */
  declare readonly withheld?: true;
  /** Spans below this one, in the order in which they began. */
  readonly children: RecordedSpan[] = [];
  readonly #trace: RecordedTrace;
  #parent: RecordedSpan | undefined;

  constructor(fields: MastraSpan, trace: RecordedTrace) {
    Object.assign(this, fields);
    this.#trace = trace;
  }

  /** No property, so that a span can be printed as JSON. */
  get parent(): RecordedSpan | undefined {
    return this.#parent;
  }

  /** Scores this span; see the trace's. */
  addScore(score: ScoreInput): Promise<void> {
    return this.#trace.annotate('score', score, this);
  }

  addFeedback(feedback: FeedbackInput): Promise<void> {
    return this.#trace.annotate('feedback', feedback, this);
  }

  /** Hangs the span below another, unless that is below it. */
  adopt(parent: RecordedSpan | undefined): void {
    for (let above = parent; above; above = above.#parent) if (above === this) return;
    this.#parent = parent;
    parent?.children.push(this);
  }
}

/** Links spans, and puts them in the order of the tree. */
function treeOf(all: RecordedSpan[], byId: Map<string, RecordedSpan>): RecordedSpan[] {
  for (const span of all) {
    // A run that was continued elsewhere names its parent as one from outside.
    span.adopt(byId.get(span.parentSpanId ?? span.externalParentSpanId ?? ''));
  }
  const ordered: RecordedSpan[] = [];
  const pending = all.filter((span) => !span.parent).reverse();
  for (let span = pending.pop(); span; span = pending.pop()) {
    ordered.push(span);
    for (let i = span.children.length - 1; i >= 0; i--) pending.push(span.children[i]);
  }
  return ordered;
}

interface Sums {
  input: number;
  output: number;
  costs: Record<string, number>;
}

/**
 * A generation's usage is that of its steps, a step's that of its inference: the first that has one
 * counts. Tools may lie below a step, and other model calls below them.
 */
function addUsage(span: RecordedSpan, counted: boolean, sums: Sums): void {
  const { usage, internalUsage, costContext } = span.attributes ?? {};
  const inCall = CALL.has(span.type);
  if (span.type === 'model_generation' || !inCall) counted = false;
  for (const one of [counted ? undefined : usage, internalUsage]) {
    sums.input += Number(one?.inputTokens) || 0;
    sums.output += Number(one?.outputTokens) || 0;
  }
  const cost = Number(costContext?.estimatedCost);
  if (!counted && cost) {
    const unit = `${costContext.costUnit ?? 'USD'}`;
    sums.costs[unit] = (sums.costs[unit] ?? 0) + cost;
  }
  for (const child of span.children) addUsage(child, counted || (inCall && !!usage), sums);
}

function fits(span: RecordedSpan, filter: TraceFilter): boolean {
  const { tags = [], metadata = {}, limit: _, ...equal } = filter;
  return (
    tags.every((tag) => span.tags?.includes(tag)) &&
    Object.entries(metadata).every(([key, value]) => same(span.metadata?.[key], value)) &&
    Object.entries(equal).every(
      ([key, value]) => value === undefined || span[key as keyof typeof equal] === value,
    )
  );
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** A score in Mastra's form. */
function score(input: ScoreInput | FeedbackInput): Record<string, unknown> {
  const { name, value, comment, ...rest } = input as Record<string, unknown>;
  const short = { scorerId: name, scorerName: name, score: value, reason: comment };
  return { ...(name === undefined ? {} : short), ...rest };
}

function feedback(input: ScoreInput | FeedbackInput): Record<string, unknown> {
  const { value } = input as FeedbackInput;
  const thumbs = value === 1 || value === -1;
  const feedbackType = thumbs ? 'thumbs' : typeof value === 'number' ? 'rating' : 'comment';
  return { feedbackType, ...input };
}

/** Mastra's `CorrelationContext` of a span, so that Mastra need not look it up in a storage. */
function correlation(span: RecordedSpan, root: RecordedSpan): Record<string, unknown> {
  const entities = (of: RecordedSpan | undefined, prefix: string): Record<string, unknown> => ({
    [`${prefix}Type`]: of?.entityType,
    [`${prefix}Id`]: of?.entityId,
    [`${prefix}Name`]: of?.entityName,
  });
  const context: Record<string, unknown> = {
    tags: root.tags,
    ...entities(span, 'entity'),
    ...entities(span.parent, 'parentEntity'),
    ...entities(root, 'rootEntity'),
  };
  for (const key of ['userId', 'organizationId', 'resourceId', 'runId', 'sessionId', 'threadId']) {
    context[key] = span.metadata?.[key];
  }
  for (const key of ['requestId', 'environment', 'experimentId']) {
    context[key] = span.metadata?.[key];
  }
  return context;
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

function positive(value: number | undefined, standard: number): number {
  return typeof value === 'number' && value >= 0 ? value : standard;
}
