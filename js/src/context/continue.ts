/**
 * Going on elsewhere: what is put into a message, an alarm's storage, a step's input or a socket's
 * attachment, and the work that goes on from there.
 * @module
 */
import type { Span, SpanOptions } from '../otel/api.js';
import { active } from '../otel/context.js';
import { w3c } from '../otel/propagation.js';
import { run } from '../otel/run.js';
import { spanContextIn } from '../otel/span_context.js';
import { Tracer } from '../otel/tracer.js';
import { VERSION } from '../version.js';
import { FIELDS, SIGNATURE, type Carrier } from './carrier.js';
import { contextOf, extract, type TraceSource } from './source.js';

/** Options of `inject()`. */
export interface InjectOptions {
  /** Whose ids; by default the active span's. */
  from?: TraceSource;
  /** Whether baggage goes along; it does by default. */
  baggage?: boolean;
  /**
   * As JSON the fields take no more: baggage stays behind first, then tracestate. A hibernating
   * WebSocket's attachment holds 2,048 bytes, on newer runtimes 16,384; a queue's message 128,000. What
   * `sign()` adds are 90 bytes.
   */
  maxBytes?: number;
}

/**
 * Puts the active span's context into a carrier: a plain object that survives JSON, structured clone and
 * any storage. Empty where no span is active.
 *
 * @param carrier gets the fields, and is returned; a new object by default.
 * @example
 * await env.JOBS.send({ order, trace: inject() });
 */
export function inject<T extends object = Carrier>(carrier?: T, options?: InjectOptions): T & Carrier {
  const { from, baggage = true, maxBytes = Infinity } = options ?? {};
  const found: Carrier = {};
  w3c.inject(contextOf(from), found, {
    set: (fields: Record<string, string>, name, value) => (fields[name] = value),
  });
  if (!baggage) delete found.baggage;

  for (const field of [...FIELDS].reverse()) {
    if (JSON.stringify(found).length > maxBytes) delete found[field];
  }
  const into = (carrier ?? {}) as T & Carrier;
  try {
    // What an earlier hop left must not go on under this one's name.
    for (const field of [...FIELDS, SIGNATURE]) delete into[field];
    return Object.assign(into, found);
  } catch {
    return into; // one that takes nothing goes without
  }
}

/** Options of `continueFrom()`: those of a span, and how it belongs to the carrier's. */
export interface ContinueOptions extends Omit<SpanOptions, 'root'> {
  /** The span's name; `continue` by default. */
  name?: string;
  /**
   * `parent`: one trace, the span is a child of the carrier's (default). `link`: it stays where it is, a
   * child of the active span or the root of another trace, with a link: for what comes from many
   * senders, days later or more than once.
   */
  relation?: 'parent' | 'link';
  /** Who makes the span: an API's tracer. By default whoever traces this invocation. */
  tracer?: TracerLike;
}

/** A tracer, ours or the API's. */
export interface TracerLike {
  startSpan(name: string, options?: any, context?: any): any;
}

/**
 * Calls `fn` within a span that goes on from where the carrier was made, and gives back what it returns.
 * A carrier that is missing or cannot be read changes nothing but that: a trace of its own begins.
 *
 * @param carrier what `inject()` made, or `verify()` found good.
 * @example
 * async alarm() {
 *   const trace = await this.ctx.storage.get('trace');
 *   await continueFrom(trace, () => this.remind(), { name: 'remind' });
 * }
 */
export function continueFrom<T>(
  carrier: unknown,
  fn: (span: Span) => T,
  options?: ContinueOptions,
): T {
  const { name = 'continue', relation, tracer, links = [], ...rest } = options ?? {};
  const here = active();
  const there = extract(carrier, here);
  const maker = (tracer ?? new Tracer({ name: 'edgespan/context', version: VERSION })) as Tracer;
  if (relation !== 'link') return run(maker, name, { ...rest, links, parent: there }, fn);
  const context = spanContextIn(there);
  const isOther = context && context.spanId !== spanContextIn(here)?.spanId;
  return run(maker, name, { ...rest, links: isOther ? [...links, { context }] : links }, fn);
}

/** The ids among Mastra's `tracingOptions`. */
export interface TracingIds {
  traceId?: string;
  parentSpanId?: string;
}

/**
 * What makes a run of a Mastra agent or workflow a child of a span: of the active one by default, or of
 * the one in a carrier. Empty where there is none.
 *
 * @example
 * await agent.generate(question, { tracingOptions: tracingOptions() });
 */
export function tracingOptions(from?: TraceSource): TracingIds {
  const found = spanContextIn(contextOf(from));
  return found ? { traceId: found.traceId, parentSpanId: found.spanId } : {};
}
