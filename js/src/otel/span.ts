/**
 * A span that records. To code that is instrumented it is the API's Span, to processors the SDK's
 * ReadableSpan, and to the engine, when it ends, an envelope with content.
 *
 * Its limits are those of OpenTelemetry: what is over them is never held, and counted here. An engine
 * has limits of its own, which apply to what is left; the core adds what they drop to these counts, so
 * each loss is counted once.
 * @module
 */
import type {
  Attributes,
  Context,
  HrTime,
  InstrumentationScope,
  Link,
  ReadableSpan,
  Resource,
  Span,
  SpanContext,
  SpanStatus,
  TimedEvent,
  TimeInput,
} from './api.js';
import { Bag } from './attributes.js';
import { between, Clock } from './clock.js';
import { contentOf, envelopeOf, flagsOf, runOf } from './content.js';
import type { Setup } from './setup.js';
import { SAMPLED } from './span_context.js';

/** A tree of spans in this process: it is sent when its root ends. */
export interface Tree {
  readonly clock: Clock;
  open: boolean;
}

/** What a span is made of, once its sampler has spoken. */
export interface SpanParts {
  readonly setup: Setup;
  readonly scope: InstrumentationScope;
  readonly name: string;
  readonly kind: number;
  readonly context: SpanContext;
  readonly parent: SpanContext | undefined;
  /** Of the parent, where that is here and not over; else the span is a root. */
  readonly tree: Tree | undefined;
  readonly startTime: TimeInput | undefined;
  /** Attributes that could not be read. */
  readonly dropped: number;
  /** Whether another span is recorded in its place; asked a moment after it began. */
  readonly isEcho?: ((spanId: string) => boolean) | undefined;
  /** How likely its run was to be recorded, where its sampler says so. */
  readonly threshold?: number | undefined;
}

/** Of a span that cannot be read, as of any that throws, the engine sends the envelope, and counts it. */
const UNREADABLE = {
  get name(): string {
    throw new TypeError('a span that cannot be read');
  },
};

export class RecordingSpan implements Span, ReadableSpan {
  name: string;
  readonly kind: number;
  readonly parentSpanContext: SpanContext | undefined;
  readonly startTime: HrTime;
  endTime: HrTime = [0, 0];
  status: SpanStatus = { code: 0 };
  readonly links: Link[] = [];
  readonly events: TimedEvent[] = [];
  ended = false;
  readonly instrumentationScope: InstrumentationScope;
  droppedEventsCount = 0;
  droppedLinksCount = 0;
  readonly #setup: Setup;
  readonly #tree: Tree;
  #ending = false;
  readonly #context: SpanContext;
  readonly #isRoot: boolean;
  readonly #isEcho: SpanParts['isEcho'];
  readonly threshold: number | undefined;
  #told = false;
  readonly #bag: Bag;

  constructor(parts: SpanParts) {
    this.#setup = parts.setup;
    this.#tree = parts.tree ?? { clock: new Clock(), open: true };
    this.#isRoot = !parts.tree;
    this.#isEcho = parts.isEcho;
    this.threshold = parts.threshold;
    this.#context = parts.context;
    this.name = parts.name;
    this.kind = parts.kind;
    this.parentSpanContext = parts.parent;
    this.instrumentationScope = parts.scope;
    this.startTime = this.#tree.clock.read(parts.startTime);
    const { limits } = parts.setup;
    this.#bag = new Bag(limits.attributeCountLimit, limits.attributeValueLengthLimit);
    this.#bag.dropped = parts.dropped;
  }

  /** Called once links and attributes are set. */
  begin(context: Context): void {
    if (this.#isEcho) queueMicrotask(() => this.#tell());
    else this.#tell();
    for (const one of this.#setup.processors) this.#guard(() => one.onStart(this, context));
  }

  /** Tells the engine that it began, unless another span is recorded in its place. */
  #tell(): void {
    const { spanId, traceFlags } = this.#context;
    // One that is recorded without being sampled is for processors alone.
    if (this.#told || !(traceFlags & SAMPLED) || this.#isEcho?.(spanId)) return;
    this.#told = true;
    const run = this.#isRoot ? runOf(this, this.#setup.engine, this.threshold) : undefined;
    this.#setup.engine?.start(envelopeOf(this, this.#isRoot), flagsOf(this), run);
  }

  // Those below it go where it goes. No fields: who prints a span does not want to see an engine.
  get setup(): Setup {
    return this.#setup;
  }

  get tree(): Tree {
    return this.#tree;
  }

  spanContext(): SpanContext {
    return this.#context;
  }

  get attributes(): Attributes {
    return this.#bag.values;
  }

  get droppedAttributesCount(): number {
    return this.#bag.dropped;
  }

  get resource(): Resource {
    return this.#setup.resource;
  }

  get duration(): HrTime {
    return this.ended ? between(this.startTime, this.endTime) : [-1, -1];
  }

  /** Of the SDK's first version. */
  get parentSpanId(): string | undefined {
    return this.parentSpanContext?.spanId;
  }

  isRecording(): boolean {
    return !this.ended;
  }

  setAttribute(key: string, value: unknown): this {
    return this.#change(() => this.#bag.set(key, value));
  }

  setAttributes(attributes: Attributes | undefined): this {
    return this.#change(() => void this.#bag.all(attributes));
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    return this.#change(() => {
      const given = attributesOrTime as TimeInput | undefined;
      const isTime = typeof given === 'number' || given instanceof Date || Array.isArray(given);
      const { limits } = this.#setup;
      const { values, dropped } = this.#part(limits.attributePerEventCountLimit, isTime ? undefined : given);
      const when = this.#tree.clock.read(time ?? (isTime ? given : undefined));
      const event = { name: text(name), attributes: values, time: when, droppedAttributesCount: dropped };
      this.droppedEventsCount += keep(this.events, event, limits.eventCountLimit);
    });
  }

  addLink(given: Link): this {
    return this.#change(() => {
      const { context, attributes } = given;
      if (typeof context?.traceId !== 'string') return void this.droppedLinksCount++;
      const { limits } = this.#setup;
      const { values, dropped } = this.#part(limits.attributePerLinkCountLimit, attributes);
      const link = { context, attributes: values, droppedAttributesCount: dropped };
      this.droppedLinksCount += keep(this.links, link, limits.linkCountLimit);
    });
  }

  addLinks(links: readonly Link[]): this {
    return this.#change(() => {
      for (const link of links) this.addLink(link);
    });
  }

  /** 1 (ok) is final, 0 changes nothing, and only 2 (error) has a message. */
  setStatus(status: SpanStatus): this {
    return this.#change(() => {
      const { code, message } = status;
      if ((code !== 1 && code !== 2) || this.status.code === 1) return;
      this.status = code === 2 && typeof message === 'string' ? { code, message } : { code };
    });
  }

  updateName(name: string): this {
    return this.#change(() => {
      this.name = text(name);
    });
  }

  recordException(exception: unknown, time?: TimeInput): void {
    this.#change(() => {
      const attributes: Attributes = {};
      if ((exception ?? '') === '') return;
      if (typeof exception === 'object') {
        const { code, name, message, stack } = exception as Error & { code?: unknown };
        if (code || name) attributes['exception.type'] = `${code || name}`;
        if (message) attributes['exception.message'] = `${message}`;
        if (stack) attributes['exception.stacktrace'] = `${stack}`;
        // One of both is what makes it an exception.
        if (!(code || name || message)) return;
      } else attributes['exception.message'] = text(exception);
      this.addEvent('exception', attributes, time);
    });
  }

  /** The first end counts. */
  end(time?: TimeInput): void {
    if (this.#ending) return;
    this.#change(() => {
      this.#ending = true; // a processor may end it, too
      const { engine, processors } = this.#setup;
      const end = this.#tree.clock.read(time);
      this.endTime = between(this.startTime, end)[0] < 0 ? [...this.startTime] : end;
      for (const one of processors) this.#guard(() => one.onEnding?.(this));
      this.ended = true;
      if (this.#isRoot) this.#tree.open = false;
      // Before the engine reads it: what a processor withholds does not leave.
      for (const one of processors) this.#guard(() => one.onEnd(this));
      this.#tell();
      if (!this.#told) return;
      let content: { readonly name: string } = UNREADABLE;
      this.#guard(() => {
        content = contentOf(this);
      });
      engine?.end(envelopeOf(this, this.#isRoot), content, flagsOf(this));
    });
  }

  #part(count: number, attributes: unknown): Bag {
    return new Bag(count, this.#setup.limits.attributeValueLengthLimit).all(attributes);
  }

  #change(change: () => void): this {
    if (this.ended) this.#setup.engine?.log.debug(() => 'A span was changed after its end: ignored');
    else this.#guard(change);
    return this;
  }

  /** What the user hands over may throw when it is read, and a processor when it is called. */
  #guard(call: () => unknown): void {
    const lost = (error: unknown): void =>
      this.#setup.engine?.log.warn('otel', `A part of a span is lost: ${text(error)}`);
    try {
      // An asynchronous processor rejects later; nobody waits for it.
      (call() as Promise<unknown> | undefined)?.then?.(undefined, lost);
    } catch (error) {
      lost(error);
    }
  }
}

/** Puts it last; over the limit the first gives way. How many were dropped. */
function keep<T>(list: T[], one: T, limit: number): number {
  list.push(one);
  if (list.length <= limit) return 0;
  list.shift();
  return 1;
}

/** What anything is called; '' where even that cannot be told. */
export function text(value: unknown): string {
  try {
    return typeof value === 'string' ? value : String(value);
  } catch {
    return '';
  }
}
