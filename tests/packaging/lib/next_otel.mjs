// Rows of the consumers with Next.js and registerEdgespan() in instrumentation.js: its own spans and those
// of code that knows OpenTelemetry's API are one tree, in Node and in edge code, streamed answers and the
// middleware included. Built and started as for production.
import assert from 'node:assert/strict';
import { decodeProtobuf, lint } from '../../support/otlp.ts';
import { freePort } from './lab.mjs';
import { nextBuild } from './next.mjs';

const CALLER = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

/**
 * Asks for a path, once, on behalf of a caller.
 * @returns what was answered, and all spans of its trace, once those of these names have arrived.
 */
async function ask(lab, path, ...names) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: lab.endpoint, ORIGIN: url };
  await lab.serve('next', ['start', '-p', `${port}`], { url: `${url}/none`, env });
  const first = lab.sink.requests.length;
  const headers = { traceparent: `00-${CALLER.traceId}-${CALLER.spanId}-01` };
  const response = await fetch(url + path, { headers, signal: AbortSignal.timeout(60_000) });
  const text = await response.text();
  assert.equal(response.status, 200, `${path}: ${text}`);
  const spans = () =>
    lab.sink.requests
      .slice(first)
      .flatMap((request) => decodeProtobuf(request.body))
      .filter((span) => span.traceId === CALLER.traceId);
  const here = () => new Set(spans().map((span) => span.name));
  await lab.sink.until(() => names.every((name) => here().has(name)), `${names} of ${path}`);
  await new Promise((resolve) => setTimeout(resolve, 500)); // what comes too often has come now
  return { text, spans: spans() };
}

/** The names of the spans between a span and the caller, from below. */
function path(spans, span) {
  const names = [];
  const byId = new Map(spans.map((one) => [one.spanId, one]));
  for (let at = span; at; at = byId.get(at.parentSpanId)) {
    names.push(at.name);
    if (at.parentSpanId === CALLER.spanId) return names;
  }
  throw new Error(`${span.name} hangs in the air: ${names}; there are ${spans.map((one) => one.name)}`);
}

/** Each span once, well formed, below the caller's; the only one of a name. */
function look(spans) {
  assert.deepEqual(spans.flatMap(lint), []);
  assert.equal(new Set(spans.map((span) => span.spanId)).size, spans.length, 'spans arrived twice');
  for (const span of spans) {
    path(spans, span);
    assert.equal(span.resource.get('service.name'), 'packaging');
  }
  return (name, where) => {
    const found = spans.filter((span) => span.name === name && span.resource.get('test.runtime') === where);
    assert.equal(found.length, 1, `${name} in ${where}, of ${spans.map((span) => span.name)}`);
    return found[0];
  };
}

const ms = (span) => Number(span.end - span.start) / 1e6;

/** `middleware`: the runtime that it runs in; `file`: what a route's name ends with. */
export async function behindMiddleware(lab, middleware, file = '') {
  const { text, spans } = await ask(lab, '/node', 'work', `GET /node${file}`, 'work in middleware');
  assert.deepEqual(JSON.parse(text), { traceId: CALLER.traceId });
  const only = look(spans);
  const above = path(spans, only('work', 'nodejs'));
  const route = `/node${file}`;
  assert.deepEqual(above.slice(0, 3), ['work', `executing api route (app) ${route}`, `GET ${route}`]);
  const [inner, ...outer] = path(spans, only('work in middleware', middleware));
  assert.equal(inner, 'work in middleware');
  assert.match(outer.join(), /middleware/);
}

async function streamed(lab, file) {
  const { text, spans } = await ask(lab, '/stream?token=s3cret', `GET /stream${file}`);
  assert.equal(text, 'piece 0;piece 1;piece 2;');
  const only = look(spans);
  const root = only(`GET /stream${file}`, 'nodejs');
  assert.ok(ms(root) >= 150, `its root ended after ${ms(root)} ms`);
  assert.ok(path(spans, only('work in the stream', 'nodejs')).includes(root.name));
  assert.equal(root.attributes.get('http.target'), '/stream?token=REDACTED');
}

async function edge(lab) {
  const { text, spans } = await ask(lab, '/edge', 'work', 'GET');
  assert.deepEqual(JSON.parse(text), { traceId: CALLER.traceId });
  const only = look(spans);
  assert.deepEqual(path(spans, only('work', 'edge')), ['work', 'GET']);
  assert.equal(only('GET', 'edge').kind, 2);
}

async function edgeStreamed(lab) {
  const { text, spans } = await ask(lab, '/edge-stream', 'work in the stream', 'GET');
  assert.equal(text, 'piece 0;piece 1;piece 2;');
  const only = look(spans);
  assert.ok(ms(only('GET', 'edge')) >= 150, `it ended after ${ms(only('GET', 'edge'))} ms`);
  assert.deepEqual(path(spans, only('work in the stream', 'edge')), ['work in the stream', 'GET']);
}

async function page(lab, file) {
  const { text, spans } = await ask(lab, '/page', 'work', `GET /node${file}`, 'GET /page');
  assert.ok(text.includes(CALLER.traceId), 'its fetch handed the trace on');
  const only = look(spans);
  const above = path(spans, only('work', 'nodejs'));
  assert.ok(above.includes(`GET /node${file}`) && above.includes('GET /page'), above.join());
  const fetches = spans.filter((span) => span.kind === 3);
  assert.equal(fetches.length, 1, 'one span for its fetch');
}

/** Rows of one build, by `bundler`. `file`: what this release ends a route's name with. */
export function otelRows(bundler, file = '') {
  let built; // the lab in which these rows' build was made
  const row = (what, run) => ({
    name: `Next.js, ${bundler}, OpenTelemetry: ${what}`,
    async run(lab) {
      if (built !== lab) await nextBuild(lab);
      built = lab;
      await run(lab);
    },
  });
  return [
    row('Node route behind edge middleware', (lab) => behindMiddleware(lab, 'edge', file)),
    row('streamed answer in Node', (lab) => streamed(lab, file)),
    row('page that fetches', (lab) => page(lab, file)),
    row('Edge route', edge),
    row('streamed answer in Edge', edgeStreamed),
    row('Edge route that does not know of it', (lab) => ask(lab, '/plain')),
  ];
}
