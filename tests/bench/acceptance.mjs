// What is asked of the figures: rows of ratios with a bar for each workload, and what a run of the bench
// says to them. A ratio is how many times what the peer takes is what ours takes.

/**
 * `of` over `by`: candidates at a level and on a host. `gate` is what no later change may fall below,
 * about 15 % under what was reached, where the bar was not.
 */
export const ACCEPTANCE = [
  {
    what: 'full path, `@mastra/otel-exporter` (protobuf) over ours, Node',
    place: ['full', 'node'],
    of: 'official',
    by: 'edgespan',
    bars: { W1: 6, W2: 8, W3: 4.5 },
    gates: { W1: 2.5, W2: 5, W3: 4 },
  },
  {
    what: 'full path, `@mastra/otel-exporter` (protobuf) over ours, workerd',
    place: ['full', 'workerd'],
    of: 'official',
    by: 'edgespan',
    bars: { W1: 6, W2: 8, W3: 4.5 },
  },
  {
    what: 'encoder, OpenTelemetry JS protobuf over ours, Node',
    place: ['encoder', 'node'],
    of: 'otel-protobuf',
    by: 'encodeSpans',
    bars: { W1: 6, W2: 8, W3: 4.5 },
  },
  {
    what: 'encoder, OpenTelemetry JS protobuf over ours, workerd',
    place: ['encoder', 'workerd'],
    of: 'otel-protobuf',
    by: 'encodeSpans',
    bars: { W1: 6.5, W2: 8, W3: 4.5 },
  },
  {
    what: 'encoder, OpenTelemetry JS JSON over ours, workerd',
    place: ['encoder', 'workerd'],
    of: 'otel-json',
    by: 'encodeSpans',
    bars: { W1: 3.5, W2: 2.3, W3: 2.5 },
  },
  {
    what: 'encoder, its twin in JavaScript over ours, Node',
    place: ['encoder', 'node'],
    of: 'twin',
    by: 'encodeSpans',
    bars: { W1: 1.4, W2: 1.25, W3: 1.5 },
  },
  {
    what: 'start and first export, `@mastra/otel-exporter` over ours, workerd',
    place: ['cold', 'workerd'],
    of: 'official',
    by: 'edgespan',
    bars: { W1: 10, W2: 8, W3: 3.5 },
  },
  {
    what: "JavaScript's heap of a run, `@mastra/otel-exporter` over ours, Node",
    place: ['heap', 'node'],
    of: 'official',
    by: 'edgespan',
    bars: { W1: 5, W2: 6, W3: 10 },
  },
];

/** The rows with the figures of a bench: `cells` by workload, of which a `figure` may be missing. */
export function judged({ results }) {
  return ACCEPTANCE.map(({ what, place, of, by, bars, gates }) => {
    const [level, host] = place;
    const cells = Object.entries(bars).map(([workload, bar]) => {
      const found = results.find(
        (one) => one.level === level && one.host === host && one.workload === workload,
      );
      const median = (name) => found?.rows.find((row) => row.name === name)?.median;
      const figure = median(by) === undefined ? undefined : median(of) / median(by);
      return { workload, bar, gate: gates?.[workload], figure, met: figure >= bar };
    });
    return { what, cells };
  });
}
