// The AI SDK's major 7, whose spans come from a package of its own: what arrives is what the official SDK
// records, and each trace comes in one request.
import assert from 'node:assert/strict';
import { decodeProtobuf } from '../../../support/otlp.ts';
import { plainOf, plainOfOfficial } from '../../../support/ai_sdk.ts';

async function asOfficial(lab) {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: lab.endpoint };
  const official = JSON.parse(await lab.exec('node', ['run.js', 'official'], { env }));
  const ours = JSON.parse(await lab.exec('node', ['run.js', 'edgespan'], { env }));
  assert.deepEqual(ours.outcomes, official.outcomes);
  const bodies = lab.sink.requests.map(({ body }) => decodeProtobuf(body));
  const expected = official.spans.map((span) => ({ ...span, spanContext: () => span.context }));
  assert.ok(expected.length > 20, `${expected.length} spans`);
  assert.deepEqual(plainOf(bodies.flat()), plainOfOfficial(expected));
  assert.equal(bodies.length, new Set(bodies.flat().map(({ traceId }) => traceId)).size);
}

export default {
  packages: ['ai', '@ai-sdk/otel'],
  rows: [{ name: 'AI SDK 7, its programs unchanged: spans as the official SDK records them', run: asOfficial }],
};
