/**
 * Mastra's metrics as OTLP metrics. Mastra hands over single values and leaves their meaning to whoever
 * reads them; OTLP wants instruments. Tokens are counted (a sum), durations and everything else are
 * distributions (a histogram), whatever is named in `kinds` is what it says there. All are deltas: an
 * isolate lives for a while beside others, and none of them knows a total.
 * @module
 */
import { LOSS_FAILED, LOSS_MALFORMED } from '../core/schema.gen.js';
import type { Destination } from '../destinations/destination.js';
import { milliseconds } from '../engine/record.js';
import type { Event } from './event.js';
import { attributes, envelope, hexId, nanoseconds } from './otlp.js';
import { otlpEndpoints } from './otlp_endpoints.js';
import { Outbox } from './outbox.js';
import { openSinks } from './sinks.js';
import { hostOf, type MastraMetric, type Signal } from './signal.js';

/** What a metric's values mean: parts of a sum, readings of a gauge, a distribution. */
export type MetricKind = 'sum' | 'gauge' | 'histogram';

export interface MetricsOptions {
  /**
   * Where metrics go: the exporter's own destinations that take OTLP by default, each at its own
   * `/v1/metrics`. For another place give it as a place for spans: `otlp({ endpoint })`.
   */
  destinations?: readonly Destination[];
  /** By a metric's name; `sum` for names that end in `_tokens` and `histogram` for others by default. */
  kinds?: Readonly<Record<string, MetricKind>>;
}

const NAMES = ['resourceMetrics', 'scopeMetrics', 'metrics'] as const;
const DELTA = 1; // AGGREGATION_TEMPORALITY_DELTA
/** OpenTelemetry's default for milliseconds, with what model calls take beyond it. */
const BOUNDS = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000, 30000, 60000];

/** A value as it waits. */
interface Value {
  /** Absent where it could not be read. */
  readonly name?: string;
  readonly value: number;
  /** In milliseconds; 0: a Worker's global scope has no clock. */
  readonly time: number;
  readonly labels?: Readonly<Record<string, unknown>>;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
}

/**
 * Sends Mastra's metrics: give it to an exporter among its `signals`.
 *
 * @example
 * new EdgespanExporter({ destinations: [otlp({ endpoint })], signals: [metrics()] })
 */
export function metrics({ destinations, kinds = {} }: MetricsOptions = {}): Signal {
  return {
    name: 'metrics',
    open: openSinks,
    connect(exporter, inside) {
      const host = hostOf(inside);
      const outbox = new Outbox(host, {
        lane: -2,
        ...otlpEndpoints(host, destinations, 'metrics'),
        kind: 'metric',
        join: (events, resource) => {
          const values = events.map(({ plain, said }) => ({ ...plain, ...said }) as Value);
          const told = instruments(values, kinds, Date.now()).map((one) => JSON.stringify(one));
          return envelope(NAMES, resource, told.join());
        },
      });
      exporter.onMetricEvent = ({ metric }) => {
        try {
          const event = eventOf(metric);
          if (event) outbox.put(JSON.stringify(event), metric.traceId);
          else outbox.lose(LOSS_MALFORMED);
        } catch (error) {
          outbox.lose(LOSS_FAILED);
          host.fail(error);
        }
      };
      return outbox;
    },
  };
}

/**
 * What is kept of an event: its labels, which Mastra keeps few, and of where it happened what does not
 * differ from run to run. undefined: it has no name, or no value.
 */
function eventOf(metric: MastraMetric): Event | undefined {
  const { name, value, timestamp, labels, correlationContext, costContext } = metric;
  const at = (correlationContext ?? {}) as Record<string, unknown>;
  const cost = (costContext ?? {}) as Record<string, unknown>;
  if (typeof name !== 'string' || name === '' || !Number.isFinite(value)) return undefined;
  const places = {
    'mastra.entity_type': at.entityType,
    'mastra.entity_name': at.entityName ?? at.entityId,
    'deployment.environment.name': at.environment,
    'gen_ai.provider.name': cost.provider,
    'gen_ai.request.model': cost.model,
  };
  const told = Object.entries({ ...places, ...labels });
  return {
    plain: {
      value,
      time: milliseconds(timestamp),
      traceId: hexId(metric.traceId, 32),
      spanId: hexId(metric.spanId, 16),
    },
    said: {
      name,
      labels: Object.fromEntries(told.filter(([, one]) => one !== undefined && one !== null)),
    },
    content: {},
  };
}

/** Metric messages, each value in one of their points. */
function instruments(values: readonly Value[], kinds: MetricsOptions['kinds'], now: number): object[] {
  const byName = new Map<string, Map<string, Value[]>>();
  for (const value of values) {
    const { name = 'withheld', labels = {} } = value;
    const points = byName.get(name) ?? new Map<string, Value[]>();
    byName.set(name, points);
    const key = JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
    points.set(key, [...(points.get(key) ?? []), value]);
  }
  return [...byName].map(([name, series]) => {
    const tokens = name.endsWith('_tokens');
    const kind = kinds?.[name] ?? (tokens ? 'sum' : 'histogram');
    const unit = tokens ? '{token}' : name.endsWith('_ms') ? 'ms' : '';
    const dataPoints = [...series.values()].map((all) => point(kind, all, now));
    const data = kind === 'gauge' ? { dataPoints } : { dataPoints, aggregationTemporality: DELTA };
    return { name, unit, [kind]: kind === 'sum' ? { ...data, isMonotonic: monotonic(series) } : data };
  });
}

function monotonic(series: Map<string, Value[]>): boolean {
  return [...series.values()].flat().every(({ value }) => value >= 0);
}

/** A NumberDataPoint or HistogramDataPoint of values that differ in time alone. */
function point(kind: MetricKind, all: readonly Value[], now: number): object {
  const last = all[all.length - 1];
  const begin = Math.min(...all.map(({ time }) => time || now));
  const numbers = all.map(({ value }) => value);
  const sum = numbers.reduce((a, b) => a + b, 0);
  // A point on which a reader can find its trace.
  const exemplars = all
    .filter(({ traceId, spanId }) => traceId && spanId)
    .slice(-1)
    .map(({ value, time, traceId, spanId }) => ({
      timeUnixNano: nanoseconds(time || now),
      asDouble: value,
      traceId,
      spanId,
    }));
  const labels = { attributes: attributes(Object.entries(last.labels ?? {})), exemplars };
  if (kind === 'gauge') {
    return { ...labels, timeUnixNano: nanoseconds(last.time || now), asDouble: last.value };
  }
  // A delta's time is a span of time: it has a beginning and an end.
  const common = {
    ...labels,
    startTimeUnixNano: nanoseconds(Math.min(begin, now - 1)),
    timeUnixNano: nanoseconds(now),
  };
  if (kind === 'sum') return { ...common, asDouble: sum };
  const bucketCounts = new Array<number>(BOUNDS.length + 1).fill(0);
  for (const value of numbers) {
    const at = BOUNDS.findIndex((bound) => value <= bound);
    bucketCounts[at < 0 ? BOUNDS.length : at]++;
  }
  return {
    ...common,
    count: `${numbers.length}`,
    sum,
    min: Math.min(...numbers),
    max: Math.max(...numbers),
    bucketCounts: bucketCounts.map(String),
    explicitBounds: BOUNDS,
  };
}
