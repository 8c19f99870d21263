/**
 * A span around a call of something that another party does: a request, a query, a method.
 * @module
 */
import type { Context, Span, SpanOptions } from '../otel/api.js';
import { SPAN, withContext } from '../otel/context.js';
import { isPromise } from '../otel/run.js';
import type { Tracer } from '../otel/tracer.js';
import { failed } from './span.js';

/** What a call's span is. */
export interface Call extends SpanOptions {
  readonly name: string;
  /** Has the span tell what came of it. */
  readonly after?: ((result: any, span: Span) => void) | undefined;
  /** Whether it is a method's of another Worker, whose promise is the platform's. */
  readonly remote?: boolean | undefined;
}

/**
 * Calls `fn` within a span, whose context and which it is given, and gives back what comes of it. Of what
 * can be awaited only promises are: what else has a `then` may begin its work by being awaited, and
 * again by the caller's `await`.
 *
 * A Promise goes on as the one that is settled after the span: a second reaction beside the caller's would
 * hide the caller from the stack of an error, and a failure that nobody handles from the platform. The
 * promise of a remote call (`remote`) stays as it is, since it may be where the next call begins.
 */
export function within<T>(
  tracer: Tracer,
  parent: Context,
  { name, after, remote, ...options }: Call,
  fn: (context: Context, span: Span) => T,
): T {
  const span = tracer.startSpan(name, options, parent);
  const context = parent.setValue(SPAN, span);
  const fail = (error: unknown): never => {
    failed(span, error);
    span.end();
    throw error;
  };
  const done = <R>(result: R): R => {
    try {
      after?.(result, span);
    } catch {
      // A result of another form than is known: its span says less.
    }
    span.end();
    return result;
  };
  let result: any;
  try {
    result = withContext(context, fn, context, span);
  } catch (error) {
    return fail(error);
  }
  if (isPromise(result)) return result.then(done, fail) as T;
  if (!remote || typeof result?.then !== 'function') return done(result);
  result.then(done, fail).catch(() => {}); // the caller's to handle
  return result;
}
