// The Worker of the privacy tests: a real agent whose user, tool and model say what must not leave, and
// destinations that are shown more or less of it.
//
//   POST /run        ?stream=1   { say } -> { text, traceId }
//   GET  /receipts   receipts of this isolate since they were last asked for
import { env } from 'cloudflare:workers';
import { Agent } from '@mastra/core/agent';
import { Mastra } from '@mastra/core/mastra';
import { createTool } from '@mastra/core/tools';
import { Observability } from '@mastra/observability';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter, type Receipt } from 'edgespan/mastra';
import { redact } from 'edgespan/privacy';
import { logs, metrics, scores } from 'edgespan/signals';
import { z } from 'zod';
import { scripted } from '../worker/model.ts';

const { SINK, HASH_KEY } = env as unknown as { readonly SINK: string; readonly HASH_KEY: string };
const receipts: Receipt[] = [];

const names: Record<string, string> = { Zürich: 'a city' };
const exporter = new EdgespanExporter({
  redact: redact(),
  destinations: [
    otlp({ endpoint: `${SINK}/ok/masked`, name: 'masked' }),
    otlp({ endpoint: `${SINK}/ok/chunks`, name: 'chunks', dropTypes: [] }),
    otlp({
      endpoint: `${SINK}/ok/hashed`,
      name: 'hashed',
      redact: redact({ actions: { email: 'hash' }, hashKey: HASH_KEY }),
    }),
    otlp({ endpoint: `${SINK}/ok/hidden`, name: 'hidden', content: 'off' }),
    otlp({
      endpoint: `${SINK}/ok/hooked`,
      name: 'hooked',
      redact: redact({
        async hook(value) {
          await Promise.resolve();
          return value.replace(/Zürich/g, (name) => names[name]);
        },
      }),
    }),
    otlp({ endpoint: `${SINK}/ok/open`, name: 'open', redact: false }),
  ],
  signals: [logs({ level: 'info' }), metrics(), scores()],
  onReceipt: (receipt) => void receipts.push(receipt),
});

/** What a run is to say. */
interface Ask {
  readonly say: string;
}

function mastraOf({ say }: Ask) {
  const lookup = createTool({
    id: 'lookup',
    description: 'Looks a customer up',
    inputSchema: z.object({ who: z.string() }),
    execute: async ({ who }, context) => {
      const { loggerVNext } = context as unknown as {
        loggerVNext: { info(message: string, data: object): void };
      };
      loggerVNext.info(`looked up ${who}`, { who, session: { password: 'hunter2' } });
      return { who, city: 'Zürich', password: 'hunter2', raw: JSON.stringify({ note: say }) };
    },
  });
  const model = scripted([{ tools: [{ tool: 'lookup', input: { who: say } }] }, { text: `It is ${say}.` }]);
  const agent = new Agent({ id: 'a', name: 'a', instructions: `Answer; ${say}.`, model, tools: { lookup } });
  return new Mastra({
    agents: { a: agent },
    observability: new Observability({
      sensitiveDataFilter: false, // so that it is not Mastra's work which is looked at
      configs: { default: { serviceName: 'privacy', exporters: [exporter], logging: { level: 'info' } } },
    }),
  });
}

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== '/run') return Response.json(receipts.splice(0));
    const asked = (await request.json()) as Ask;
    const agent = mastraOf(asked).getAgent('a');
    if (!searchParams.has('stream')) {
      const { text, traceId } = await agent.generate(`What of ${asked.say}?`);
      if (traceId) exporter.addFeedback({ traceId, value: 'up', comment: `thank you, ${asked.say}` });
      return Response.json({ text, traceId });
    }
    const stream = await agent.stream(`What of ${asked.say}?`);
    let text = '';
    for await (const part of stream.textStream) text += part;
    return Response.json({ text, traceId: stream.traceId });
  },
};
