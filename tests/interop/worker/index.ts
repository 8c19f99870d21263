// Real agents in workerd, each run traced to all real servers at once by one exporter, beside a recorder
// of what Mastra emitted. Nothing flushes.
//
//   GET  /runs      names of the runs
//   POST /run       ?name=  -> what the user's code got, as JSON
//   GET  /recorded  ?name=  events that Mastra emitted, what the models were given and answered, receipts
import { env } from 'cloudflare:workers';
import { Mastra } from '@mastra/core/mastra';
import { Observability } from '@mastra/observability';
import { type Destination, mlflow, phoenix, zipkin } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import { scores } from 'edgespan/signals';
import { agents } from '../../runtime/scenarios/agents.ts';
import { calls } from '../../runtime/scenarios/calls.ts';
import type { Scenario } from '../../runtime/scenarios/index.ts';
import { mcp } from '../../runtime/scenarios/mcp.ts';
import { memory } from '../../runtime/scenarios/memory.ts';
import { workflows } from '../../runtime/scenarios/workflows.ts';
import { type Heard, scripted } from '../../runtime/worker/model.ts';
import { Recorder } from '../../runtime/worker/recorder.ts';
import { type JudgedKit, visits } from './visits.ts';

/** A server that runs: its kind, and where. */
export interface Receiver {
  readonly kind: 'phoenix' | 'mlflow' | 'zipkin';
  readonly endpoint: string;
}

function destination({ kind, endpoint }: Receiver): Destination {
  const settings = { endpoint, timeout: 30_000 }; // a server's first request may take long
  switch (kind) {
    case 'phoenix':
      return phoenix({ ...settings, projectName: 'interop' });
    case 'mlflow':
      return mlflow({ ...settings, experimentId: '0' });
    case 'zipkin':
      return zipkin(settings);
  }
}

const all: Record<string, Scenario> = { ...visits, ...agents, ...calls, ...memory, ...mcp, ...workflows };
const destinations = (JSON.parse(env.DESTINATIONS) as Receiver[]).map(destination);

interface Ran {
  readonly recorder: Recorder;
  readonly heard: string[];
  readonly receipts: object[];
}
const runs = new Map<string, Ran>();

async function run(name: string): Promise<Response> {
  const ran: Ran = { recorder: new Recorder(), heard: [], receipts: [] };
  runs.set(name, ran);
  const exporter = new EdgespanExporter({
    destinations,
    signals: [scores()],
    onReceipt: (receipt) => ran.receipts.push(receipt),
  });
  const exporters = [exporter, ran.recorder];
  // Mastra's own would cut a document at 128 Ki characters.
  const serializationOptions = { maxStringLength: 2_000_000 };
  const configs = { default: { serviceName: 'interop', exporters, serializationOptions } };
  // As text, at once: what Mastra does to a prompt later is not what the model was given.
  const hear = (call: Heard): unknown => ran.heard.push(JSON.stringify(call));
  const kit: JudgedKit = {
    exporter,
    make: (parts) =>
      new Mastra({ logger: false, ...parts, observability: new Observability({ configs }) }),
    model: (turns, told) => scripted(turns, { ...told, hear }),
  };
  try {
    return Response.json({ result: await all[name]!(kit) });
  } catch (error) {
    return Response.json({ error: (error as Error).stack ?? String(error) });
  }
}

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/runs') return Response.json(Object.keys(all));
    const name = searchParams.get('name') ?? '';
    if (pathname === '/run') return run(name);
    const ran = runs.get(name);
    if (!ran) return new Response('no such run', { status: 404 });
    const { recorder, heard, receipts } = ran;
    return Response.json({ events: recorder.events, heard: heard.map((h) => JSON.parse(h)), receipts });
  },
};
