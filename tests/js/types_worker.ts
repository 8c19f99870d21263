// Compiled, never run, with `exactOptionalPropertyTypes` and our own declarations checked: what a Worker
// has for an environment, and options that are given as undefined.
import { instrument, instrumentDurableObject } from 'edgespan/cloudflare';
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

/** As in Cloudflare's types. */
interface Handler<E> {
  fetch?(request: Request, env: E, ctx: { waitUntil(promise: Promise<unknown>): void }): Promise<Response>;
}

// What is instrumented keeps its type, and options know theirs.
export const handler: Handler<Env> = instrument<Handler<Env>>(
  { fetch: async (_request, env) => new Response(await env.KV.get('key')) },
  (env: Env, trigger: unknown) => ({
    destinations: [otlp({ env })],
    trust: (request) => request.headers.has('x-internal') && trigger !== undefined,
    propagate: { fetch: (url) => url.hostname.endsWith('.internal'), rpc: ['COUNTER'], queues: true },
    bindings: { MAIL: 'SendEmail' },
  }),
);
export const Counter = instrumentDurableObject(
  class {
    async add(amount: number): Promise<number> {
      return amount;
    }
  },
  { destinations: [] },
);
export const sum: Promise<number> = new Counter().add(1);
export const onRequest = instrument(async ({ env }: { env: Env }) => new Response(await env.KV.get('key')), {
  destinations: [],
  // @ts-expect-error There is no such class.
  bindings: { KV: 'Kv' },
});
