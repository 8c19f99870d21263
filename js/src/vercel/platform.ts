/**
 * What the platform knows of the request under way: Vercel puts it behind a global symbol, which
 * `@vercel/functions` and `@vercel/otel` read as well.
 * @module
 */
import type { SpanContext } from '../otel/api.js';

interface Platform {
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly telemetry?: {
    readonly rootSpanContext?: SpanContext;
    readonly traceDrains?: readonly unknown[];
  };
}

function platform(): Platform | undefined {
  const holder = globalThis as unknown as Record<symbol, { get?(): Platform } | undefined>;
  return holder[Symbol.for('@vercel/request-context')]?.get?.();
}

/**
 * The platform's own span around the request, if Trace Drains send it somewhere: then ours are its
 * children, in one trace. Without drains nobody would ever see that parent.
 */
export function drainedParent(): SpanContext | undefined {
  const telemetry = platform()?.telemetry;
  return telemetry?.traceDrains?.length ? telemetry.rootSpanContext : undefined;
}

/** Attributes of the request that only the platform knows; none elsewhere. */
export function requestAttributes(): Record<string, string> {
  const attributes: Record<string, string> = {};
  const id = platform()?.headers?.['x-vercel-id'];
  // "fra1::iad1::abcde-1732147200000-0123456789ab": where it entered, where it runs, and its id.
  const parts = id?.split('::') ?? [];
  const last = parts.at(-1);
  if (last) attributes['faas.invocation_id'] = last;
  if (parts.length > 1) attributes['vercel.edge_region'] = parts[0];
  return attributes;
}

/** The route that the platform found for the request. */
export function routeOf(): Record<string, string> {
  const route = platform()?.headers?.['x-matched-path'];
  return route ? { 'http.route': route } : {};
}
