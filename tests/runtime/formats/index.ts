// The Worker of formats.test.ts: one Mastra whose runs go to every destination with a format of its own,
// and to edgespan/mastra/compat in the official exporter's place. Nothing flushes.
//
//   POST /run       {scenario, agent, tracing} -> the answer's trace id
//   GET  /recorded  ?label=  events that Mastra emitted
import { env } from 'cloudflare:workers';
import { Mastra } from '@mastra/core/mastra';
import type { TracingOptions } from '@mastra/core/observability';
import { Observability } from '@mastra/observability';
import { consoleTree, contextCompany, mastraPlatform, zipkin } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import { OtelExporter } from 'edgespan/mastra/compat';
import { makeAgents, makeWorkflows } from '../worker/agents.ts';
import { Recorder } from '../worker/recorder.ts';

/** What a test asks for. */
export interface Asked {
  readonly scenario: 'generate' | 'workflow';
  readonly agent?: keyof ReturnType<typeof makeAgents>;
  readonly tracing?: TracingOptions;
}

const at = (path: string): string => new URL(path, env.SINK).href;
const recorder = new Recorder();
const mastra = new Mastra({
  logger: false,
  agents: makeAgents(),
  workflows: makeWorkflows(),
  observability: new Observability({
    configs: {
      default: {
        serviceName: 'formats',
        exporters: [
          new EdgespanExporter({
            destinations: [
              contextCompany({ apiKey: `dev_${env.SECRET}`, endpoint: at('/ok/tcc') }),
              mastraPlatform({ accessToken: env.SECRET, endpoint: at('/ok/platform'), projectId: 'p' }),
              zipkin({ endpoint: at('/ok/zipkin'), headers: { 'x-secret': env.SECRET } }),
              consoleTree(),
            ],
          }),
          new OtelExporter({
            provider: {
              custom: {
                endpoint: at('/ok/compat'),
                headers: { authorization: `Bearer ${env.SECRET}` },
                protocol: 'grpc',
              },
            },
          }),
          recorder,
        ],
      },
    },
  }),
});

async function run({ scenario, agent = 'tools', tracing }: Asked): Promise<string | undefined> {
  const options = { tracingOptions: tracing };
  if (scenario === 'workflow') {
    const started = await mastra.getWorkflow('calc').createRun();
    return (await started.start({ inputData: { n: 20 }, ...options })).traceId;
  }
  return (await mastra.getAgent(agent).generate('Weather?', options)).traceId;
}

export default {
  async fetch(request: Request): Promise<Response> {
    if (new URL(request.url).pathname === '/recorded') return Response.json(recorder.events);
    return Response.json({ traceId: await run((await request.json()) as Asked) });
  },
};
