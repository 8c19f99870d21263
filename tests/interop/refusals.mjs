// The Collector itself refusing: what is behind it answers in all its ways, the Collector passes that on in
// its own, and the package's exporter in front must draw the right conclusions.
import { otlp, otlpJson } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import { play, run } from '../js/spans.ts';
import { Receiver } from '../support/receiver.ts';
import { startCollector } from './collector.mjs';

const LIMIT = 60_000;

/** Upstream's answers, what is sent, and what becomes of `n` spans. */
const CASES = [
  { name: '429, then 200', steps: [{ status: 429 }, { status: 200 }], requests: [2, 2] },
  { name: '503, then 200', steps: [{ status: 503 }, { status: 200 }], requests: [2, 2] },
  { name: '502, then 200', steps: [{ status: 502 }, { status: 200 }], requests: [2, 2] },
  { name: 'cut connections, then 200', requests: [2, 2],
    steps: ['reset after the body', { status: 200 }] },
  { name: '429 without end', steps: [{ status: 429 }], requests: [2, 12], unsent: all, code: 'givenUp' },
  { name: '503 without end', steps: [{ status: 503 }], requests: [2, 12], unsent: all, code: 'givenUp' },
  { name: '500', steps: [{ status: 500 }], requests: [1, 1], rejected: all, code: 'failed' },
  { name: '400 for all', steps: [{ status: 400 }], requests: [3, 14], rejected: all, code: 'rejected' },
  { name: '400 for one span', requests: [3, 14], rejected: () => 1, code: 'rejected',
    steps: [(spans) => ({ status: spans.some((span) => !span.parentSpanId) ? 400 : 200 })] },
  { name: '401', steps: [{ status: 401 }], requests: [1, 1], rejected: all, code: 'denied' },
  { name: '403', steps: [{ status: 403 }], requests: [1, 1], rejected: all, code: 'denied' },
  // It says 400, "request body too large".
  { name: 'a body over the Collector\'s own limit', steps: [{ status: 200 }], requests: [4, 20],
    fields: { input: 'x'.repeat(LIMIT / 4) } },
  { name: 'a span over that limit', steps: [{ status: 200 }], requests: [4, 20], rejected: () => 1,
    code: 'rejected', rootFields: { input: 'x'.repeat(LIMIT) } },
];

function all(n) {
  return n;
}

/** Yields a name and its problems for each case. */
export async function* refusals(binary) {
  const upstream = await Receiver.start();
  const collector = await startCollector(binary, upstream.origin, `, max_request_body_size: ${LIMIT}`);
  try {
    for (const send of [otlp, otlpJson]) {
      for (const [i, refusal] of CASES.entries()) {
        const name = `${refusal.name}${send === otlp ? '' : ', JSON'}`;
        yield { name, problems: await problemsOf(refusal, send, upstream, collector.url, i) };
      }
    }
  } finally {
    await collector.stop();
    await upstream.close();
  }
}

async function problemsOf(refusal, send, upstream, url, i) {
  const { steps, requests, unsent, rejected, code, fields, rootFields } = refusal;
  const endpoint = upstream.script('', ...steps) && url;
  const before = upstream.arrivals.length;
  const headers = { 'x-case': `${i} ${send.name}` }; // a circuit of its own
  const exporter = new EdgespanExporter({
    destinations: [send({ endpoint, headers, retryBudget: 2500 })],
    spool: false, // what cannot be sent is lost here
    logLevel: 'silent',
  });
  const spans = run(12, fields);
  Object.assign(spans[0], rootFields);
  play(exporter, spans);
  const receipt = await exporter.flush();
  const n = spans.length;
  const expected = { rejected: rejected?.(n) ?? 0, unsent: unsent?.(n) ?? 0 };
  const wanted = { ...expected, accepted: n - expected.rejected - expected.unsent, code };
  const got = {
    rejected: receipt.rejected,
    unsent: receipt.dropped.unsent ?? 0,
    accepted: receipt.accepted,
    code: receipt.errors[0]?.code,
  };
  const problems = [];
  if (JSON.stringify(got, Object.keys(wanted)) !== JSON.stringify(wanted, Object.keys(wanted))) {
    problems.push(`wanted ${JSON.stringify(wanted)}, got ${JSON.stringify(receipt)}`);
  }
  const [least, most] = requests;
  if (receipt.requests < least || receipt.requests > most) {
    problems.push(`${receipt.requests} requests, not ${least} to ${most}`);
  }
  const arrived = upstream.arrivals.slice(before).flatMap((arrival) => arrival.spans ?? []);
  const ids = new Set(arrived.map(({ spanId }) => spanId));
  for (const { id } of spans) {
    if (!ids.has(id) && receipt.accepted === n) problems.push(`${id} was accepted and did not arrive`);
  }
  return problems;
}
