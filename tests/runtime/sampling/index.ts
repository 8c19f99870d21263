// The Worker of the sampling tests: a handler whose requests are sampled by instrument(), and a real agent
// with an exporter of its own, built for each request as Mastra's builds do it.
//
//   GET  /traced?at=   a request's own trace, with a subrequest that is told of it
//   POST /run?at=      a run; with `fail` its model fails, with `tag=` it has a tag -> { traceId }
import { env } from 'cloudflare:workers';
import { Agent } from '@mastra/core/agent';
import { Mastra } from '@mastra/core/mastra';
import { Observability } from '@mastra/observability';
import { instrument } from 'edgespan/cloudflare';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import { never, onError, ratio, rules, tail } from 'edgespan/sampling';
import { scripted } from '../worker/model.ts';

const { SINK } = env as unknown as { readonly SINK: string };

const traced = instrument(
  {
    async fetch(request: Request, _bindings: object, _ctx: object): Promise<Response> {
      await fetch(`${SINK}/ok/asked${new URL(request.url).search}`, { method: 'POST' });
      return new Response('done');
    },
  },
  {
    destinations: [otlp({ endpoint: `${SINK}/ok/traced` })],
    sampling: ratio(0.5),
    propagate: { fetch: () => true },
  },
);

async function run(url: URL): Promise<Response> {
  const base = `${SINK}${url.searchParams.get('at')}`;
  const exporter = new EdgespanExporter({
    destinations: [
      otlp({ endpoint: `${base}/all`, name: 'all' }),
      otlp({ endpoint: `${base}/failed`, name: 'failed', tail: tail({ keep: [onError()] }) }),
    ],
    sampling: rules([{ when: { tag: 'health' }, sample: never() }]),
  });
  const fails = url.searchParams.has('fail');
  const agent = new Agent({
    id: 'a',
    name: 'a',
    instructions: 'Answer.',
    model: scripted([fails ? { fails: 'model is down' } : { text: 'Cold.' }]),
    maxRetries: 0,
  });
  const mastra = new Mastra({
    logger: false,
    agents: { a: agent },
    observability: new Observability({ configs: { default: { serviceName: 's', exporters: [exporter] } } }),
  });
  const tags = url.searchParams.getAll('tag');
  const answer = await mastra
    .getAgent('a')
    .generate('Warm?', { tracingOptions: { tags } })
    .catch(() => undefined);
  return Response.json({ traceId: answer?.traceId });
}

export default {
  fetch(...call: [request: Request, bindings: object, ctx: object]): unknown {
    const url = new URL(call[0].url);
    return url.pathname === '/run' ? run(url) : traced.fetch(...call);
  },
};
