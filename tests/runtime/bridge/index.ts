// A Mastra agent and a workflow behind instrument(), whose tool asks the web, KV and D1. Built for each
// request, as Mastra's own Workers build does.
import { Agent } from '@mastra/core/agent';
import { Mastra } from '@mastra/core/mastra';
import { createTool } from '@mastra/core/tools';
import { createStep, createWorkflow } from '@mastra/core/workflows';
import { Observability } from '@mastra/observability';
import { instrument } from 'edgespan/cloudflare';
import { otlp } from 'edgespan/destinations';
import { EdgespanBridge, EdgespanExporter } from 'edgespan/mastra';
import { z } from 'zod';
import { scripted } from '../worker/model.ts';

/** What of Cloudflare's bindings is used. */
interface Env {
  SINK: string;
  KV: { get(key: string): Promise<string | null>; put(key: string, value: string): Promise<void> };
  DB: { prepare(query: string): { bind(city: string): { first(): Promise<{ celsius: number } | null> } } };
}
interface Context {
  waitUntil(promise: Promise<unknown>): void;
}

async function weatherOf(city: string, { SINK, KV, DB }: Env): Promise<object> {
  const cached = await KV.get(city);
  const row = await DB.prepare('SELECT celsius FROM weather WHERE city = ?').bind(city).first();
  const response = await fetch(`${SINK}/200/weather/${city}`);
  if (!response.ok) throw new Error(`the station answered ${response.status}`);
  await response.text();
  await KV.put(city, 'snow');
  return { city, sky: cached ?? 'snow', celsius: row?.celsius };
}

function mastraOf(env: Env, beside: boolean): Mastra {
  const weather = createTool({
    id: 'weather',
    description: 'The weather of a city',
    inputSchema: z.object({ city: z.string() }),
    execute: ({ city }) => weatherOf(city, env),
  });
  const reporter = new Agent({
    id: 'reporter',
    name: 'reporter',
    instructions: 'Answer about the weather.',
    model: scripted([{ tools: [{ tool: 'weather', input: { city: 'Bern' } }] }, { text: 'It snows.' }]),
    tools: { weather },
  });
  const look = createStep({
    id: 'look',
    inputSchema: z.object({ city: z.string() }),
    outputSchema: z.any(),
    execute: ({ inputData }) => weatherOf(inputData.city, env),
  });
  const report = createWorkflow({ id: 'report', inputSchema: z.any(), outputSchema: z.any() })
    .then(look)
    .commit();
  const destinations = [otlp({ endpoint: `${env.SINK}/ok` })];
  const exporters = beside ? [new EdgespanExporter({ serviceName: 'reporter', destinations })] : [];
  return new Mastra({
    logger: false,
    agents: { reporter },
    workflows: { report },
    observability: new Observability({
      configs: { default: { serviceName: 'reporter', exporters, bridge: new EdgespanBridge() } },
    }),
  });
}

const worker = {
  async fetch(request: Request, env: Env, ctx: Context): Promise<Response> {
    const { pathname } = new URL(request.url);
    const mastra = mastraOf(env, pathname === '/beside');
    const agent = mastra.getAgent('reporter');
    switch (pathname) {
      case '/ask':
      case '/beside':
        return new Response((await agent.generate('The weather in Bern?')).text);
      case '/stream': {
        const { textStream } = await agent.stream('The weather in Bern?');
        return new Response(textStream.pipeThrough(new TextEncoderStream()) as never);
      }
      case '/later':
        ctx.waitUntil(agent.generate('The weather in Bern?'));
        return new Response('later');
      case '/workflow': {
        const run = await mastra.getWorkflow('report').createRun();
        const { status } = await run.start({ inputData: { city: 'Bern' } });
        return new Response(status);
      }
      case '/both':
        await Promise.all([agent.generate('The weather in Bern?'), agent.generate('delay=3')]);
        return new Response('both');
      default:
        return new Response(null, { status: 404 });
    }
  },
};

export default instrument(worker, (env: Env) => ({
  serviceName: 'reporter',
  destinations: [otlp({ endpoint: `${env.SINK}/ok` })],
}));
