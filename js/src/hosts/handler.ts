/**
 * A handler within a span: of a request that is answered, or a request and the answer to write to.
 * @module
 */
import { type End, pulled, watched } from '../http/body.js';
import { type Begin, serverSpan } from '../http/server.js';
import { answered, failed, HEADERS } from '../http/span.js';
import type { Attributes, Context, Span } from '../otel/api.js';
import { active, SPAN, withContext } from '../otel/context.js';
import { withPropagate } from './fetch.js';
import type { Tracing } from './options.js';

/** What a handler is given that Node calls. */
export interface Incoming {
  readonly method?: string;
  readonly url?: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly socket?: { readonly encrypted?: boolean };
}
export interface Outgoing {
  readonly statusCode: number;
  readonly writableFinished: boolean;
  getHeaders(): Record<string, string | number | string[] | undefined>;
  once(event: 'close', listener: () => void): unknown;
}

/** A server begins to read a body at once; one that it did not begin to read for so long it has dropped. */
const UNREAD_MS = 10_000;
/** What Next.js and Vercel take for "the request goes on". */
const PASSES = ['x-middleware-next', 'x-middleware-rewrite'];

/** Whether a span of this process is active: then the host has made one of the request. */
export function isWithin(context: Context): boolean {
  return (context.getValue(SPAN) as Span | undefined)?.isRecording() === true;
}

/** A request's span, and the context with it as the active one. */
export interface Begun {
  readonly span: Span;
  /** Whether its answer's body is read by somebody. */
  readonly read: boolean;
  readonly context: Context;
}

/** Starts the span of a request, a child of its caller's; undefined where that is not possible. */
export function begin(tracing: Tracing, given: () => Request, more: Attributes): Begun | undefined {
  try {
    const request = given();
    const { tracer, propagator, capture, propagate } = tracing;
    const { name, ...options }: Begin = serverSpan(request, capture);
    const here = withPropagate(active(), propagate);
    const parent = propagator.extract(here, request.headers, HEADERS);
    const route = more['http.route'];
    const attributes = { ...options.attributes, ...more };
    const span = tracer.startSpan(route ? `${name} ${route}` : name, { ...options, attributes }, parent);
    return { span, read: request.method !== 'HEAD', context: parent.setValue(SPAN, span) };
  } catch (error) {
    tracing.log.warn('request span', `A request is not traced: ${error}`);
    return undefined;
  }
}

/** Ends a span with what was thrown. */
export function fail(span: Span, error: unknown): void {
  failed(span, error);
  span.end();
}

/**
 * Answers a request within a span, which ends with the last byte of the answer's body. The answer is the
 * handler's, watched where it has a body of unknown length.
 */
export function serve<T>(tracing: Tracing, request: Request, more: Attributes, call: () => T): T {
  const begun = begin(tracing, () => request, more);
  if (!begun) return call();
  const { span, context } = begun;
  const thrown = (error: unknown): never => {
    fail(span, error);
    throw error;
  };
  const done = (answer: unknown): unknown => finish(begun, tracing, answer);
  return settle(context, call, done, thrown);
}

/** Calls with the context as the active one, and has one of the two tell what comes of it. */
function settle<T>(
  context: Context,
  call: () => T,
  done: ((answer: unknown) => unknown) | undefined,
  thrown: (error: unknown) => never,
): T {
  let result: any;
  try {
    result = withContext(context, call);
  } catch (error) {
    return thrown(error);
  }
  if (typeof result?.then === 'function') return result.then(done, thrown);
  return done ? (done(result) as T) : result;
}

/**
 * Ends the span with the answer, and gives that back; what is none (of a middleware that lets a request
 * pass) ends it now. `failure`: what was thrown, and answered.
 */
export function finish(
  { span, context, read }: Begun,
  { capture }: Tracing,
  answer: unknown,
  failure?: { error: unknown },
): unknown {
  const response = answer as Response;
  if (typeof response?.headers?.get === 'function') {
    answered(span, response, 500, capture);
    if (failure) failed(span, failure.error); // the status says less
    if (PASSES.some((header) => response.headers.has(header))) span.updateName('middleware');
    if (read && response.body && !response.body.locked && mayStream(response)) {
      const ended = ({ error, cancelled }: End): void => {
        clearTimeout(unread);
        if (error !== undefined) failed(span, error);
        if (cancelled) span.setAttribute('edgespan.response.cancelled', true);
        span.end();
      };
      // Of an answer that somebody replaced nobody reads the body; the platform must not wait for it.
      const unread = setTimeout(ended, UNREAD_MS, { cancelled: true });
      (unread as { unref?(): void }).unref?.();
      const through = (source: ReadableStream): ReadableStream =>
        pulled(source, ended, () => clearTimeout(unread));
      return withContext(context, watched, response, ended, through);
    }
  }
  span.end();
  return answer;
}

/**
 * Whether a body may go on after its head: one of unknown length may be a model's, under any name
 * (text/plain is one of them), but for JSON. Answers of other classes (NextResponse) stay the objects
 * that they are, unless they call themselves a stream.
 */
function mayStream(response: Response): boolean {
  const { headers } = response;
  const type = headers.get('content-type') ?? '';
  if (headers.has('content-length') || /^application\/(.*\+)?json\b/.test(type)) return false;
  const isPlain = Object.getPrototypeOf(response) === Response.prototype;
  return isPlain || /^$|event-stream|ndjson|jsonl|json-seq/.test(type);
}

/** The same for a handler that writes its answer, which ends with its connection's. */
export function serveNode<T>(
  tracing: Tracing,
  request: Incoming,
  response: Outgoing,
  more: Attributes,
  call: () => T,
): T {
  const begun = begin(tracing, () => asRequest(request), more);
  if (!begun) return call();
  const { span, context } = begun;
  let failure: { error: unknown } | undefined;
  response.once('close', () => {
    const { statusCode: status } = response;
    const head = { status, headers: headersOf(response.getHeaders()) } as Response;
    answered(span, head, 500, tracing.capture);
    if (failure) failed(span, failure.error);
    if (!response.writableFinished) span.setAttribute('edgespan.response.cancelled', true);
    span.end();
  });
  return settle(context, call, undefined, (error) => {
    failure = { error }; // the host answers, or closes
    throw error;
  });
}

function asRequest({ method = 'GET', url = '/', headers, socket }: Incoming): Request {
  const forwarded = `${headers['x-forwarded-proto'] ?? ''}`.split(',')[0].trim();
  const scheme = forwarded || (socket?.encrypted ? 'https' : 'http');
  const host = headers['x-forwarded-host'] ?? headers.host ?? 'localhost';
  return { method, url: `${scheme}://${host}${url}`, headers: headersOf(headers) } as unknown as Request;
}

function headersOf(given: Readonly<Record<string, unknown>>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(given)) {
    // HTTP/2 has names that begin with a colon, which are no headers.
    if (value !== undefined && !name.startsWith(':')) headers.set(name, [value].flat().join(', '));
  }
  return headers;
}
