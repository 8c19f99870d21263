// What each feature costs on top: options of our exporter, by the names of rows.
import type { EdgespanExporterOptions } from 'edgespan/mastra';
import type { Feature, Package } from './edgespan.ts';

type Options = EdgespanExporterOptions;
type Make = (plain: Options) => Feature;

const ADDRESS = { endpoint: 'http://127.0.0.1:4318', dropTypes: [] };

/** By name; made only when it is asked for. */
const FEATURES: Record<string, (ours: Package) => Make | Promise<Make>> = {
  openinference: async ({ otlp }) => {
    const { openinference } = await import('edgespan/dialects');
    return to([otlp({ ...ADDRESS, dialect: openinference })]);
  },
  langfuse: async ({ otlp }) => {
    const { langfuse } = await import('edgespan/dialects');
    return to([otlp({ ...ADDRESS, dialect: langfuse })]);
  },
  'two destinations': ({ otlp }) => to([otlp(ADDRESS), otlp({ ...ADDRESS, name: 'b' })]),
  'two dialects': async ({ otlp }) => {
    const { openinference } = await import('edgespan/dialects');
    return to([otlp(ADDRESS), otlp({ ...ADDRESS, name: 'b', dialect: openinference })]);
  },
  gzip: ({ otlp }) => to([otlp({ ...ADDRESS, gzip: true })]),
  json: async () => {
    const { otlpJson } = await import('edgespan/destinations');
    return to([otlpJson(ADDRESS)]);
  },
  limits: () => (plain) => ({
    options: { ...plain, limits: { attributeCountLimit: 128, attributeValueLengthLimit: 4_096 } },
    expected: 1,
  }),
  'dropped by sampling': async () => {
    const { never } = await import('edgespan/sampling');
    return (plain) => ({ options: { ...plain, sampling: never() }, expected: 0 });
  },
  'left out by tail': async () => {
    const { onTripwire, tail } = await import('edgespan/sampling');
    return (plain) => ({ options: { ...plain, tail: tail({ keep: [onTripwire()] }) }, expected: 0 });
  },
  'kept by both': async () => {
    const { ratio, tail } = await import('edgespan/sampling');
    return (plain) => ({ options: { ...plain, sampling: ratio(1), tail: tail({ ratio: 1 }) }, expected: 1 });
  },
  redaction: async () => {
    const { redact } = await import('edgespan/privacy');
    return (plain) => ({ options: { ...plain, redact: redact() }, expected: 1 });
  },
  formatter: () => (plain) => ({
    options: { ...plain, customSpanFormatter: (span) => ({ ...span, name: `${span.name}.` }) },
    expected: 1,
  }),
};

export const FEATURE_NAMES: readonly string[] = Object.keys(FEATURES);

/** One request for each destination. */
const to =
  (destinations: Options['destinations']): Make =>
  (plain) => ({ options: { ...plain, destinations }, expected: destinations.length });

/** Our exporter's options with a feature. */
export async function feature(name: string, ours: Package): Promise<Make> {
  const make = FEATURES[name];
  if (!make) throw new Error(`no feature "${name}"`);
  return make(ours);
}
