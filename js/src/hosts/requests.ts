/**
 * Keeps the platform alive from the beginning of a request until what it recorded has been sent: when
 * its root ends, the response may be over, and the platform no longer to be asked.
 * @module
 */
import { keepAlive } from '#wait-until';
import { SERVER } from '../http/span.js';
import type { Attributes, Span, SpanContext } from '../otel/api.js';

/** A span as a processor sees it. */
interface Started extends Span {
  readonly kind: number;
  readonly parentSpanContext?: SpanContext | undefined;
}

/** OpenTelemetry's SpanProcessor, and the engine's `waitUntil`. */
export class Requests {
  readonly #roots = new WeakMap<object, () => void>();
  readonly #sending = new Set<Promise<unknown>>();
  readonly #attributes: (() => Attributes) | undefined;

  /** `attributes`: of the platform's request, for its root span. */
  constructor(attributes?: () => Attributes) {
    this.#attributes = attributes;
  }

  /** False where no platform is to be asked, and `flush()` has to wait. */
  readonly waitUntil = (promise: Promise<unknown>): boolean => {
    this.#sending.add(promise);
    promise.then(() => this.#sending.delete(promise)); // it never rejects
    return keepAlive(promise);
  };

  onStart(span: Started): void {
    const { kind, parentSpanContext: parent } = span;
    // Others may never be ended: a server's span is, by the server.
    if (kind !== SERVER || (parent && !parent.isRemote)) return;
    if (this.#attributes) span.setAttributes(this.#attributes());
    const over = new Promise<void>((resolve) => this.#roots.set(span, resolve));
    keepAlive(over.then(() => Promise.all(this.#sending)));
  }

  /** Its delivery has begun: an engine sends as the root ends. */
  onEnd(span: object): void {
    this.#roots.get(span)?.();
  }

  async forceFlush(): Promise<void> {
    await Promise.all(this.#sending);
  }

  async shutdown(): Promise<void> {
    await this.forceFlush();
  }
}
