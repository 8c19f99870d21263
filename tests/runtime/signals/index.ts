// The Worker of the signals' tests: a real agent with a tool that logs and a scorer that runs live. One
// Mastra at module scope, as a Worker has it, and one for each request, as Mastra's builds have it.
//
//   POST /run        ?at=&build=module|request   a run -> { text, traceId }
//   POST /feedback   ?at=&trace=                 what a user says later, in a request of its own
//   GET  /receipts   receipts of this isolate since they were last asked for
import { env } from 'cloudflare:workers';
import { Agent } from '@mastra/core/agent';
import { createScorer } from '@mastra/core/evals';
import { Mastra } from '@mastra/core/mastra';
import { createTool } from '@mastra/core/tools';
import { Observability } from '@mastra/observability';
import { langfuse, otlp } from 'edgespan/destinations';
import { EdgespanExporter, type Receipt } from 'edgespan/mastra';
import { logs, metrics, scores } from 'edgespan/signals';
import { z } from 'zod';
import { scripted } from '../worker/model.ts';

const bindings = env as unknown as { readonly SINK: string; readonly SECRET: string };
const receipts: Receipt[] = [];

function exporterOf(at: string): EdgespanExporter {
  const headers = { authorization: `Bearer ${bindings.SECRET}` };
  return new EdgespanExporter({
    destinations: [
      otlp({ endpoint: bindings.SINK + at, headers, retryBudget: 8_000 }),
      langfuse({ baseUrl: `${bindings.SINK}${at}`, publicKey: 'pk-lf-1', secretKey: 'sk-lf-1' }),
    ],
    signals: [logs({ level: 'info' }), metrics(), scores()],
    onReceipt: (receipt) => void receipts.push(receipt),
  });
}

function mastraOf(exporter: EdgespanExporter) {
  const weather = createTool({
    id: 'weather',
    description: 'Weather',
    inputSchema: z.object({ city: z.string() }),
    execute: async ({ city }, context) => {
      const { loggerVNext } = context as unknown as {
        loggerVNext: { info(message: string, data: object): void };
      };
      loggerVNext.info('asked for weather', { city, authorization: bindings.SECRET });
      return { celsius: -5 };
    },
  });
  const scorer = createScorer({ id: 'length', description: 'Length of the answer' })
    .generateScore(() => 0.75)
    .generateReason(() => 'long enough');
  const model = scripted([{ tools: [{ tool: 'weather', input: { city: 'Zürich' } }] }, { text: 'Cold.' }]);
  const agent = new Agent({
    id: 'a',
    name: 'a',
    instructions: 'Answer.',
    model,
    tools: { weather },
    scorers: { length: { scorer } },
  });
  return new Mastra({
    agents: { a: agent },
    observability: new Observability({
      configs: {
        default: { serviceName: 'signals', exporters: [exporter], logging: { level: 'info' } },
      },
    }),
  });
}

const moduleExporter = exporterOf('/ok/module');
const atModuleScope = mastraOf(moduleExporter);
// Where there is no request, no clock and nothing can be sent.
moduleExporter.onLogEvent?.({ log: { timestamp: new Date(), level: 'warn', message: 'before any request' } });

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const at = searchParams.get('at') ?? '/ok';
    if (pathname === '/run') {
      const mastra =
        searchParams.get('build') === 'module' ? atModuleScope : mastraOf(exporterOf(at));
      const { text, traceId } = await mastra.getAgent('a').generate('Weather?');
      return Response.json({ text, traceId });
    }
    if (pathname === '/feedback') {
      const traceId = searchParams.get('trace') ?? '';
      exporterOf(at).addFeedback({ traceId, value: 'down', comment: 'too cold', feedbackUserId: 'u1' });
      return new Response('thank you');
    }
    return Response.json(receipts.splice(0));
  },
};
