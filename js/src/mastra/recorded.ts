/**
 * A trace to read: Mastra's `RecordedTrace`, with a tree, totals and annotations. Built anew from the
 * text of its spans (traces.ts) each time it is asked for.
 * @module
 */
import type {
  MastraFeedback,
  MastraFeedbackEvent,
  MastraScore,
  MastraScoreEvent,
  MastraSpan,
} from './types.js';

/** Token usage, in Mastra's words (`UsageStats`). */
export interface TokenUsage {
  inputTokens: number;
  outputTokens: number;
  /** Both. */
  totalTokens: number;
}

/** A score in Mastra's form (`ScoreInput`), or in the short one. */
export type ScoreInput =
  | {
      scorerId: string;
      score: number;
      scorerName?: string;
      reason?: string;
      metadata?: Record<string, unknown>;
      [field: string]: unknown;
    }
  | { name: string; value: number; comment?: string; metadata?: Record<string, unknown> };

/**
 * Feedback in Mastra's form (`FeedbackInput`). Without a type it is `thumbs` for 1 and -1, `rating` for
 * other numbers and `comment` for text.
 */
export interface FeedbackInput {
  feedbackType?: string;
  value: number | string;
  comment?: string;
  metadata?: Record<string, unknown>;
  [field: string]: unknown;
}

/** What can be scored and commented on. */
export interface Annotatable {
  /**
   * Adds a score: to the kept trace, and through Mastra to the exporters of its default configuration
   * that take scores, this one with `scores()` among its `signals`. Never rejects.
   */
  addScore(score: ScoreInput): Promise<void>;
  /** Adds feedback in the same way. */
  addFeedback(feedback: FeedbackInput): Promise<void>;
}

/** A recent trace, as it was when it was asked for. */
export interface RecordedTrace extends Annotatable {
  readonly traceId: string;
  /** The first root, where several runs share the trace id. */
  readonly rootSpan: RecordedSpan;
  /** All spans, the same objects as in the tree and in its order: parents first, siblings by time. */
  readonly spans: readonly RecordedSpan[];
  /** Scores of the trace and of its spans. */
  readonly scores: readonly MastraScore[];
  readonly feedback: readonly MastraFeedback[];
  /** From the root's start to its end, in milliseconds. */
  readonly duration: number;
  /** Tokens of all model calls, each counted once, and of calls inside Mastra that have no span. */
  readonly usage: TokenUsage;
  /** Costs of all model calls by unit, such as `USD`, where the provider or its SDK estimates them. */
  readonly costs: Readonly<Record<string, number>>;
  /** The span with this id, or null. */
  getSpan(spanId: string): RecordedSpan | null;
}

/** A span of a recent trace: what Mastra exported of it, as it left. */
export interface RecordedSpan extends Readonly<MastraSpan>, Annotatable {
  readonly entityType?: string;
  readonly entityId?: string;
  readonly entityName?: string;
  /** As Mastra types them: which fields there are depends on the span's type. */
  readonly attributes?: Record<string, any>;
  readonly metadata?: Record<string, any>;
  readonly tags?: readonly string[];
  readonly input?: unknown;
  readonly output?: unknown;
  readonly errorInfo?: { message: string; name?: string; stack?: string };
  readonly requestContext?: Record<string, unknown>;
  /** Set where content was withheld: a formatter failed, or the object could not be read. */
  readonly withheld?: true;
  /** No property of its own, so that a span can be printed as JSON. */
  readonly parent?: RecordedSpan;
  /** In the order in which they began. */
  readonly children: readonly RecordedSpan[];
}

/** The parts of a trace, decoded. */
export interface Parts {
  /** In the order of their ends. */
  spans: MastraSpan[];
  scores: MastraScore[];
  feedback: MastraFeedback[];
}

/** An annotation: the event, and the argument that makes Mastra emit the like. */
export type Annotation = { about: object } & (
  | ({ kind: 'score' } & MastraScoreEvent)
  | ({ kind: 'feedback' } & MastraFeedbackEvent)
);

// What a model call consists of: its usage stands on each level again.
const CALL = new Set(['model_generation', 'model_step', 'model_inference', 'model_chunk']);
// What of a span's metadata says where an annotation belongs (Mastra's `CorrelationContext`).
const PLACES =
  'userId organizationId resourceId runId sessionId threadId requestId environment experimentId';

interface Sums {
  input: number;
  output: number;
  costs: Record<string, number>;
}

export class Trace implements RecordedTrace {
  readonly traceId: string;
  readonly rootSpan: RecordedSpan;
  readonly spans: readonly RecordedSpan[];
  readonly scores: MastraScore[];
  readonly feedback: MastraFeedback[];
  readonly duration: number;
  readonly usage: TokenUsage;
  readonly costs: Record<string, number>;
  readonly #byId: Map<string, Span>;
  readonly #tell: (annotation: Annotation) => Promise<void> | undefined;

  /** REQUIRES: one of the spans is a root. */
  constructor(traceId: string, parts: Parts, tell: (annotation: Annotation) => Promise<void> | undefined) {
    this.traceId = traceId;
    this.scores = parts.scores;
    this.feedback = parts.feedback;
    this.#tell = tell;
    const all = parts.spans.map((fields) => new Span(fields, this));
    all.sort((a, b) => a.startTime.getTime() - b.startTime.getTime()); // stable: then by their ends
    this.#byId = new Map(all.map((span) => [span.id, span]));
    this.spans = treeOf(all, this.#byId);
    this.rootSpan = this.spans.find((span) => span.isRootSpan) as RecordedSpan;
    const { startTime, endTime = startTime } = this.rootSpan;
    this.duration = endTime.getTime() - startTime.getTime();
    const sums: Sums = { input: 0, output: 0, costs: {} };
    for (const span of this.spans) if (!span.parent) addUsage(span, false, sums);
    const { input, output, costs } = sums;
    this.usage = { inputTokens: input, outputTokens: output, totalTokens: input + output };
    this.costs = costs;
  }

  getSpan(spanId: string): RecordedSpan | null {
    return this.#byId.get(spanId) ?? null;
  }

  addScore(score: ScoreInput): Promise<void> {
    return this.score(score);
  }

  addFeedback(feedback: FeedbackInput): Promise<void> {
    return this.comment(feedback);
  }

  /** Scores a span, or without one the trace. */
  async score(input: ScoreInput, span?: RecordedSpan): Promise<void> {
    const { name, value, comment, ...fields } = input as Record<string, unknown>;
    const short = { scorerId: name, scorerName: name, score: value, reason: comment };
    const said = { ...(name === undefined ? {} : short), ...fields };
    const { place, metadata, correlationContext } = this.#context(input, span);
    const score = {
      scoreId: crypto.randomUUID(),
      timestamp: new Date(),
      ...place,
      ...said,
      metadata,
      correlationContext,
    } as unknown as MastraScore;
    this.scores.push(score);
    const about = { ...place, correlationContext, score: { ...said, metadata } };
    await this.#send({ kind: 'score', score, about });
  }

  /** The same for feedback. */
  async comment(input: FeedbackInput, span?: RecordedSpan): Promise<void> {
    const said = { feedbackType: feedbackType(input.value), ...input };
    const { place, metadata, correlationContext } = this.#context(input, span);
    const feedback = {
      feedbackId: crypto.randomUUID(),
      timestamp: new Date(),
      ...place,
      ...said,
      metadata,
      correlationContext,
    } as MastraFeedback;
    this.feedback.push(feedback);
    const about = { ...place, correlationContext, feedback: { ...said, metadata } };
    await this.#send({ kind: 'feedback', feedback, about });
  }

  async #send(annotation: Annotation): Promise<void> {
    try {
      await this.#tell(annotation);
    } catch {
      // Mastra logs what its exporters fail on; here the annotation stands.
    }
  }

  /** What Mastra would take from a storage: where the target is, and what is known of it. */
  #context(input: { metadata?: Record<string, unknown> }, span?: RecordedSpan) {
    const { traceId, rootSpan: root } = this;
    const target = span ?? root;
    const entity = (of: RecordedSpan | undefined, prefix: string): Record<string, unknown> => ({
      [`${prefix}Type`]: of?.entityType,
      [`${prefix}Id`]: of?.entityId,
      [`${prefix}Name`]: of?.entityName,
    });
    return {
      place: { traceId, ...(span && { spanId: span.id }) },
      metadata: { ...target.metadata, ...input.metadata },
      correlationContext: {
        tags: root.tags,
        ...entity(target, 'entity'),
        ...entity(target.parent, 'parentEntity'),
        ...entity(root, 'rootEntity'),
        ...Object.fromEntries(PLACES.split(' ').map((key) => [key, target.metadata?.[key]])),
      },
    };
  }
}

function feedbackType(value: number | string): string {
  if (typeof value === 'string') return 'comment';
  return Math.abs(value) === 1 ? 'thumbs' : 'rating';
}

interface Span extends MastraSpan {
  readonly attributes?: Record<string, any>;
  readonly errorInfo?: { message: string };
}

class Span implements RecordedSpan {
  readonly children: RecordedSpan[] = [];
  readonly #trace: Trace;
  #parent: Span | undefined;

  constructor(fields: MastraSpan, trace: Trace) {
    Object.assign(this, fields);
    this.#trace = trace;
  }

  get parent(): RecordedSpan | undefined {
    return this.#parent;
  }

  /** Hangs the span below another, unless that is below it. */
  adoptedBy(parent: Span | undefined): void {
    for (let above = parent; above; above = above.#parent) if (above === this) return;
    this.#parent = parent;
    parent?.children.push(this);
  }

  addScore(score: ScoreInput): Promise<void> {
    return this.#trace.score(score, this);
  }

  addFeedback(feedback: FeedbackInput): Promise<void> {
    return this.#trace.comment(feedback, this);
  }
}

/** Links spans, and puts them in the order of the tree. */
function treeOf(all: Span[], byId: Map<string, Span>): RecordedSpan[] {
  for (const span of all) {
    // A run that was continued elsewhere names its parent as one from outside.
    span.adoptedBy(byId.get(span.parentSpanId ?? span.externalParentSpanId ?? ''));
  }
  const ordered: RecordedSpan[] = [];
  const pending: RecordedSpan[] = all.filter((span) => !span.parent).reverse();
  for (let span = pending.pop(); span; span = pending.pop()) {
    ordered.push(span);
    for (let i = span.children.length - 1; i >= 0; i--) pending.push(span.children[i]);
  }
  return ordered;
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
