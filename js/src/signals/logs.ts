/**
 * Mastra's logs as OTLP logs, in the form that the official exporter gives them, each at its place in its
 * trace. What may leave of one, withhold.ts says.
 * @module
 */
import type { Destination } from '../destinations/destination.js';
import { envelope, attributes, hexId, nanoseconds } from './otlp.js';
import { otlpEndpoints } from './otlp_endpoints.js';
import { Outbox } from './outbox.js';
import { openSinks } from './sinks.js';
import { hostOf, type MastraLog, type Signal } from './signal.js';
import { Withholder } from './withhold.js';
import { LOSS_FAILED } from '../core/schema.gen.js';

export interface LogsOptions {
  /**
   * Where logs go: the exporter's own destinations that take OTLP by default, each at its own `/v1/logs`.
   * For another place give it as a place for spans: `otlp({ endpoint })`.
   */
  destinations?: readonly Destination[];
  /** The least that is sent; `debug`, that is all which Mastra hands over, by default. */
  level?: 'debug' | 'info' | 'warn' | 'error' | 'fatal';
}

/** SeverityNumber of the OpenTelemetry log data model. */
const SEVERITY: Readonly<Record<string, number>> = { debug: 5, info: 9, warn: 13, error: 17, fatal: 21 };
const NAMES = ['resourceLogs', 'scopeLogs', 'logRecords'] as const;
/** Characters of one log; what is longer leaves without its data, and with its message cut. */
const MAX_LOG_UNITS = 131_072;

/**
 * Sends Mastra's logs: give it to an exporter among its `signals`.
 *
 * @example
 * new EdgespanExporter({ destinations: [otlp({ endpoint })], signals: [logs({ level: 'info' })] })
 */
export function logs({ destinations, level = 'debug' }: LogsOptions = {}): Signal {
  return {
    name: 'logs',
    open: openSinks,
    connect(exporter, inside) {
      const host = hostOf(inside);
      // The others' secrets are secrets here, too.
      const withholder = new Withholder(host.given.concat(destinations ?? []));
      const outbox = new Outbox(host, {
        lane: -1,
        ...otlpEndpoints(host, destinations, 'logs'),
        join: (texts) => {
          // Where a log says no time of its own, this is its time.
          const observed = `{"observedTimeUnixNano":"${nanoseconds(new Date())}",`;
          const records = texts.map((text) => observed + text.slice(1));
          return envelope(NAMES, host.config().resource, records.join());
        },
      });
      exporter.onLogEvent = ({ log }) => {
        try {
          // What this package says comes back here: what it cannot send it must not speak of, either.
          if (`${log.message}`.startsWith('[edgespan] ')) return;
          if ((SEVERITY[log.level] ?? 24) < SEVERITY[level]) return;
          let text = JSON.stringify(logRecord(log, withholder));
          const long = text.length > MAX_LOG_UNITS;
          if (long) text = JSON.stringify(logRecord(shortened(log), withholder));
          outbox.put(text, log.traceId, withholder.withheld || long);
        } catch (error) {
          outbox.lose(LOSS_FAILED);
          host.fail(error);
        }
      };
      return outbox;
    },
  };
}

/** A log without its data. */
function shortened(log: MastraLog): MastraLog {
  const most = MAX_LOG_UNITS / 4;
  const { timestamp, traceId, spanId, level } = log;
  let message = `${log.message}`;
  if (message.length > most) message = `${message.slice(0, most)}…[truncated]`;
  return { timestamp, level, message, ...(traceId && { traceId }), ...(spanId && { spanId }) };
}

/** A LogRecord. */
export function logRecord(log: MastraLog, withholder: Withholder): object {
  const { timestamp, level, message, data, metadata, tags } = log;
  const traceId = hexId(log.traceId, 32);
  const spanId = hexId(log.spanId, 16);
  const correlated = traceId !== undefined && spanId !== undefined;
  const members = [
    ...withholder.members(data).map(([key, value]) => [`mastra.log.${key}`, value] as const),
    ...withholder.members(metadata).map(([key, value]) => [`mastra.metadata.${key}`, value] as const),
    ...(tags?.length ? [['mastra.tags', tags.map((tag) => withholder.text(tag))] as const] : []),
    ...(correlated ? ([['mastra.traceId', log.traceId], ['mastra.spanId', log.spanId]] as const) : []),
  ];
  return {
    timeUnixNano: nanoseconds(timestamp),
    severityNumber: SEVERITY[level] ?? 0,
    severityText: `${level}`.toUpperCase(),
    body: { stringValue: withholder.text(message) },
    attributes: attributes(members),
    ...(traceId && { traceId }),
    ...(correlated && { spanId, flags: 1 }),
  };
}
