/**
 * Mastra's logs as OTLP logs, in the form that the official exporter gives them, each at its place in its
 * trace. What may leave of one, withhold.ts says.
 * @module
 */
import type { Destination } from '../destinations/destination.js';
import type { Event } from './event.js';
import { wishIn, withoutWish } from './hidden.js';
import { envelope, attributes, hexId, nanoseconds } from './otlp.js';
import { otlpEndpoints } from './otlp_endpoints.js';
import { Outbox } from './outbox.js';
import { openSinks } from './sinks.js';
import { hostOf, type MastraLog, type Signal } from './signal.js';
import { Withholder } from './withhold.js';
import { LOSS_FAILED } from '../core/schema.gen.js';
import { wholeWords } from '../privacy/whole_words.js';

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
const NUMBER = '\0number';
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
        kind: 'log',
        join: (events, resource) => {
          // Where a log says no time of its own, this is its time.
          const observedTimeUnixNano = nanoseconds(new Date());
          const records = events.map((event) =>
            JSON.stringify({ observedTimeUnixNano, ...logRecord(event) }),
          );
          return envelope(NAMES, resource, records.join());
        },
      });
      exporter.onLogEvent = ({ log }) => {
        try {
          // What this package says comes back here: what it cannot send it must not speak of, either.
          if (`${log.message}`.startsWith('[edgespan] ')) return;
          if ((SEVERITY[log.level] ?? 24) < SEVERITY[level]) return;
          let text = JSON.stringify(logEvent(log, withholder));
          if (text.length > MAX_LOG_UNITS) {
            text = JSON.stringify({ ...logEvent(shortened(log), withholder), withheld: true });
          }
          outbox.put(text, log.traceId);
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
  if (message.length > most) message = `${wholeWords(message, most)}…[truncated]`;
  return { timestamp, level, message, ...(traceId && { traceId }), ...(spanId && { spanId }) };
}

/** What is kept of a log. */
function logEvent(log: MastraLog, withholder: Withholder): Event {
  const { timestamp, level, message, data, metadata, tags } = log;
  const traceId = hexId(log.traceId, 32);
  const spanId = hexId(log.spanId, 16);
  const correlated = traceId !== undefined && spanId !== undefined;
  const about = Object.fromEntries(withholder.members(metadata));
  const said = {
    message: withholder.text(message),
    metadata: kept(Object.entries(withoutWish(about))),
    tags: tags?.map((tag) => withholder.text(tag)),
  };
  // Of what failed, Mastra's logs show all: prompts, answers, arguments.
  const members = withholder.members(data);
  const content = members.length > 0 ? { log: kept(members) } : {};
  const told = {
    timeUnixNano: nanoseconds(timestamp),
    severityNumber: SEVERITY[level] ?? 0,
    severityText: `${level}`.toUpperCase(),
    ...(traceId && { traceId }),
    ...(correlated && { spanId, flags: 1 }),
  };
  const ids = correlated ? { 'mastra.traceId': log.traceId, 'mastra.spanId': log.spanId } : {};
  const withheld = withholder.withheld || undefined;
  return { plain: { told, ids }, said, content, traceId, wish: wishIn(about), withheld };
}

/** Members as JSON; it has no form for some numbers, which OTLP has. */
function kept(members: Iterable<[string, unknown]>): Record<string, unknown> {
  return Object.fromEntries(
    [...members].map(([key, value]) => [
      key,
      typeof value === 'number' && !Number.isFinite(value) ? { [NUMBER]: `${value}` } : value,
    ]),
  );
}

function read(value: unknown): unknown {
  const { [NUMBER]: number } = Object(value) as Record<string, unknown>;
  return number === undefined ? value : Number(number);
}

/** A LogRecord. */
function logRecord({ plain, said, content }: Event): object {
  const { told, ids } = plain as { told: object; ids: object };
  const { message = '', metadata = {}, tags = [] } = said as Record<string, any>;
  const { log = {} } = content as Record<string, any>;
  const members = [
    ...Object.entries(log).map(([key, value]) => [`mastra.log.${key}`, read(value)] as const),
    ...Object.entries(metadata).map(([key, value]) => [`mastra.metadata.${key}`, read(value)] as const),
    ...(tags.length > 0 ? [['mastra.tags', tags] as const] : []),
    ...Object.entries(ids),
  ];
  return { ...told, body: { stringValue: message }, attributes: attributes(members) };
}
