/**
 * A span around a function.
 * @module
 */
import type { Context, Span, SpanOptions } from './api.js';
import { active, SPAN, withContext } from './context.js';
import { text } from './span.js';
import type { Tracer } from './tracer.js';

export interface RunOptions extends SpanOptions {
  /** The context in place of the active one. */
  parent?: Context | undefined;
}

/**
 * Calls `fn` within a span, which ends when its result settles, and gives that result back unchanged. What
 * it throws is recorded. Of what can be awaited only promises are: others (a database's query) may begin
 * their work by being awaited, and again by the caller's `await`.
 */
export function run<T>(tracer: Tracer, name: string, options: RunOptions, fn: (span: Span) => T): T {
  const { parent = active(), ...rest } = options;
  const span = tracer.startSpan(name, rest, parent);
  let result: T;
  try {
    result = withContext(parent.setValue(SPAN, span), fn, span);
  } catch (error) {
    fail(span, error);
    throw error;
  }
  if (isPromise(result)) {
    result.then(
      () => span.end(),
      (error: unknown) => fail(span, error),
    );
  } else span.end();
  return result;
}

/** By brand: those of an edge runtime's fetch are of another realm, and lazy ones call themselves otherwise. */
export function isPromise(value: unknown): value is Promise<unknown> {
  return Object.prototype.toString.call(value) === '[object Promise]';
}

/** Records what was thrown, and ends the span. */
export function fail(span: Span, error: unknown): void {
  span.recordException(error);
  span.setStatus({ code: 2, message: messageOf(error) });
  span.end();
}

/** What an error says; anything may be thrown. */
export function messageOf(error: unknown): string {
  try {
    return text((error as Error | undefined)?.message ?? error);
  } catch {
    return '';
  }
}
