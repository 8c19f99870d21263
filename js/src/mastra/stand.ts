/**
 * A stand-in for a Mastra span in contexts of OpenTelemetry.
 * @module
 */
import type { Decided } from '../engine/hooks.js';
import type { Envelope } from '../engine/record.js';
import type { Context, Span, SpanContext } from '../otel/api.js';
import { Clock } from '../otel/clock.js';
import type { Setup } from '../otel/setup.js';
import type { Tree } from '../otel/span.js';
import { NonRecordingSpan } from '../otel/span_context.js';
import type { Propagated } from './propagated.js';

/** What of a span in a context is ours, if it is. */
export type Above = Span & { setup?: Setup; tree?: Tree };

export interface StandParts {
  /** Where OpenTelemetry's spans below it go. */
  readonly setup: Setup | undefined;
  /** Of its run: what is below it belongs to that one's body, as long as it goes on. */
  readonly tree: Tree;
  /** Whether it is the first of that tree. */
  readonly opens: boolean;
  /** Of a run: its parent, and whether it begins a trace here. Mastra takes what it is given as it is. */
  readonly place: (Pick<Envelope, 'isRootSpan' | 'parentSpanId' | 'externalParentSpanId'> & Decided) | undefined;
  readonly propagated: Propagated | undefined;
  /** How likely its run was to be recorded, where its sampler says so. */
  readonly threshold: number | undefined;
  /** Where the span's work is done: its parent's context until the span is known to be exported. */
  context: Context;
}

/** Of a run: open as long as it goes on, or what it began in. */
export class RunTree implements Tree {
  readonly clock: Clock;
  #goesOn = true;
  readonly #around: Tree | undefined;

  constructor(around: Tree | undefined) {
    this.#around = around;
    this.clock = around?.clock ?? new Clock();
  }

  get open(): boolean {
    return this.#goesOn || !!this.#around?.open;
  }

  set open(goesOn: boolean) {
    this.#goesOn = goesOn;
  }
}

/** It records nothing; what OpenTelemetry starts below it goes where the Mastra span goes. */
export class Stand extends NonRecordingSpan {
  readonly #parts: StandParts;

  constructor(own: SpanContext, parts: StandParts) {
    super(own);
    this.#parts = parts;
  }

  // No fields: who prints the active span does not want to see an engine.
  get parts(): StandParts {
    return this.#parts;
  }

  override get setup(): Setup | undefined {
    return this.#parts.setup;
  }

  get tree(): Tree {
    return this.#parts.tree;
  }
}

/** Whether a span is one: whichever copy of this package made it. */
export function isStand(span: Above | undefined): span is Stand {
  return (span as Partial<Stand> | undefined)?.parts !== undefined;
}

/**
 * An id that was given: Mastra takes fewer digits than OpenTelemetry and capitals, too. Undefined if it is
 * none, or all zeros.
 */
export function idOf(given: unknown, digits: number): string | undefined {
  if (typeof given !== 'string' || given.length > digits || !/^0*[1-9a-f][\da-f]*$/i.test(given)) {
    return undefined;
  }
  return given.toLowerCase().padStart(digits, '0');
}

interface Provider {
  getTracer?(name: string): { setup?: Setup } | undefined;
}

/** Of a provider, if it is ours: whichever copy of this package made it, its tracers tell. */
export function setupOfProvider(provider: Provider | undefined): Setup | undefined {
  return provider?.getTracer?.('edgespan')?.setup;
}

/** Of the one that is registered with OpenTelemetry's API. */
export function registeredSetup(): Setup | undefined {
  const api = (globalThis as Record<symbol, unknown>)[Symbol.for('opentelemetry.js.api.1')];
  return setupOfProvider((api as { trace?: Provider } | undefined)?.trace);
}
