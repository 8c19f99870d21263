// The runs of workloads.ts as flat spans, for encoders: the official exporter's own conversion.
import { OtelExporter } from '@mastra/otel-exporter';
import type { ReadableSpan } from 'edgespan/otel';
import { RESOURCE, SERVICE } from './candidate.ts';
import { fresh, type Source } from './fresh.ts';
import type { FlatSpan } from './fresh_spans.ts';

/** Sources of fresh_spans.ts. */
export async function flatten(sources: readonly Source[]): Promise<Source[]> {
  let taken: FlatSpan[] = [];
  const exporter = new OtelExporter({
    provider: { custom: { endpoint: 'http://127.0.0.1:4318', protocol: 'http/protobuf' } },
    resourceAttributes: RESOURCE,
    signals: { logs: false },
    exporter: {
      export(spans: ReadableSpan[], done: (result: { code: number }) => void) {
        taken.push(...spans.map(flat));
        done({ code: 0 });
      },
      forceFlush: async () => {},
      shutdown: async () => {},
    } as never,
  });
  exporter.init({ config: { serviceName: SERVICE } } as never);
  const all: Source[] = [];
  for (const source of sources) {
    taken = [];
    for (const event of fresh(source, 0)) await exporter.exportTracingEvent(event as never);
    await exporter.flush();
    if (taken.length !== source.spans) throw new Error(`${source.name}: ${taken.length} spans`);
    all.push({ ...source, json: JSON.stringify(taken) });
  }
  return all;
}

function flat(span: ReadableSpan): FlatSpan {
  const { name, kind, startTime, endTime, status, attributes, events } = span;
  const { name: scope, version = '' } = span.instrumentationScope;
  return {
    id: span.spanContext().spanId,
    parentId: span.parentSpanContext?.spanId,
    name,
    kind,
    startTime,
    endTime,
    status,
    attributes,
    events,
    resource: span.resource.attributes,
    scope: { name: scope, version },
  };
}
