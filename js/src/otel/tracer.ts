/**
 * The tracer: decides a span's place, ids and fate.
 * @module
 */
import type {
  Attributes,
  Context,
  InstrumentationScope,
  Link,
  Span,
  SpanContext,
  SpanOptions,
} from './api.js';
import { Bag } from './attributes.js';
import { active, SPAN, SUPPRESSED, withContext } from './context.js';
import { NOT_RECORD, RECORD_AND_SAMPLED } from './sampler.js';
import { type Setup, setupIn } from './setup.js';
import { RecordingSpan, type SpanParts, text, type Tree } from './span.js';
import { NonRecordingSpan, RANDOM, randomId, SAMPLED, spanContextIn } from './span_context.js';

type ReadContext = (context: Context) => Attributes | undefined;
let readContext: ReadContext | undefined;

/** Has a context read for attributes of every span that starts in it: who does not ask does not pay. */
export function readContexts(read: ReadContext): void {
  readContext = read;
}

export class Tracer {
  readonly #scope: InstrumentationScope;
  readonly #setup: Setup | undefined;
  readonly #isEcho: SpanParts['isEcho'];

  /** Without a setup it uses that of the parent span, or of the context. */
  constructor(scope: InstrumentationScope, setup?: Setup, isEcho?: SpanParts['isEcho']) {
    this.#scope = scope;
    this.#setup = setup;
    this.#isEcho = isEcho;
  }

  /** Where its spans go, whatever the context: a bridge asks its provider so. */
  get setup(): Setup | undefined {
    return this.#setup;
  }

  /** Starts a span without making it the active one; it needs to be ended. Never throws. */
  startSpan(name: string, options?: SpanOptions, given?: Context): Span {
    const context = given ?? active();
    try {
      return this.#start(text(name), options ?? {}, context);
    } catch (error) {
      (this.#setup ?? setupIn(context))?.engine?.log.warn('otel span', `A span is not recorded: ${text(error)}`);
      return new NonRecordingSpan(spanContextIn(context));
    }
  }

  /** Starts a span and calls `fn` with it as the active one. The span needs to be ended. */
  startActiveSpan<F extends (span: Span) => unknown>(name: string, fn: F): ReturnType<F>;
  startActiveSpan<F extends (span: Span) => unknown>(
    name: string,
    options: SpanOptions,
    fn: F,
  ): ReturnType<F>;
  startActiveSpan<F extends (span: Span) => unknown>(
    name: string,
    options: SpanOptions,
    context: Context,
    fn: F,
  ): ReturnType<F>;
  startActiveSpan(name: string, ...rest: unknown[]): unknown {
    const fn = rest.pop() as (span: Span) => unknown;
    if (typeof fn !== 'function') return undefined;
    const [options, given] = rest as [SpanOptions?, Context?];
    const context = given ?? active();
    const span = this.startSpan(name, options, context);
    return withContext(context.setValue(SPAN, span), fn, span);
  }

  #start(name: string, options: SpanOptions, given: Context): Span {
    if (given.getValue(SUPPRESSED) === true) return new NonRecordingSpan();
    const setup = this.#setup ?? setupIn(given);
    const context = options.root ? given.deleteValue(SPAN) : given;
    const above = context.getValue(SPAN) as (Span & { tree?: Tree; setup?: Setup }) | undefined;
    const parent = spanContextIn(context);
    if (!setup) return new NonRecordingSpan(parent);

    const { kind = 0 } = options;
    const ids = setup.idGenerator;
    const traceId = parent?.traceId ?? ids?.generateTraceId() ?? randomId(32);
    // What samplers may look at, and add to: copies.
    const { values: attributes, dropped } = new Bag(Infinity, Infinity).all(options.attributes);
    const linked = (options.links ?? []).map((link: Link) => ({
      ...link,
      attributes: new Bag(Infinity, Infinity).all(link.attributes).values,
    }));
    const told = setup.sampler.shouldSample(context, traceId, name, kind, attributes, linked);
    const isSampled = told.decision === RECORD_AND_SAMPLED;
    const own: SpanContext = {
      traceId,
      spanId: ids?.generateSpanId() ?? randomId(16),
      traceFlags: (parent ? parent.traceFlags & RANDOM : ids ? 0 : RANDOM) | (isSampled ? SAMPLED : 0),
      traceState: told.traceState ?? parent?.traceState,
    };
    if (told.decision === NOT_RECORD) return new NonRecordingSpan(own, setup);

    // Of a tree that is over nothing is sent any more: a span below it begins another. So does one whose
    // parent is given by its ids alone; the engine knows whether that one goes on.
    const isBelow = isSampled && parent && parent.traceFlags & SAMPLED && above?.setup?.engine === setup.engine;
    const tree = isBelow && above?.tree?.open ? above.tree : undefined;
    const span = new RecordingSpan({
      setup,
      scope: this.#scope,
      name,
      kind,
      context: own,
      parent,
      tree,
      startTime: options.startTime,
      dropped,
      isEcho: this.#isEcho,
      threshold: told.threshold,
    });
    span.addLinks(linked).setAttributes({ ...attributes, ...told.attributes, ...readContext?.(context) });
    span.begin(context);
    return span;
  }
}
