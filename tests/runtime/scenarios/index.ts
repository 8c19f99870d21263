// The Worker of scenarios.test.ts: what Mastra can do, each scenario on a Mastra of its own with
// our exporter and a recorder. Nothing flushes.
//
//   POST /run       {scenario, label} -> what the user's code got, as JSON
//   GET  /recorded  ?label=  events that Mastra emitted there
import { env } from 'cloudflare:workers';
import { type Config, Mastra } from '@mastra/core/mastra';
import { Observability } from '@mastra/observability';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import { Recorder } from '../worker/recorder.ts';
import { agents } from './agents.ts';
import { mcp } from './mcp.ts';
import { memory } from './memory.ts';
import { workflows } from './workflows.ts';

/** Builds the scenario's Mastra; called once. */
export type Make = (parts: Omit<Config, 'observability'>) => Mastra;
/** Runs with a Mastra that it makes, and answers what the user's code got. */
export type Scenario = (make: Make) => Promise<unknown>;

const scenarios = { ...agents, ...memory, ...mcp, ...workflows };
export type ScenarioName = keyof typeof scenarios;

const recorders = new Map<string, Recorder>();

async function run(scenario: ScenarioName, label: string): Promise<Response> {
  const recorder = new Recorder();
  recorders.set(label, recorder);
  const exporter = new EdgespanExporter({
    destinations: [
      otlp({
        endpoint: new URL('/ok', env.SINK).href,
        headers: { authorization: `Bearer ${env.SECRET}` },
      }),
    ],
  });
  const configs = { default: { serviceName: 'scenarios', exporters: [exporter, recorder] } };
  const make: Make = (parts) =>
    new Mastra({ logger: false, ...parts, observability: new Observability({ configs }) });
  try {
    return Response.json({ result: await scenarios[scenario](make) });
  } catch (error) {
    return Response.json({ error: (error as Error).stack ?? String(error) });
  }
}

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/run') {
      const asked = (await request.json()) as { scenario: ScenarioName; label: string };
      return run(asked.scenario, asked.label);
    }
    const recorder = recorders.get(searchParams.get('label') ?? '');
    return recorder
      ? Response.json(recorder.events)
      : new Response('no such label', { status: 404 });
  },
};
