// Our bodies through receivers that others wrote, and what they understood against what was recorded:
// every event file of tests/data through edgespan-replay (the whole pipeline, natively), and random spans
// of every value kind through core.wasm. Receivers: the OpenTelemetry Collector (its OTLP/JSON output is
// compared value by value; plain, gzip and JSON), Elastic's mock OTLP server, and protobuf-es. Then the
// Collector refuses, and what the package makes of that is compared (refusals.mjs).
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { gzipSync } from 'node:zlib';
import { checkTrace, wireTraceId } from '../support/expect.ts';
import { decodeJson, decodeProtobuf, lint } from '../support/otlp.ts';
import { Sink } from '../support/sink.ts';
import { buildCollector, startCollector } from './collector.mjs';
import { Core } from './core.mjs';
import { startElastic } from './elastic.mjs';
import { makeTrace, RESOURCE } from './oracle.mjs';
import { refusals } from './refusals.mjs';
import { checkSignals } from './signals.mjs';
import { toJson } from '../../js/dist/transport/otlp_json.js';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

/** A body and what a receiver must have understood: faults(spans) is empty when it did. */
function* bodies(seeds) {
  const data = path('../data/mastra-events/');
  for (const file of readdirSync(data)
    .filter((name) => name.endsWith('.json'))
    .sort()) {
    const events = JSON.parse(readFileSync(data + file, 'utf8'));
    const ended = events.filter((e) => e.type === 'span_ended').map((e) => e.exportedSpan);
    if (ended.length === 0) continue;
    yield {
      name: `events ${file.replace('.json', '')}`,
      make: () =>
        execFileSync(path('../../build/bin/edgespan-replay'), [
          '--service',
          'interop',
          data + file,
        ]),
      faults: (spans) => faultsOfRuns(spans, ended),
    };
  }
  const core = new Core(path('../../js/dist/core.wasm'), RESOURCE);
  const scope = { name: 'interop', version: '1.0', schemaUrl: '', attributes: new Map() };
  for (let seed = 1; seed <= seeds; seed++) {
    const { spans: made } = makeTrace(seed, 1 + (seed % 20));
    const expected = made.map((span) => ({ ...span, resource: RESOURCE, scope }));
    yield {
      name: `random spans, seed ${seed}`,
      make: () => core.encode(made),
      faults: (spans) => differences(spans, expected),
    };
  }
}

// What a run that hides its input and output (Mastra's `hideInput` and `hideOutput`) has of content all the
// same, which nobody gets of it (docs/privacy.md): members of its spans' attributes, and what they become.
const CONTENT = ['instructions', 'tools', 'availableTools', 'toolDescription'];
const HIDDEN = [
  'gen_ai.system_instructions',
  'gen_ai.tool.definitions',
  'gen_ai.tool.description',
  'mastra.model_generation.tools',
  'mastra.model_inference.available_tools',
];
const isHiding = (run) =>
  run.every(({ input, output }) => input === undefined && output === undefined);
const withoutContent = (span) => ({
  ...span,
  attributes: Object.fromEntries(
    Object.entries(span.attributes ?? {}).filter(([name]) => !CONTENT.includes(name)),
  ),
});

/** Ended spans by run: a trace id may hold several roots. */
function faultsOfRuns(spans, ended) {
  const byId = new Map(ended.map((span) => [span.id, span]));
  const rootOf = (span) => {
    let at = span;
    while (!at.isRootSpan && byId.has(at.parentSpanId)) at = byId.get(at.parentSpanId);
    return at;
  };
  const faults = [];
  const seen = new Set();
  for (const root of ended.filter((span) => span.isRootSpan)) {
    const run = ended.filter((span) => rootOf(span) === root);
    const ids = new Set(run.map((span) => span.id.padStart(16, '0')));
    for (const id of ids) seen.add(`${wireTraceId(root)}/${id}`);
    const mine = spans.filter((span) => span.traceId === wireTraceId(root) && ids.has(span.spanId));
    faults.push(...checkTrace(mine, isHiding(run) ? run.map(withoutContent) : run));
    if (!isHiding(run)) continue;
    for (const { spanId, attributes } of mine) {
      const shown = HIDDEN.filter((name) => attributes.has(name));
      faults.push(...shown.map((name) => `${spanId}: ${name} is shown`));
    }
  }
  for (const span of spans) {
    if (!seen.has(`${span.traceId}/${span.spanId}`))
      faults.push(`${span.spanId} was never emitted`);
  }
  return faults;
}

function differences(spans, expected) {
  const faults = spans.flatMap(lint);
  if (spans.length !== expected.length)
    faults.push(`${spans.length} spans, not ${expected.length}`);
  const show = (v) =>
    JSON.stringify(v, (_, x) => (typeof x === 'bigint' ? `${x}n` : x instanceof Map ? [...x] : x));
  for (const want of expected) {
    const got = spans.find((span) => span.spanId === want.spanId);
    for (const [field, value] of Object.entries(want)) {
      if (isDeepStrictEqual(got?.[field], value)) continue;
      faults.push(`${want.spanId} ${field}: ${show(got?.[field])}, not ${show(value)}`);
    }
  }
  return faults;
}

// ---- Receivers: each takes a body and returns the spans it understood, as WireSpans ------------

async function post(url, body, headers) {
  const type = { 'content-type': 'application/x-protobuf' };
  const response = await fetch(url, { method: 'POST', body, headers: { ...type, ...headers } });
  const answer = Buffer.from(await response.arrayBuffer());
  if (response.status !== 200) throw new Error(`${response.status} ${answer}`);
  return answer;
}

async function collectorReceivers(binary, sink) {
  const collector = await startCollector(binary, sink.origin);
  const send = async (body, headers) => {
    const before = sink.requests.length;
    const answer = await post(collector.url, body, headers);
    // All accepted: partial_success present and empty.
    const json = headers['content-type'] === 'application/json';
    const said = json ? answer.toString() : answer.toString('hex');
    if (said !== (json ? '{"partialSuccess":{}}' : '0a00')) throw new Error(`answered ${said}`);
    const passedOn = sink.requests.slice(before); // it answers once it has passed the spans on
    if (passedOn.length !== 1) throw new Error(`passed on ${passedOn.length} requests`);
    return decodeJson(Buffer.from(passedOn[0].body).toString());
  };
  return {
    url: collector.url,
    version: collector.version,
    stop: () => collector.stop(),
    receivers: {
      collector: (body) => send(body, {}),
      'collector, gzip': (body) => send(gzipSync(body), { 'content-encoding': 'gzip' }),
      'collector, JSON': (body) => send(toJson(body), { 'content-type': 'application/json' }),
    },
  };
}

/**
 * Sends all bodies to all receivers.
 *
 * @param wants whether a receiver is wanted, by its name: collector, elastic
 */
export async function checkBodies(report, wants, seeds) {
  const sink = await Sink.start();
  const receivers = { 'protobuf-es': async (body) => decodeProtobuf(body) };
  const elastic = wants('elastic') ? await startElastic() : undefined;
  if (elastic) receivers.elastic = elastic.send;
  const binary = wants('collector')
    ? await report.unlessUnavailable('OpenTelemetry Collector', () => buildCollector(report.note))
    : undefined;
  const collector = binary && (await collectorReceivers(binary, sink));
  if (collector) {
    Object.assign(receivers, collector.receivers);
    report.note(collector.version);
  }
  try {
    report.table(['body', 'spans', 'bytes', ...Object.keys(receivers)], [36, 7, 8, 17]);
    for (const body of bodies(seeds)) await checkBody(report, body, receivers);
    if (!binary) return;
    report.table(['what is behind the Collector refuses'], [60, 17]);
    for await (const { name, problems } of refusals(binary)) report.row([name], [problems]);
    await checkSignals(report, collector.url, sink);
  } finally {
    await collector?.stop();
    await elastic?.stop();
    await sink.close();
  }
}

async function checkBody(report, { name, make, faults }, receivers) {
  let body;
  let spans = '?';
  try {
    body = make();
  } catch (error) {
    return report.row([name, spans, '?'], [[`encoding: ${error.stack}`]]);
  }
  const results = [];
  for (const [receiver, send] of Object.entries(receivers)) {
    try {
      const understood = await send(body);
      spans = understood.length;
      results.push(faults(understood).map((fault) => `${receiver}: ${fault}`));
    } catch (error) {
      results.push([`${receiver}: ${error.stack}`]);
    }
  }
  report.row([name, spans, body.length], results);
}
