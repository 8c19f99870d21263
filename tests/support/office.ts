// A clerk and an office: an agent with one tool and a workflow of one step, in real Mastra with a
// scripted model, observed by our exporter. Every trace that arrives is compared with what Mastra emitted
// (a second exporter records it); then each test looks at what it is about.
import assert from 'node:assert/strict';
import { Agent } from '@mastra/core/agent';
import { Mastra } from '@mastra/core/mastra';
import { RequestContext } from '@mastra/core/request-context';
import type { InMemoryStore } from '@mastra/core/storage';
import { createTool } from '@mastra/core/tools';
import { createStep, createWorkflow } from '@mastra/core/workflows';
import { Observability, type ObservabilityInstanceConfig } from '@mastra/observability';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter, type EdgespanExporterOptions } from 'edgespan/mastra';
import { z } from 'zod';
import { scripted } from '../runtime/worker/model.ts';
import { Recorder } from '../runtime/worker/recorder.ts';
import { checkTrace, type MastraSpan } from './expect.ts';
import { startSink } from './exporter.ts';
import { decodeJson, decodeProtobuf, plain, type WireSpan } from './otlp.ts';
import type { Sink } from './sink.ts';

export type Config = Partial<Omit<ObservabilityInstanceConfig, 'name'>> & {
  sensitiveDataFilter?: boolean;
  /** The run hides something: of the rest of its content, too, not everything arrives. */
  hidden?: boolean;
};
export type Execute = Parameters<typeof createTool>[0]['execute'];

export interface Observed {
  readonly ended: MastraSpan[];
  readonly wire: WireSpan[];
  /** The one span of a type, as it arrived. */
  one(type: string): WireSpan;
  /** What arrived under an attribute's name, on every span of a type (all spans without one). */
  all(name: string, type?: string): unknown[];
}

/** A sink, and what was observed by way of it. */
export interface Office {
  readonly sink: Sink;
  /** An exporter to a path of the sink. */
  ours(path?: string, options?: Partial<EdgespanExporterOptions>): EdgespanExporter;
  /** What arrived at a path. */
  bodies(path: string): WireSpan[];
  /** Runs, and compares what arrived with what Mastra emitted. */
  observe(
    config: Config,
    use: (mastra: Mastra) => Promise<unknown>,
    execute?: Execute,
  ): Promise<Observed>;
}

export const get = (span: WireSpan | undefined, name: string): unknown =>
  plain(span?.attributes.get(name));
export const type = (span: WireSpan): unknown => get(span, 'mastra.span.type');

/** An agent with one tool, and a workflow of one step, that both do what `execute` does. */
export function mastraOf(config: Config, execute: Execute, storage?: InMemoryStore): Mastra {
  const clerk = new Agent({
    id: 'clerk',
    name: 'clerk',
    instructions: 'File it.',
    model: scripted([{ tools: [{ tool: 'file', input: { n: 1 } }] }, { text: 'Filed.' }]),
    tools: {
      file: createTool({
        id: 'file',
        description: 'Files',
        inputSchema: z.any(),
        execute,
      }),
    },
  });
  const step = createStep({
    id: 'stamp',
    inputSchema: z.any(),
    outputSchema: z.any(),
    execute: ({ inputData, ...context }) => execute!(inputData, context as never),
  });
  const office = createWorkflow({ id: 'office', inputSchema: z.any(), outputSchema: z.any() })
    .then(step)
    .commit();
  const { sensitiveDataFilter, hidden: _, ...rest } = config;
  return new Mastra({
    logger: false,
    storage,
    agents: { clerk },
    workflows: { office },
    observability: new Observability({
      sensitiveDataFilter,
      configs: { default: { serviceName: 'office', ...rest } },
    }),
  });
}

/** Until the tests of the file are over. */
export async function startOffice(): Promise<Office> {
  const sink = await startSink();

  const ours = (path = 'ok', options: Partial<EdgespanExporterOptions> = {}): EdgespanExporter =>
    new EdgespanExporter({ destinations: [otlp({ endpoint: `${sink.origin}/${path}`, dropTypes: [] })], ...options });

  const bodies = (path: string): WireSpan[] =>
    sink.requests
      .filter((request) => request.path === path)
      .flatMap(({ headers, body }) =>
        headers['content-type'] === 'application/json'
          ? decodeJson(Buffer.from(body).toString())
          : decodeProtobuf(body),
      );

  async function observe(
    config: Config,
    use: (mastra: Mastra) => Promise<unknown>,
    execute: Execute = async () => ({ done: true }),
  ): Promise<Observed> {
    const recorder = new Recorder();
    const exporters = [...(config.exporters ?? []), ours(), recorder];
    const mastra = mastraOf({ ...config, exporters }, execute);
    await use(mastra);
    await mastra.observability.flush();
    const ended = recorder.events
      .filter((event) => event.type === 'span_ended')
      .map((event) => event.span as MastraSpan);
    assert.ok(ended.length > 0);
    const wire: WireSpan[] = [];
    for (const traceId of new Set(ended.map((span) => span.traceId))) {
      const arrived = bodies('/ok/v1/traces').filter((span) => span.traceId === traceId);
      const trace = ended.filter((span) => span.traceId === traceId);
      const faults = checkTrace(arrived, trace);
      assert.deepEqual(faults.filter((fault) => !config.hidden || !/is absent, not/.test(fault)), []);
      wire.push(...arrived);
    }
    const all = (name: string, only?: string): unknown[] =>
      wire.filter((span) => only === undefined || type(span) === only).map((span) => get(span, name));
    return {
      ended,
      wire,
      all,
      one(only) {
        const found = wire.filter((span) => type(span) === only);
        assert.equal(found.length, 1, `${found.length} spans of type ${only}`);
        return found[0]!;
      },
    };
  }

  return { sink, ours, bodies, observe };
}

export const generate =
  (options: object = {}) =>
  (mastra: Mastra): Promise<unknown> =>
    mastra.getAgent('clerk').generate('File this.', options);
export const start =
  (options: object = {}) =>
  async (mastra: Mastra): Promise<unknown> => {
    const run = await mastra.getWorkflow('office').createRun();
    return run.start({ inputData: { n: 1 }, ...options } as never);
  };
export const EITHER = [
  ['agent', generate],
  ['workflow', start],
] as const;

export function contextOf(values: object): RequestContext {
  const context = new RequestContext<Record<string, unknown>>();
  for (const [key, value] of Object.entries(values)) context.set(key, value);
  return context as RequestContext;
}

/** The span as Mastra emitted it. */
export const emitted = ({ ended }: Observed, wire: WireSpan): MastraSpan =>
  ended.find(({ id }) => id === wire.spanId)!;

/** Each span's parent is the nearest of its ancestors that is there. */
export function assertWhole({ wire, ended }: Observed): void {
  const ids = new Set(wire.map((span) => span.spanId));
  assert.equal(wire.filter((span) => span.parentSpanId === '').length, 1, 'one root');
  for (const span of wire) {
    if (span.parentSpanId !== '') assert.ok(ids.has(span.parentSpanId), `${span.name} hangs`);
  }
  assert.equal(wire.length, ended.length);
}
