/**
 * What a request's span says on both sides: OpenTelemetry's HTTP conventions.
 * https://opentelemetry.io/docs/specs/semconv/http/http-spans/
 * @module
 */
import type { Attributes, Span, TextMapGetter, TextMapSetter } from '../otel/api.js';
import { messageOf } from '../otel/run.js';
import type { HeadersLike, ResponseLike, UrlLike } from './platform.js';

/** Headers that are told, by name in lower case; none by default. */
export interface Capture {
  readonly requestHeaders?: readonly string[] | undefined;
  readonly responseHeaders?: readonly string[] | undefined;
}

/** OpenTelemetry's SpanKind. */
export const SERVER = 1;
export const CLIENT = 2;
export const PRODUCER = 3;
export const CONSUMER = 4;
const ERROR = 2;

const METHODS = /^(GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH)$/;

/** The method's attributes: unknown ones are told apart, since anybody may invent them. */
export function methodOf(given: string): Attributes {
  const known = METHODS.test(given);
  return {
    'http.request.method': known ? given : '_OTHER',
    'http.request.method_original': known ? undefined : given,
  };
}

/** What a span is called of which no route is known. */
export function nameOf(attributes: Attributes): string {
  const method = attributes['http.request.method'];
  return method === '_OTHER' ? 'HTTP' : `${method}`;
}

/** `server.address` and `server.port`. */
export function serverOf({ hostname, port, protocol }: UrlLike): Attributes {
  return {
    'server.address': hostname,
    'server.port': +port || (protocol === 'https:' ? 443 : 80),
  };
}

/** Headers that the user asked for; `side` is `request` or `response`. */
export function headersOf(
  side: string,
  headers: HeadersLike,
  names: readonly string[] = [],
): Attributes {
  const found: Attributes = {};
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null) found[`http.${side}.header.${name.toLowerCase()}`] = [value];
  }
  return found;
}

/** Notes the answer; from `failed` on its status is an error of this side. */
export function answered(
  span: Span,
  response: ResponseLike,
  failed: number,
  capture?: Capture,
): void {
  const { status, headers } = response;
  span.setAttribute('http.response.status_code', status);
  span.setAttributes(headersOf('response', headers, capture?.responseHeaders));
  if (status < failed) return;
  span.setAttribute('error.type', `${status}`).setStatus({ code: ERROR });
}

/** Notes what was thrown. */
export function failed(span: Span, error: unknown): void {
  span.recordException(error);
  let type: unknown;
  try {
    type = (error as Error | undefined)?.name;
  } catch {
    // It cannot be read: then its span says no more of it.
  }
  span.setAttribute('error.type', typeof type === 'string' && type ? type : '_OTHER');
  span.setStatus({ code: ERROR, message: messageOf(error) });
}

/** Reads and writes context in headers. */
export const HEADERS: TextMapGetter & TextMapSetter = {
  keys: (headers: Headers) => [...(headers as unknown as Map<string, string>).keys()],
  get: (headers: Headers, key) => headers.get(key) ?? undefined,
  set: (headers: Headers, key, value) => headers.set(key, value),
};
