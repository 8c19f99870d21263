// The Worker of scenarios.test.ts: what Mastra can do, each scenario on a Mastra of its own with
// our exporter and a recorder. Nothing flushes.
//
//   POST /run       {scenario, label} -> what the user's code got, as JSON
//   GET  /recorded  ?label=  events that Mastra emitted there
//   GET  /heard     ?label=  what its models were given and answered, call by call
import { env } from 'cloudflare:workers';
import { type Config, Mastra } from '@mastra/core/mastra';
import { Observability } from '@mastra/observability';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import { type Heard, scripted } from '../worker/model.ts';
import { Recorder } from '../worker/recorder.ts';
import { agents } from './agents.ts';
import { calls } from './calls.ts';
import { mcp } from './mcp.ts';
import { memory } from './memory.ts';
import { workflows } from './workflows.ts';

/** What a scenario builds its Mastra with. */
export interface Kit {
  /** The Mastra; called once. */
  make(parts: Omit<Config, 'observability'>): Mastra;
  /** A scripted model whose calls are kept for the test. */
  model: typeof scripted;
}
/** Runs with a Mastra that it makes, and answers what the user's code got. */
export type Scenario = (kit: Kit) => Promise<unknown>;

const scenarios = { ...agents, ...calls, ...memory, ...mcp, ...workflows };
export type ScenarioName = keyof typeof scenarios;

interface Ran {
  readonly recorder: Recorder;
  readonly heard: string[];
}
const runs = new Map<string, Ran>();

async function run(scenario: ScenarioName, label: string): Promise<Response> {
  const recorder = new Recorder();
  const heard: string[] = [];
  runs.set(label, { recorder, heard });
  // As text, at once: what Mastra does to a prompt later is not what the model was given.
  const hear = (call: Heard): unknown => heard.push(JSON.stringify(call));
  const exporter = new EdgespanExporter({
    destinations: [
      otlp({
        endpoint: new URL('/ok', env.SINK).href,
        headers: { authorization: `Bearer ${env.SECRET}` },
        dropTypes: [],
      }),
    ],
  });
  const configs = { default: { serviceName: 'scenarios', exporters: [exporter, recorder] } };
  const kit: Kit = {
    make: (parts) =>
      new Mastra({ logger: false, ...parts, observability: new Observability({ configs }) }),
    model: (turns, told) => scripted(turns, { ...told, hear }),
  };
  try {
    return Response.json({ result: await scenarios[scenario](kit) });
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
    const ran = runs.get(searchParams.get('label') ?? '');
    if (!ran) return new Response('no such label', { status: 404 });
    return pathname === '/heard'
      ? new Response(`[${ran.heard}]`)
      : Response.json(ran.recorder.events);
  },
};
