/**
 * The span of a request that is made.
 * @module
 */
import type { Attributes, Context, Span, TextMapPropagator } from '../otel/api.js';
import { active } from '../otel/context.js';
import { traceContextPropagator } from '../otel/propagation.js';
import type { Tracer } from '../otel/tracer.js';
import { passes } from './body.js';
import {
  answered,
  type Capture,
  CLIENT,
  HEADERS,
  headersOf,
  methodOf,
  nameOf,
  serverOf,
} from './span.js';
import { parse, scrubUrl } from './url.js';
import { type Call, within } from './within.js';

/** The platform's `fetch`, and those of bindings. */
export type Fetch = (input: any, init?: any) => Promise<Response>;

export interface FetchOptions {
  readonly tracer: Tracer;
  /** Whose child the span is; the active context by default. */
  readonly parent?: Context | undefined;
  /** Whether context goes to this address. */
  propagate(url: URL): boolean;
  /** How; W3C's trace context by default. */
  readonly propagator?: TextMapPropagator | undefined;
  readonly capture?: Capture | undefined;
  /** More of the span's. */
  readonly attributes?: Attributes | undefined;
}

/**
 * Calls `fetch` within a span that ends with the answer's head. The answer and what is thrown are given
 * back as they are; the request is as it was but for the context in its headers. Those that the user set
 * stay.
 */
export function fetchWithin(
  fetch: Fetch,
  input: string | URL | Request,
  init: RequestInit | undefined,
  options: FetchOptions,
): Promise<Response> {
  const { parent = active(), capture, propagator = traceContextPropagator } = options;
  let begun: { request?: Request; url?: URL | undefined; call: Call };
  try {
    const request = (input as Partial<Request>).headers && (input as Request);
    const method = methodOf(`${init?.method ?? request?.method ?? 'GET'}`.toUpperCase());
    const url = parse(request?.url ?? (input as string));
    const address = url && { 'url.full': scrubUrl(url), ...serverOf(url) };
    const attributes = { ...method, ...address, ...options.attributes };
    const after = (response: Response, span: Span): void => {
      passes(response);
      answered(span, response, 400, capture);
    };
    begun = { request, url, call: { name: nameOf(method), kind: CLIENT, attributes, after } };
  } catch {
    return fetch(input, init); // that says what is wrong with it
  }
  const { request, url, call } = begun;
  return within(options.tracer, parent, call, (context, span) => {
    let args: [any, RequestInit?] = [input, init];
    try {
      const headers = new Headers(init?.headers ?? request?.headers);
      span.setAttributes(headersOf('request', headers, capture?.requestHeaders));
      if (url && options.propagate(url)) {
        if (!headers.has('traceparent')) propagator.inject(context, headers, HEADERS);
        args = carrying(input, init, headers);
      }
    } catch {
      // Headers that are none, a user's function that throws: fetch gets what it was given.
    }
    return fetch(...args);
  });
}

/** The same request with other headers. */
function carrying(input: any, init: RequestInit | undefined, headers: Headers): [any, RequestInit?] {
  if (!init || Object.getPrototypeOf(init) === Object.prototype) return [input, { ...init, headers }];
  // Often a request is what another is made of: its members cannot be copied one by one.
  return [new Request(input, init), { headers }];
}
