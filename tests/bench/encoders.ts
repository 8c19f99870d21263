// The candidates of the encoder's level: flat spans to a request's body. In Node and in workerd.
import { encodeSpans, type ReadableSpan } from 'edgespan/otel';
import type { Candidate } from './candidate.ts';
import { encodeTwin } from './twin.ts';

type Encode = (spans: ReadableSpan[]) => Uint8Array;

const load = async (peer: Promise<any>): Promise<any> => {
  const module = await peer;
  return module.default ?? module;
};

const ENCODERS: Record<string, () => Encode | Promise<Encode>> = {
  encodeSpans: () => encodeSpans,
  'otel-protobuf': async () => {
    const { ProtobufTraceSerializer } = await load(import('peer:transformer'));
    return (spans) => ProtobufTraceSerializer.serializeRequest(spans);
  },
  'otel-json': async () => {
    const { JsonTraceSerializer } = await load(import('peer:transformer'));
    return (spans) => JsonTraceSerializer.serializeRequest(spans);
  },
  // What its exporter does before it calls fetch.
  vercel: async () => {
    const { OTLPHttpProtoTraceExporter } = await import('peer:vercel' as string);
    const { impl } = new OTLPHttpProtoTraceExporter({ url: 'http://127.0.0.1:4318/v1/traces' });
    return (spans) => impl.toMessage(impl.convert(spans)).body;
  },
  // What its exporter does, and what `fetch` does to a text.
  'cf-workers': async () => {
    const { createExportTraceServiceRequest } = await load(import('peer:cf-workers'));
    const encoder = new TextEncoder();
    return (spans) => encoder.encode(JSON.stringify(createExportTraceServiceRequest(spans, true)));
  },
  twin: () => encodeTwin,
  encodeInto: () => texts,
};

/** Every text that is in a body through encodeInto, and nothing else: a floor for who crosses the border
 *  between JavaScript and bytes once for each. */
function texts(spans: ReadableSpan[]): Uint8Array {
  const encoder = new TextEncoder();
  let at = 0;
  const put = (text: string): void => {
    at += encoder.encodeInto(text, SPACE.subarray(at)).written;
  };
  const all = (attributes: Record<string, unknown>): void => {
    for (const name in attributes) {
      const value = attributes[name];
      if (typeof value === 'string') put(value);
      else if (Array.isArray(value)) for (const one of value) if (typeof one === 'string') put(one);
    }
  };
  for (const span of spans) {
    const { traceId, spanId } = span.spanContext();
    put(traceId);
    put(spanId);
    if (span.parentSpanContext) put(span.parentSpanContext.spanId);
    put(span.name);
    all(span.attributes);
    if (span.status.message) put(span.status.message);
    for (const { name, attributes = {} } of span.events) {
      put(name);
      all(attributes);
    }
  }
  return SPACE.slice(0, at);
}
const SPACE = new Uint8Array(16 << 20);

export async function encoder(name: string): Promise<Candidate<ReadableSpan[]>> {
  const make = ENCODERS[name];
  if (!make) throw new Error(`no encoder "${name}"`);
  const encode = await make();
  let body: Uint8Array = new Uint8Array(0);
  return {
    run(spans) {
      body = encode(spans);
    },
    body: () => body,
  };
}
