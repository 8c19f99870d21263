// The Worker: a Mastra agent and a workflow behind three routes, traced by Edgespan. There is no
// flush call: the exporter sends each trace by itself, after the response, through waitUntil.
import { env } from 'cloudflare:workers';
import { Mastra } from '@mastra/core/mastra';
import { Observability } from '@mastra/observability';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import { planTrip, travelPlanner } from './agent.ts';
import { chooseModel } from './model.ts';

const mastra = new Mastra({
  agents: { travelPlanner: travelPlanner(chooseModel(env)) },
  workflows: { planTrip },
  observability: new Observability({
    configs: {
      default: {
        serviceName: 'workers-example',
        exporters: [
          new EdgespanExporter({
            destinations: [otlp({ endpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT })],
            onReceipt: (receipt) => console.log(JSON.stringify({ receipt })),
          }),
        ],
      },
    },
  }),
});

async function question(request: Request): Promise<string> {
  if (request.method === 'POST') {
    const body = (await request.json()) as { question?: string };
    if (body.question) return body.question;
  }
  return new URL(request.url).searchParams.get('q') ?? 'Plan a day trip to Lisbon.';
}

export default {
  async fetch(request: Request): Promise<Response> {
    switch (new URL(request.url).pathname) {
      case '/generate': {
        const result = await mastra.getAgent('travelPlanner').generate(await question(request));
        return Response.json({ text: result.text, traceId: result.traceId });
      }
      case '/stream': {
        const result = await mastra.getAgent('travelPlanner').stream(await question(request));
        return new Response(result.textStream.pipeThrough(new TextEncoderStream()), {
          headers: {
            'content-type': 'text/plain; charset=utf-8',
            'x-trace-id': result.traceId ?? '',
          },
        });
      }
      case '/workflow': {
        const run = await mastra.getWorkflow('planTrip').createRun();
        const city = new URL(request.url).searchParams.get('city') ?? 'Lisbon';
        const result = await run.start({ inputData: { city } });
        const text = result.status === 'success' ? result.result.plan : result.status;
        return Response.json({ text, traceId: result.traceId });
      }
      default:
        return new Response('GET /generate?q=, /stream?q= or /workflow?city=\n', { status: 404 });
    }
  },
};
