/**
 * Parts for OpenTelemetry's own SDK: where a provider of its is there already, these send its spans.
 * @module
 */
import type { Engine } from '../engine/engine.js';
import { flush, shutdown } from '../engine/flush.js';
import type { EngineOptions } from '../engine/options.js';
import type { Receipt } from '../transport/receipt.js';
import type { ReadableSpan } from './api.js';
import { type AnySpan, contentOf, envelopeOf, flagsOf, isLocalRoot, runOf } from './content.js';
import { BRIDGE, isEcho, mayEcho } from './echoes.js';
import { Engines } from './engines.js';
import { SAMPLED } from './span_context.js';

/**
 * A SpanProcessor: sends each trace in one request when its root ends, by itself, after the response,
 * through the platform's `waitUntil`.
 *
 * @example
 * new BasicTracerProvider({ spanProcessors: [new EdgespanSpanProcessor({ destinations: [otlp()] })] });
 */
export class EdgespanSpanProcessor {
  readonly #engines: Engines;
  // Spans whose resource is not known yet.
  readonly #waiting = new Set<Promise<void>>();
  // Spans that may be echoes, until it is known.
  readonly #unsure = new WeakSet<ReadableSpan>();

  constructor(options: EngineOptions) {
    this.#engines = new Engines(options);
  }

  onStart(span: ReadableSpan, _parent?: unknown): void {
    if (!mayEcho(span.instrumentationScope.name)) return this.#start(span);
    this.#unsure.add(span);
    queueMicrotask(() => this.#decide(span));
  }

  onEnd(span: ReadableSpan): void {
    this.#decide(span);
    if (echoes(span)) return;
    this.#take(span, (engine) => engine.end(envelopeOf(span, isLocalRoot(span)), contentOf(span), flagsOf(span)));
  }

  #decide(span: ReadableSpan): void {
    if (this.#unsure.delete(span) && !echoes(span)) this.#start(span);
  }

  #start(span: ReadableSpan): void {
    // As it is now: it may have ended when its resource is known.
    const isRoot = isLocalRoot(span);
    const envelope = envelopeOf(span, isRoot);
    this.#take(span, (engine) => engine.start(envelope, flagsOf(span), isRoot ? runOf(span, engine) : undefined));
  }

  /** Resolves to a receipt; never rejects. */
  async forceFlush(): Promise<Receipt & void> {
    await Promise.all(this.#waiting);
    return (await this.#engines.all((engine) => flush(engine))) as Receipt & void;
  }

  /** Sends everything; later spans are dropped and counted. Never rejects. */
  async shutdown(): Promise<Receipt & void> {
    await Promise.all(this.#waiting);
    return (await this.#engines.all((engine) => shutdown(engine))) as Receipt & void;
  }

  /** In the order of the calls, once the span's resource is known. */
  #take(span: ReadableSpan, tell: (engine: Engine) => void): void {
    if (!(span.spanContext().traceFlags & SAMPLED)) return;
    const { resource } = span;
    const now = (): void => tell(this.#engines.of(resource));
    if (!resource.asyncAttributesPending || !resource.waitForAsyncAttributes) return now();
    // A detector that fails has told its own user.
    const waiting = resource.waitForAsyncAttributes().then(now, now);
    this.#waiting.add(waiting);
    void waiting.then(() => this.#waiting.delete(waiting));
  }
}

/**
 * A SpanExporter, for BatchSpanProcessor and SimpleSpanProcessor. An export succeeds unless one of its
 * spans was refused or lost; what is kept to be sent later is not.
 *
 * @example
 * new BatchSpanProcessor(new EdgespanSpanExporter({ destinations: [otlp()] }));
 */
export class EdgespanSpanExporter {
  readonly #engines: Engines;
  // One export after the other: a receipt is of the spans that went before it.
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: EngineOptions) {
    this.#engines = new Engines(options);
    mayEcho(BRIDGE); // an export comes too late to hear of the first ones
  }

  export(spans: readonly ReadableSpan[], told: (result: { code: number; error?: Error }) => void): void {
    this.#last = this.#last
      .then(() => this.#send(spans))
      .catch((error: unknown) => ({ code: 1, error: error as Error })) // what is no span
      .then(told)
      .catch(() => {}); // whoever is told answers for what it does with it
  }

  async #send(spans: readonly AnySpan[]): Promise<{ code: number; error?: Error }> {
    const used = new Set<Engine>();
    for (const span of spans) {
      if (echoes(span)) continue;
      const engine = this.#engines.of(span.resource);
      used.add(engine);
      engine.end(envelopeOf(span, isLocalRoot(span)), contentOf(span), flagsOf(span));
    }
    return resultOf(await Promise.all([...used].map((engine) => flush(engine))));
  }

  /** Resolves to a receipt; never rejects. */
  async forceFlush(): Promise<Receipt & void> {
    await this.#last;
    return this.#engines.all((engine) => flush(engine)) as Promise<Receipt & void>;
  }

  /** Sends everything; later spans are dropped and counted. Never rejects. */
  async shutdown(): Promise<Receipt & void> {
    await this.#last;
    return this.#engines.all((engine) => shutdown(engine)) as Promise<Receipt & void>;
  }
}

/** Whether an exporter of ours records Mastra's span in this one's place. */
function echoes(span: AnySpan): boolean {
  return span.instrumentationScope.name === BRIDGE && isEcho(span.spanContext().spanId);
}

function resultOf(receipts: readonly Receipt[]): { code: number; error?: Error } {
  const causes = receipts.flatMap(({ rejected, dropped }) => [
    ...(rejected > 0 ? [`${rejected} rejected`] : []),
    // What is left out was not wanted.
    ...Object.entries({ ...dropped, leftOut: 0 }).flatMap(([why, lost]) => (lost ? [`${lost} dropped (${why})`] : [])),
  ]);
  if (causes.length === 0) return { code: 0 };
  for (const { errors } of receipts) causes.push(...errors.map(({ message }) => message));
  return { code: 1, error: new Error(`Spans were lost: ${causes.join(', ')}`) };
}
