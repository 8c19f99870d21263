// The full path's peer. In Node and in workerd.
import { OtelExporter } from '@mastra/otel-exporter';
import { type Candidate, RESOURCE, SERVICE } from './candidate.ts';

/** The official exporter with its own converter, processor and flush; only the OTLP exporter behind
 *  them is ours: it serialises with the official serialiser and reports success. */
export async function official(
  serializer: 'ProtobufTraceSerializer' | 'JsonTraceSerializer' = 'ProtobufTraceSerializer',
): Promise<Candidate> {
  const transformer = await import('peer:transformer');
  const { serializeRequest } = (transformer.default ?? transformer)[serializer] as {
    serializeRequest(spans: unknown): Uint8Array;
  };

  let body: Uint8Array = new Uint8Array(0);
  let requests = 0;
  const exporter = new OtelExporter({
    provider: { custom: { endpoint: 'http://127.0.0.1:4318', protocol: 'http/protobuf' } },
    resourceAttributes: RESOURCE,
    signals: { logs: false },
    exporter: {
      export(spans: unknown, done: (result: { code: number }) => void) {
        body = serializeRequest(spans);
        requests++;
        done({ code: 0 });
      },
      forceFlush: async () => {},
      shutdown: async () => {},
    } as never,
  });
  exporter.init({ config: { serviceName: SERVICE } } as never);
  return {
    async run(events) {
      requests = 0;
      for (const event of events) await exporter.exportTracingEvent(event as never);
      await exporter.flush();
      if (requests !== 1) throw new Error(`${requests} requests`);
    },
    body: () => body,
  };
}
