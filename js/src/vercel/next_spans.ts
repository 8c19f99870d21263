/**
 * Spans that Next.js makes: their addresses are told as ours are, without the values of queries.
 * @module
 */
import { parse, scrubQuery, scrubUrl } from '../http/url.js';
import type { InstrumentationScope, Span, SpanProcessor } from '../otel/api.js';

interface Started extends Span {
  readonly name: string;
  readonly instrumentationScope: InstrumentationScope;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** OpenTelemetry's SpanProcessor. */
export const nextSpans: SpanProcessor = {
  onStart(span: Started): void {
    if (span.instrumentationScope.name !== 'next.js') return;
    const { 'http.target': target, 'http.url': url } = span.attributes;
    if (typeof target === 'string') span.setAttribute('http.target', scrubbed(target));
    if (typeof url !== 'string') return;
    span.setAttribute('http.url', scrubbed(url));
    const name = span.name.replace(url, () => scrubbed(url));
    if (name !== span.name) span.updateName(name);
  },
  onEnd(): void {},
  async forceFlush() {},
  async shutdown() {},
};

/** An address, or what of one is the server's. */
function scrubbed(address: string): string {
  if (parse(address)) return scrubUrl(address);
  const at = address.indexOf('?');
  return at < 0 ? address : `${address.slice(0, at)}?${scrubQuery(address.slice(at))}`;
}
