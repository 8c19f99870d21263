// Logs and metrics through the Collector: the exporter sends those of the recorded runs, and what the
// Collector passed on is compared with what a sink of ours got in its place.
import { readdirSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import { logs, metrics } from 'edgespan/signals';
import { decodeLogs, decodeMetrics } from '../support/otlp_signals.ts';
import { Sink } from '../support/sink.ts';

const DATA = new URL('../data/mastra-events/', import.meta.url);
const READ = { logs: decodeLogs, metrics: decodeMetrics };

/** @param at Where the Collector takes signals. @param passed The sink that it passes them on to. */
export async function checkSignals(report, at, passed) {
  const direct = await Sink.start();
  const origin = new URL(at).origin;
  report.table(['logs and metrics', 'through the Collector'], [44, 24]);
  try {
    for (const file of readdirSync(DATA).sort()) {
      if (!file.endsWith('.json')) continue;
      const events = JSON.parse(readFileSync(new URL(file, DATA), 'utf8'));
      const from = passed.requests.length;
      direct.requests.length = 0;
      const exporter = new EdgespanExporter({
        serviceName: 'interop',
        destinations: [otlp({ name: 'direct', endpoint: direct.origin }), otlp({ endpoint: origin })],
        signals: [logs(), metrics()],
        spool: false,
        logLevel: 'silent',
      });
      for (const { type, log, metric } of events) {
        if (type === 'log') exporter.onLogEvent({ log });
        if (type === 'metric') exporter.onMetricEvent({ metric });
      }
      const { signals } = await exporter.flush();
      const problems = signals.errors.map(({ destination, message }) => `${destination}: ${message}`);
      const count = events.filter(({ type }) => type === 'log' || type === 'metric').length;
      if (signals.accepted !== 2 * count) problems.push(`${signals.accepted} accepted, not ${2 * count}`);
      for (const [signal, read] of Object.entries(READ)) {
        const told = (requests) =>
          requests.filter(({ path }) => path.endsWith(signal)).flatMap(({ body }) => read(body));
        const want = told(direct.requests);
        const got = told(passed.requests.slice(from));
        if (!isDeepStrictEqual(got, want)) {
          const show = (all) => JSON.stringify(all, (_, x) => (typeof x === 'bigint' ? `${x}n` : x instanceof Map ? [...x] : x));
          problems.push(`${signal}: ${show(got)}, not ${show(want)}`);
        }
      }
      report.row([`events ${file.replace('.json', '')}`], [problems]);
    }
  } finally {
    await direct.close();
  }
}
