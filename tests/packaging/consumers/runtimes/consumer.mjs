// Runtimes that take the package from node_modules as it is, without a bundler: Node by its releases,
// from the oldest that the package supports, by import and by require; Deno; Bun. And a server of each,
// traced.
import assert from 'node:assert/strict';
import { decodeProtobuf, lint } from '../../../support/otlp.ts';
import { PLAYED, RUN, Skip } from '../../lib/lab.mjs';

/** `what`: events, or the agent itself where Mastra runs (Node 22.13 and later). */
const program = (command, args, what) => async (lab) => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: lab.endpoint };
  const stdout = await lab.exec(command, [...args, what], { env });
  await lab.checkAnswers(stdout, what === 'agent' ? RUN : PLAYED);
};

/** A server of this runtime, asked once: what arrived is one tree, below the caller's span. */
const traced = (command, args) => async (lab) => {
  const first = lab.sink.requests.length;
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: lab.endpoint };
  const stdout = await lab.exec(command, [...args, 'otel.mjs'], { env });
  const { text, ...receipt } = JSON.parse(/^asked (.*)$/m.exec(stdout)[1]);
  assert.equal(text, 'piece 1;piece 2;');
  assert.equal(receipt.pending, 0);
  assert.deepEqual(receipt.dropped, {});
  const bodies = lab.sink.requests.slice(first).map((request) => decodeProtobuf(request.body));
  assert.equal(bodies.length, 1, 'one request');
  const [spans] = bodies;
  assert.deepEqual(spans.flatMap(lint), []);
  const root = spans.find((span) => span.kind === 2);
  assert.deepEqual([root.name, root.traceId, root.parentSpanId, root.attributes.get('url.query')], [
    'GET',
    '0af7651916cd43dd8448eb211c80319c',
    'b7ad6b7169203331',
    'token=REDACTED',
  ]);
  assert.ok(root.end - root.start >= 50_000_000n, 'it ended with the last byte');
  assert.equal(root.resource.get('service.name'), 'packaging');
  const work = spans.filter((span) => span !== root);
  assert.deepEqual(work.map((span) => span.name).sort(), ['last', 'one', 'two']);
  for (const span of work) {
    assert.deepEqual([span.traceId, span.parentSpanId], [root.traceId, root.spanId], span.name);
    assert.equal(span.attributes.get('active'), span.name);
  }
};

const ways = { import: 'import.mjs', require: 'require.cjs' };

/** The package of a Node's binary, under the name that package.json gives it. */
const binary = (major) => `node-${major}-${process.arch}`;

function node(major, what) {
  return Object.entries(ways).map(([way, file]) => ({
    name: `Node ${major}, ${way}${what === 'agent' ? '' : ', without Mastra'}`,
    async run(lab) {
      if (process.platform !== 'linux') throw new Skip('the Nodes of this consumer are for Linux');
      await program(`node_modules/${binary(major)}/bin/node`, [file], what)(lab);
    },
  }));
}

function nodeServer(major) {
  return {
    name: `Node ${major}, a traced server`,
    packages: [binary(major), '@opentelemetry/api'],
    async run(lab) {
      if (process.platform !== 'linux') throw new Skip('the Nodes of this consumer are for Linux');
      await traced(`node_modules/${binary(major)}/bin/node`, [])(lab);
    },
  };
}

export default {
  packages: [...['20', '22', '24'].map(binary), 'deno', 'bun', '@mastra/core'],
  rows: [
    ...node('20', 'events'),
    ...node('22', 'agent'),
    ...node('24', 'agent'),
    { name: 'Deno, import', run: program('deno', ['run', '-A', ways.import], 'agent') },
    { name: 'Bun, import', run: program('bun', [ways.import], 'agent') },
    { name: 'Bun, require', run: program('bun', [ways.require], 'agent') },
    ...['20', '22', '24'].map(nodeServer),
    {
      name: 'Deno, a traced server',
      packages: ['deno', '@opentelemetry/api'],
      run: traced('deno', ['run', '-A']),
    },
    { name: 'Bun, a traced server', packages: ['bun', '@opentelemetry/api'], run: traced('bun', []) },
  ],
};
