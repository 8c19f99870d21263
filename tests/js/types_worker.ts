// Compiled, never run, with `exactOptionalPropertyTypes` and our own declarations checked: what a Worker
// has for an environment, and options that are given as undefined.
import { collector, datadog, lemma, otlp, otlpJson, type Environment } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import { OtelExporter } from 'edgespan/mastra/compat';

interface KVNamespace {
  get(key: string): Promise<string | null>;
}
interface Env {
  LEMMA_API_KEY: string;
  SHARDS: number;
  KV: KVNamespace;
}

export function exporters(env: Env, timeout: number | undefined): unknown[] {
  const given = { env, timeout, headers: undefined, gzip: undefined, name: undefined };
  const environment: Environment = env;
  return [
    new EdgespanExporter({
      destinations: [lemma(given), otlp(given), otlpJson(given), collector(given), datadog({ env })],
      env: environment,
    }),
    new OtelExporter({ provider: { custom: { endpoint: undefined } }, env, timeout }),
  ];
}
