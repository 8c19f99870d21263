// The Worker under test: one bundle, every scenario behind a route. No scenario flushes; /flush
// exists to see that a flush in a later request settles.
//
//   POST /run       Run -> Outcome
//   GET  /recorded  ?label=  events that Mastra emitted there
//   GET  /receipts  ?label=  receipts of the exporter there
//   GET  /trace     ?label=&id=  what the exporter there kept of a trace
//   POST /flush     ?label=  'settled', or 'pending' after three seconds
import { env } from 'cloudflare:workers';
import { Mastra } from '@mastra/core/mastra';
import type { TracingOptions } from '@mastra/core/observability';
import { chainFormatters, Observability } from '@mastra/observability';
import { otlp, otlpJson } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import { traceStore } from 'edgespan/traces';
import { makeAgents, makeWorkflows } from './agents.ts';
import { Recorder } from './recorder.ts';

/** What a test asks for. */
export interface Run {
  readonly scenario: 'generate' | 'stream' | 'workflow' | 'suspend';
  readonly agent?: keyof ReturnType<typeof makeAgents>;
  readonly prompt?: string;
  /**
   * module: Mastra built at module scope. request: Mastra and exporter built for this request.
   * exporter: Mastra built for this request around one exporter of the isolate. none: no exporter.
   * Else the isolate's own for that endpoint.
   */
  readonly build?: 'module' | 'request' | 'exporter' | 'none';
  /** Name of the instance; what /recorded and /receipts take. */
  readonly label: string;
  /** Base URL, or a path on the sink such as '/500'. */
  readonly endpoint?: string;
  readonly gzip?: boolean;
  /** Of the destination. */
  readonly timeout?: number;
  readonly retryBudget?: number;
  readonly json?: boolean;
  /** Where a second destination with the same settings is. */
  readonly beside?: string;
  /** A second destination, below /formatted, gets spans in another form, made asynchronously. */
  readonly formatted?: boolean;
  readonly tracing?: TracingOptions;
}

/** What the user's code saw. */
export interface Outcome {
  readonly text?: string;
  readonly error?: string;
  readonly traceId?: string;
  /** Of a suspended workflow: the trace ids that its start returned and that its state keeps. */
  readonly startTraceId?: string;
  readonly stateTraceId?: string;
}

interface Instance {
  readonly mastra: ReturnType<typeof mastraOf>;
  readonly exporter: EdgespanExporter;
  readonly recorder: Recorder;
  readonly receipts: unknown[];
}

// Shared by exporters that are built for each request.
const keepTraces = traceStore({ count: 8 });

const customSpanFormatter = chainFormatters([
  (span) => ({ ...span, input: undefined }),
  async (span) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return { ...span, metadata: { ...span.metadata, formatted: true } };
  },
]);

function exporterOf(place: Omit<Place, 'label'>, receipts: unknown[]): EdgespanExporter {
  const { endpoint = '/ok', gzip, formatted, timeout, retryBudget, json, beside } = place;
  const headers = { authorization: `Bearer ${env.SECRET}` };
  const settings = { headers, gzip, timeout, retryBudget, dropTypes: [] };
  const at = (path: string): string => new URL(path, env.SINK).href;
  const destinations = [(json ? otlpJson : otlp)({ endpoint: at(endpoint), ...settings })];
  if (beside) destinations.push(otlp({ name: 'beside', endpoint: at(beside), ...settings }));
  if (formatted) {
    const second = new URL('/ok/formatted', env.SINK).href;
    destinations.push(otlp({ name: 'formatted', endpoint: second, headers, dropTypes: [], customSpanFormatter }));
  }
  return new EdgespanExporter({
    serviceName: 'runtime-tests',
    destinations,
    keepTraces,
    spool: false, // what cannot be sent is lost: outage.test.ts has the rest
    onReceipt: (receipt) => receipts.push(receipt),
  });
}

function mastraOf(exporters: (EdgespanExporter | Recorder)[]) {
  return new Mastra({
    agents: makeAgents(),
    workflows: makeWorkflows(),
    observability: new Observability({
      configs: { default: { serviceName: 'runtime-tests', exporters } },
    }),
  });
}

const instances = new Map<string, Instance>();

type Place = Omit<Run, 'scenario' | 'agent' | 'prompt' | 'build' | 'tracing'>;

function keep(place: Place, given?: EdgespanExporter): Instance {
  const receipts: unknown[] = [];
  const recorder = new Recorder();
  const exporter = given ?? exporterOf(place, receipts);
  const instance = { mastra: mastraOf([exporter, recorder]), exporter, recorder, receipts };
  instances.set(place.label, instance);
  return instance;
}

const atModuleScope = keep({ label: 'module' });
let isolatesExporter: EdgespanExporter | undefined;

function instanceFor(run: Run): Instance {
  switch (run.build) {
    case 'module':
      return atModuleScope;
    case 'request':
      return keep(run);
    case 'exporter':
      isolatesExporter ??= exporterOf({}, []);
      return keep(run, isolatesExporter);
    case 'none': {
      const recorder = new Recorder();
      const exporter = new EdgespanExporter({ destinations: [], logLevel: 'silent' });
      return { mastra: mastraOf([recorder]), exporter, recorder, receipts: [] };
    }
    default:
      return instances.get(run.label) ?? keep(run);
  }
}

async function run(what: Run): Promise<Response> {
  const { mastra } = instanceFor(what);
  const options = { tracingOptions: what.tracing };
  const prompt = what.prompt ?? 'Weather?';
  try {
    if (what.scenario === 'workflow') {
      const started = await mastra.getWorkflow('calc').createRun();
      const result = await started.start({ inputData: { n: 20 }, ...options });
      const text = result.status === 'success' ? JSON.stringify(result.result) : result.status;
      return Response.json({ text, traceId: result.traceId } satisfies Outcome);
    }
    if (what.scenario === 'suspend') return Response.json(await suspendAndResume(mastra, options));
    const agent = mastra.getAgent(what.agent ?? 'tools');
    if (what.scenario === 'stream') {
      const result = await agent.stream(prompt, options);
      return new Response(result.textStream.pipeThrough(new TextEncoderStream()), {
        headers: { 'x-trace-id': result.traceId ?? '' },
      });
    }
    const result = await agent.generate(prompt, options);
    return Response.json({ text: result.text, traceId: result.traceId } satisfies Outcome);
  } catch (error) {
    return Response.json({ error: (error as Error).message } satisfies Outcome);
  }
}

async function suspendAndResume(
  mastra: Instance['mastra'],
  options: { tracingOptions?: TracingOptions },
): Promise<Outcome> {
  const workflow = mastra.getWorkflow('approval');
  const started = await workflow.createRun();
  const first = await started.start({ inputData: { n: 20 }, ...options });
  const fields = ['tracingContext' as const];
  const state = await workflow.getWorkflowRunById(started.runId, { fields });
  const result = await started.resume({ resumeData: { yes: true } });
  return {
    text: `${first.status}, ${result.status}`,
    traceId: result.traceId,
    startTraceId: first.traceId,
    stateTraceId: state?.tracingContext?.traceId,
  };
}

async function flush({ mastra }: Instance): Promise<Response> {
  const late = new Promise((resolve) => setTimeout(resolve, 3000, 'pending'));
  const settled = mastra.observability.flush().then(() => 'settled');
  return new Response((await Promise.race([settled, late])) as string);
}

export default {
  async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url);
    if (url.pathname === '/run') return run((await request.json()) as Run);
    const instance = instances.get(url.searchParams.get('label') ?? '');
    if (!instance) return new Response('no such label', { status: 404 });
    if (url.pathname === '/recorded') return Response.json(instance.recorder.events);
    if (url.pathname === '/trace') {
      return Response.json(await instance.exporter.getTrace(url.searchParams.get('id') ?? ''));
    }
    if (url.pathname === '/receipts') return Response.json(instance.receipts);
    return flush(instance);
  },
};
