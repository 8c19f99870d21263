// The official serialisers, of the version that the SDK's exporter brings: what else is installed of
// their package is others' business.
import { createRequire } from 'node:module';

const own = createRequire(import.meta.url);
const exporter = createRequire(own.resolve('@opentelemetry/exporter-trace-otlp-proto'));

interface Serializer {
  serializeRequest(spans: readonly unknown[]): Uint8Array;
}

export const { ProtobufTraceSerializer, JsonTraceSerializer } = exporter(
  '@opentelemetry/otlp-transformer',
) as { ProtobufTraceSerializer: Serializer; JsonTraceSerializer: Serializer };
