// The demo: runs the example Worker in the local workerd with an OTLP sink beside it, asks its
// three routes, and shows the traces that arrived. Bodies are read by build/bin/edgespan-cat, which
// knows only protobuf's own messages.
//
//   node workers-example/demo.mjs            exit 0 only if every trace is complete
//   node workers-example/demo.mjs --no-sink  nobody listens: shows what was lost, and checks that
//                                            the Worker answers as it does with a sink
//
// scripts/demo installs and builds what this needs.
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { decodeJson, lint, plain } from '../tests/support/otlp.ts';
import { Sink } from '../tests/support/sink.ts';
import { bundleWorker, startWorker } from '../tests/support/workerd.ts';

const ROUTES = ['/generate?q=Plan a day trip to Évora.', '/stream', '/workflow?city=Braga'];
const TOOLS = ['find_trains', 'get_weather'];
const CAT = fileURLToPath(new URL('../build/bin/edgespan-cat', import.meta.url));

const { values: options } = parseArgs({
  options: { 'no-sink': { type: 'boolean' }, help: { type: 'boolean' } },
});
if (options.help) {
  console.log('usage: demo.mjs [--no-sink]   (what it does: the comment at its top)');
  process.exit();
}
const color = process.stdout.isTTY ? (code, s) => `\x1b[${code}m${s}\x1b[0m` : (_, s) => s;
const bold = (s) => color(1, s);
const dim = (s) => color(2, s);
const red = (s) => color(31, s);

/** Starts the Worker, asks every route, and returns the answers and what the Worker printed. */
async function askWorker(outdir, endpoint) {
  const printed = [];
  const worker = await startWorker(outdir, { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }, (line) => {
    printed.push(line);
  });
  const answers = [];
  for (const route of ROUTES) {
    const began = performance.now();
    const response = await worker.dispatchFetch(`http://example${encodeURI(route)}`);
    const body = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    const { text, traceId } = isJson
      ? JSON.parse(body)
      : { text: body, traceId: response.headers.get('x-trace-id') };
    answers.push({ route, text, traceId, status: response.status, ms: performance.now() - began });
  }
  return { worker, answers, printed };
}

const receiptsOf = (printed) =>
  printed.filter((line) => line.startsWith('{"receipt"')).map((line) => JSON.parse(line).receipt);

async function until(ready, timeoutMs = 15_000) {
  const deadline = Date.now() + timeoutMs;
  while (!ready() && Date.now() < deadline) await new Promise((r) => setTimeout(r, 20));
  return ready();
}

// ---- With a sink: what arrived ------------------------------------------------------------------

function decode(request) {
  const input = Buffer.from(request.body);
  const json = execFileSync(CAT, ['--compact', '-'], { input, maxBuffer: 64 << 20 });
  return decodeJson(json.toString());
}

const typeOf = (span) => span.attributes.get('mastra.span.type');
const isCall = (span) => span.attributes.get('gen_ai.operation.name') === 'chat';
const isTool = (span) => span.attributes.get('gen_ai.operation.name') === 'execute_tool';

/** What the trace lacks; empty when it is complete. */
function missing(spans, route) {
  const faults = spans.flatMap(lint);
  const ids = new Set(spans.map((span) => span.spanId));
  if (ids.size !== spans.length) faults.push('a span arrived twice');
  const roots = spans.filter((span) => span.parentSpanId === '');
  if (roots.length !== 1) faults.push(`${roots.length} roots`);
  const wanted = route.startsWith('/workflow') ? 'workflow_run' : 'agent_run';
  if (roots[0] && typeOf(roots[0]) !== wanted) faults.push(`the root is no ${wanted}`);
  for (const span of spans) {
    if (span.parentSpanId && !ids.has(span.parentSpanId)) faults.push(`${span.name}: no parent`);
  }
  const calls = spans.filter(isCall);
  if (calls.length !== 3) faults.push(`${calls.length} model calls instead of 3`);
  for (const call of calls) {
    for (const key of ['gen_ai.input.messages', 'gen_ai.output.messages']) {
      if (!messagesOf(call, key)?.length) faults.push(`${call.name}: no ${key}`);
    }
    for (const key of ['gen_ai.usage.input_tokens', 'gen_ai.usage.output_tokens']) {
      if (!(call.attributes.get(key) > 0n)) faults.push(`${call.name}: no ${key}`);
    }
  }
  const tools = spans.filter(isTool);
  const called = tools.map((tool) => tool.attributes.get('gen_ai.tool.name')).sort();
  if (`${called}` !== `${TOOLS}`) faults.push(`tools called: ${called}`);
  for (const tool of tools) {
    for (const key of ['gen_ai.tool.call.arguments', 'gen_ai.tool.call.result']) {
      if (!tool.attributes.has(key)) faults.push(`${tool.name}: no ${key}`);
    }
  }
  return faults;
}

function messagesOf(span, key) {
  const value = plain(span.attributes.get(key));
  return typeof value === 'string' ? JSON.parse(value) : value;
}

function short(value, limit = 88) {
  const text = (typeof value === 'string' ? value : JSON.stringify(value)).replace(/\s+/g, ' ');
  return text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
}

function wording(message) {
  const parts = message.parts.map((part) => {
    if (part.type === 'tool_call') return `${part.name}(${short(part.arguments, 60)})`;
    if (part.type === 'tool_call_response') return `→ ${short(part.response ?? part.result, 60)}`;
    return part.content;
  });
  return `${message.role}: ${short(parts.join(' '))}`;
}

function details(span) {
  const get = (key) => plain(span.attributes.get(key));
  if (isCall(span)) {
    const input = messagesOf(span, 'gen_ai.input.messages') ?? [];
    const output = messagesOf(span, 'gen_ai.output.messages') ?? [];
    return [...input.map((m) => `in   ${wording(m)}`), ...output.map((m) => `out  ${wording(m)}`)];
  }
  if (isTool(span)) {
    return [
      `args ${short(get('gen_ai.tool.call.arguments') ?? '')}`,
      `gave ${short(get('gen_ai.tool.call.result') ?? '')}`,
    ];
  }
  if (!['agent_run', 'workflow_run', 'workflow_step'].includes(typeOf(span))) return [];
  const [input, output] = ['input', 'output'].map((end) => get(`mastra.${typeOf(span)}.${end}`));
  return [input && `in   ${short(input)}`, output && `out  ${short(output)}`].filter(Boolean);
}

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];

function printTree(spans, parent = '', indent = '') {
  const children = spans
    .filter((span) => span.parentSpanId === parent)
    .sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  children.forEach((span, i) => {
    const isLast = i === children.length - 1;
    const branch = parent === '' ? '' : isLast ? '└─ ' : '├─ ';
    const below = indent + (parent === '' ? '' : isLast ? '   ' : '│  ');
    const tokens = ['input', 'output'].map((end) =>
      span.attributes.get(`gen_ai.usage.${end}_tokens`),
    );
    const facts = [
      KINDS[span.kind],
      `${(Number(span.end - span.start) / 1e6).toFixed(0)} ms`,
      tokens[0] !== undefined ? `${tokens[0]} → ${tokens[1]} tokens` : '',
      span.status.code === 2 ? red(`error: ${span.status.message}`) : '',
    ];
    console.log(`${indent}${branch}${bold(span.name)}  ${dim(facts.filter(Boolean).join(' · '))}`);
    const stem = spans.some((s) => s.parentSpanId === span.spanId) ? `${below}│  ` : `${below}   `;
    for (const line of details(span)) console.log(`${stem}${dim(line)}`);
    printTree(spans, span.spanId, below);
  });
}

async function withSink(outdir) {
  if (!existsSync(CAT)) throw new Error('build/bin/edgespan-cat is missing: run scripts/build');
  const sink = await Sink.start();
  const { worker, answers, printed } = await askWorker(outdir, sink.origin);
  await until(() => receiptsOf(printed).length >= ROUTES.length);
  const bodies = sink.requests.map((request) => ({
    bytes: request.body.length,
    spans: decode(request),
  }));
  await worker.dispose();
  await sink.close();

  let complete = true;
  for (const { route, text, traceId, status, ms } of answers) {
    console.log(`\n${bold(`GET ${route}`)}  ${status} in ${ms.toFixed(0)} ms`);
    console.log(`  ${text}`);
    const mine = bodies.filter(({ spans }) => spans.some((span) => span.traceId === traceId));
    const spans = mine.flatMap((body) => body.spans);
    const bytes = mine.reduce((sum, body) => sum + body.bytes, 0);
    console.log(
      `  trace ${traceId}: ${spans.length} spans in ${mine.length} request, ${bytes} bytes\n`,
    );
    printTree(spans, '', '  ');
    const faults = missing(spans, route);
    if (spans.some((span) => span.traceId !== traceId)) faults.push('spans of another trace');
    for (const fault of faults) console.log(red(`  INCOMPLETE: ${fault}`));
    complete &&= faults.length === 0;
  }
  for (const receipt of receiptsOf(printed)) console.log(dim(`receipt ${JSON.stringify(receipt)}`));
  console.log(complete ? '\nAll traces arrived complete.' : red('\nNot every trace is complete.'));
  return complete;
}

// ---- Without a sink: what was lost --------------------------------------------------------------

async function withoutSink(outdir) {
  const sink = await Sink.start();
  const healthy = await askWorker(outdir, sink.origin);
  await healthy.worker.dispose();
  await sink.close(); // nobody listens on its port from here on
  const { worker, answers, printed } = await askWorker(outdir, sink.origin);
  const told = await until(() => receiptsOf(printed).length >= ROUTES.length, 60_000);
  await worker.dispose();

  let unchanged = true;
  answers.forEach(({ route, text, status, ms }, i) => {
    const same = text === healthy.answers[i].text && status === healthy.answers[i].status;
    unchanged &&= same;
    console.log(`\n${bold(`GET ${route}`)}  ${status} in ${ms.toFixed(0)} ms`);
    console.log(`  ${text}`);
    console.log(same ? '  the answer is the same as with a sink' : red('  THE ANSWER CHANGED'));
  });
  console.log();
  for (const line of printed.filter((l) => l.includes('[edgespan]'))) console.log(dim(line));
  let lost = 0;
  for (const { accepted, rejected, dropped, errors } of receiptsOf(printed)) {
    for (const n of Object.values(dropped)) lost += n;
    console.log(dim(`receipt ${JSON.stringify({ accepted, rejected, dropped, errors })}`));
  }
  console.log(told && lost > 0 ? `\nLost: ${lost} spans.` : red('\nNobody said what was lost.'));
  return unchanged && told && lost > 0;
}

const outdir = await bundleWorker(new URL('./', import.meta.url));
try {
  process.exitCode = (await (options['no-sink'] ? withoutSink(outdir) : withSink(outdir))) ? 0 : 1;
} finally {
  rmSync(outdir, { recursive: true });
}
