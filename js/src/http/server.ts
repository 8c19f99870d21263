/**
 * The span of a request that is served.
 * @module
 */
import type { SpanOptions } from '../otel/api.js';
import type { RequestLike } from './platform.js';
import { type Capture, headersOf, methodOf, nameOf, SERVER, serverOf } from './span.js';
import { parse, scrubQuery } from './url.js';

/** What a span starts with. */
export interface Begin extends SpanOptions {
  readonly name: string;
}

/** For a request as it came in; its answer is noted with `answered(span, response, 500)`. */
export function serverSpan(request: RequestLike, capture?: Capture): Begin {
  const method = methodOf(request.method);
  const url = parse(request.url);
  const agent = request.headers.get('user-agent');
  return {
    name: nameOf(method),
    kind: SERVER,
    attributes: {
      ...method,
      ...(url && {
        'url.scheme': url.protocol.slice(0, -1),
        'url.path': url.pathname,
        'url.query': url.search ? scrubQuery(url.search) : undefined,
        ...serverOf(url),
      }),
      'user_agent.original': agent ?? undefined,
      ...headersOf('request', request.headers, capture?.requestHeaders),
    },
  };
}
