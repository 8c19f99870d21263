// The Worker of destinations.test.ts: one Mastra whose runs go to every destination with a name. Nothing
// flushes, but on request.
//
//   POST /run       {label, agent | workflow, tracing} -> what the user's code got
//   GET  /recorded  ?label=  events that Mastra emitted there
//   GET  /receipts  ?label=  receipts of the exporters there
import { env } from 'cloudflare:workers';
import { Mastra } from '@mastra/core/mastra';
import type { TracingOptions } from '@mastra/core/observability';
import { Observability } from '@mastra/observability';
import type { Destination } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import { makeAgents, makeWorkflows } from '../worker/agents.ts';
import { Recorder } from '../worker/recorder.ts';
import { backends } from './backends.ts';

export interface Run {
  readonly label: string;
  /** Else the workflow. */
  readonly agent?: keyof ReturnType<typeof makeAgents>;
  readonly prompt?: string;
  readonly tracing?: TracingOptions;
}

interface Ran {
  readonly recorder: Recorder;
  readonly receipts: unknown[];
}
const runs = new Map<string, Ran>();

/** An exporter has at most eight destinations; Mastra gives every run to all exporters. */
function exportersOf(destinations: readonly Destination[], receipts: unknown[]): EdgespanExporter[] {
  const exporters: EdgespanExporter[] = [];
  for (let i = 0; i < destinations.length; i += 8) {
    exporters.push(
      new EdgespanExporter({
        destinations: destinations.slice(i, i + 8),
        spool: false,
        onReceipt: (receipt) => receipts.push(receipt),
      }),
    );
  }
  return exporters;
}

async function run({ label, agent, prompt = 'Weather?', tracing }: Run): Promise<Response> {
  const ran = { recorder: new Recorder(), receipts: [] };
  runs.set(label, ran);
  const exporters = [...exportersOf(backends(env.SINK, env.SECRET), ran.receipts), ran.recorder];
  const mastra = new Mastra({
    logger: false,
    agents: makeAgents(),
    workflows: makeWorkflows(),
    observability: new Observability({ configs: { default: { serviceName: 'weather-app', exporters } } }),
  });
  const options = { tracingOptions: tracing };
  try {
    if (agent) {
      const { text, traceId } = await mastra.getAgent(agent).generate(prompt, options);
      return Response.json({ text, traceId });
    }
    const started = await mastra.getWorkflow('calc').createRun();
    const { status, traceId } = await started.start({ inputData: { n: 20 }, ...options });
    return Response.json({ text: status, traceId });
  } catch (error) {
    return Response.json({ error: (error as Error).message });
  }
}

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/run') return run((await request.json()) as Run);
    const ran = runs.get(searchParams.get('label') ?? '');
    if (!ran) return new Response('no such label', { status: 404 });
    return Response.json(pathname === '/receipts' ? ran.receipts : ran.recorder.events);
  },
};
