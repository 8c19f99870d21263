/**
 * Zipkin v2 JSON, by OpenTelemetry's own mapping (specification, "OpenTelemetry to Zipkin
 * Transformation"), with the resource among the tags, as OpenTelemetry's JavaScript exporter has it.
 * @module
 */
import { readSpans, type ReadSpan } from '../transport/otlp_read.js';

const KINDS = ['', '', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];
// What names the other side, best first.
const PEERS = ['peer.service', 'server.address', 'net.peer.name', 'peer.hostname', 'db.name'];

const micros = (nanoseconds: bigint): number => Number(nanoseconds / 1000n);
const text = (value: unknown): string =>
  typeof value === 'object' ? JSON.stringify(value) : String(value);

function tags(span: ReadSpan): Record<string, string> {
  const { attributes, resource, scope, status } = span;
  const found = Object.entries({ ...resource, ...attributes }).map(([k, v]) => [k, text(v)]);
  const add = (key: string, value: string | number | undefined): void => {
    if (value) found.push([key, `${value}`]);
  };
  add('otel.scope.name', scope.name);
  add('otel.scope.version', scope.version);
  add('otel.dropped_attributes_count', span.droppedAttributes);
  add('otel.dropped_events_count', span.droppedEvents);
  add('otel.status_code', ['', 'OK', 'ERROR'][status]);
  const all = Object.fromEntries(found) as Record<string, string>;
  // Zipkin takes every span with this tag for a failed one.
  if (status === 2) all.error = span.message;
  else if (all.error === 'false') delete all.error;
  return all;
}

function zipkinSpan(span: ReadSpan): Record<string, unknown> {
  const { attributes, events, resource } = span;
  const kind = KINDS[span.kind] || undefined;
  const calls = kind === 'CLIENT' || kind === 'PRODUCER';
  const peer = calls ? PEERS.map((name) => attributes[name]).find(Boolean) : undefined;
  const port = Number(attributes['server.port']) || undefined;
  const annotations = events.map(({ time, name, attributes: of }) => {
    const more = Object.keys(of).length > 0;
    return {
      timestamp: micros(time),
      value: more ? `${JSON.stringify(name)}: ${JSON.stringify(of)}` : name,
    };
  });
  return {
    traceId: span.traceId,
    id: span.spanId,
    parentId: span.parentSpanId || undefined,
    name: span.name,
    kind,
    timestamp: micros(span.start),
    // To Zipkin, 0 is a span that did not end.
    duration: micros(span.end - span.start) || 1,
    localEndpoint: { serviceName: text(resource['service.name'] ?? 'unknown_service') },
    remoteEndpoint: peer && { serviceName: text(peer), port },
    tags: tags(span),
    annotations: annotations.length > 0 ? annotations : undefined,
  };
}

const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * A body that the core wrote as one of `POST /api/v2/spans`. All of it is ASCII: Zipkin (3.6) decodes a
 * compressed body piece by piece, and breaks characters that lie across two of them.
 */
export function toZipkin(body: Uint8Array): Uint8Array {
  const json = JSON.stringify(readSpans(body).map(zipkinSpan));
  return new TextEncoder().encode(json.replace(/[\u0080-\uffff]/g, escaped));
}
