// What tests of Mastra's bridge share: who records, and what the trace of a run looks like.
import { EdgespanBridge, EdgespanExporter } from 'edgespan/mastra';
import { EdgespanTracerProvider, run, type Span } from 'edgespan/otel';
import { startSite } from '../support/exporter.ts';
import type { Config, Execute } from '../support/office.ts';
import type { WireSpan } from '../support/otlp.ts';

export const { place } = await startSite();

/** What the trace of one call of the clerk looks like, with what its tool did. */
export const RUN = (...inside: string[]): string[] => [
  'invoke_agent clerk',
  '  model_generation gpt-4o-mini',
  '    agent_step clerk',
  '      chat gpt-4o-mini',
  '      execute_tool file',
  ...inside.map((line) => `        ${line}`),
  '    agent_step clerk',
  '      chat gpt-4o-mini',
];
export const below = (root: string, lines: string[]): string[] => [root, ...lines.map((line) => `  ${line}`)];

export interface Lab {
  readonly provider: EdgespanTracerProvider;
  readonly config: Config;
  /** A span of the provider's around a function. */
  around<T>(name: string, fn: (span: Span) => T): T;
  bodies(): Promise<WireSpan[][]>;
}

/** A provider with a destination of its own, and a bridge that goes with it. */
export function lab(options: object = {}, to = place('ok')): Lab {
  const provider = new EdgespanTracerProvider({ destinations: [to.to], ...options });
  const tracer = provider.getTracer('test');
  return {
    provider,
    config: { bridge: new EdgespanBridge({ provider }) },
    around: (name, fn) => run(tracer, name, { kind: 1 }, fn),
    async bodies() {
      await provider.forceFlush();
      return to.bodies();
    },
  };
}

/** The same where an exporter of ours is listed, whose destinations the provider shares. */
export function labBeside(): Lab & { readonly exporter: EdgespanExporter } {
  const to = place('ok');
  const exporter = new EdgespanExporter({ destinations: [to.to] });
  const provider = new EdgespanTracerProvider({ exporter });
  const tracer = provider.getTracer('test');
  return {
    exporter,
    provider,
    config: { exporters: [exporter], bridge: new EdgespanBridge() },
    around: (name, fn) => run(tracer, name, { kind: 1 }, fn),
    async bodies() {
      await exporter.flush();
      return to.bodies();
    },
  };
}

/** One span of each kind that tools make. */
export const busy =
  ({ around }: Lab): Execute =>
  async () => {
    await around('GET', async () => around('resolve', () => 0));
    return { done: true };
  };
