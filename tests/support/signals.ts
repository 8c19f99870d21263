// What tests of signals share: a sink, exporters that send logs, metrics and scores to places of their own
// at it, and an agent that gives them something to send.
import assert from 'node:assert/strict';
import { Agent } from '@mastra/core/agent';
import { Mastra } from '@mastra/core/mastra';
import { createTool } from '@mastra/core/tools';
import { Observability } from '@mastra/observability';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter, type EdgespanExporterOptions, type Receipt } from 'edgespan/mastra';
import { logs, type MastraLog, type MastraMetric, metrics, scores } from 'edgespan/signals';
import { z } from 'zod';
import { scripted } from '../runtime/worker/model.ts';
import { startSink } from './exporter.ts';
import { decodeProtobuf, type WireSpan } from './otlp.ts';
import { decodeLogs, decodeMetrics, type WireLog, type WirePoint } from './otlp_signals.ts';
import type { Reply } from './sink.ts';

/** What no text may show. */
export const KEY = 'sk-0123456789abcdef';

/** A sink for the tests of a file, and what they do with it. */
export async function startSignals() {
  const sink = await startSink();
  let places = 0;
  const place = (): string => `/ok/${places++}`;
  const until = (ready: () => boolean, what = 'what was sent'): Promise<void> => sink.until(ready, what);

  /** A place of a test's own at the sink, and an exporter that sends there. */
  function make(options: Partial<EdgespanExporterOptions> = {}, retryBudget = 5_000) {
    const base = place();
    const headers = { authorization: `Bearer ${KEY}` };
    const exporter = new EdgespanExporter({
      serviceName: 'signals',
      destinations: [otlp({ endpoint: sink.origin + base, headers, retryBudget })],
      signals: [logs(), metrics(), scores()],
      logLevel: 'silent',
      ...options,
    });
    const at = (signal: string) => sink.requests.filter(({ path }) => path === `${base}/v1/${signal}`);
    return {
      exporter,
      base,
      at,
      reply: (signal: string, ...replies: Reply[]) => sink.replies.set(`${base}/v1/${signal}`, replies),
      logs: (): WireLog[] => at('logs').flatMap(({ body }) => decodeLogs(body)),
      points: (): WirePoint[] => at('metrics').flatMap(({ body }) => decodeMetrics(body)),
      spans: (): WireSpan[] => at('traces').flatMap(({ body }) => decodeProtobuf(body)),
    };
  }

  return { sink, place, until, make };
}

export function log(fields: Partial<MastraLog> = {}): { log: MastraLog } {
  return { log: { timestamp: new Date(), level: 'info', message: 'a line', ...fields } };
}

export function metric(fields: Partial<MastraMetric> = {}): { metric: MastraMetric } {
  return { metric: { timestamp: new Date(), name: 'my_metric', value: 1, labels: {}, ...fields } };
}

export const signalsOf = ({ signals }: Receipt): NonNullable<Receipt['signals']> => {
  assert.ok(signals);
  return signals;
};

/** Everything that entered is in one of the receipt's numbers. */
export function accounted(receipt: Receipt, events: number): void {
  const { accepted, rejected, dropped, spooled, pending, replayed } = signalsOf(receipt);
  const lost = Object.values(dropped).reduce((sum, one) => sum + one, 0);
  assert.equal(accepted + rejected + lost + spooled + pending, events + replayed);
}

/** An agent with a tool that logs, emits a metric and fails, around these exporters. */
export function mastraOf(exporters: object[], scorers: object = {}): Mastra {
  const tool = createTool({
    id: 'weather',
    description: 'Weather',
    inputSchema: z.object({ city: z.string() }),
    execute: async (_, context) => {
      const { loggerVNext, metrics: emitter } = context as unknown as {
        loggerVNext: { info(message: string, data: object): void; warn(message: string, data: object): void };
        metrics: { emit(name: string, value: number, labels: object): void };
      };
      loggerVNext.warn('looking – “up”', { city: 'Zürich', n: 3, f: 0.5, deep: { list: [1, { a: null }] } });
      emitter.emit('lookups', 4.5, { region: 'eu' });
      throw new Error('station unreachable');
    },
  });
  const model = scripted([{ tools: [{ tool: 'weather', input: { city: 'Zürich' } }] }, { text: 'No idea.' }]);
  const agent = new Agent({ id: 'a', name: 'a', instructions: 'Answer.', model, tools: { weather: tool }, scorers: scorers as never });
  return new Mastra({
    agents: { a: agent },
    logger: false,
    observability: new Observability({
      configs: { default: { serviceName: 'signals', exporters: exporters as never, logging: { level: 'debug' } } },
    }),
  });
}
