// Formats of their own, of real Mastra in real workerd: what The Context Company, Mastra's platform and
// Zipkin get of a run, read as they read it and compared with what Mastra emitted; the tree on the console;
// and edgespan/mastra/compat in the official exporter's place. After the response, without a flush.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { checkTrace, type MastraSpan } from '../support/expect.ts';
import type { SinkRequest } from '../support/sink.ts';
import type { Asked } from './formats/index.ts';
import { Lab, SECRET } from './lab.ts';

type Json = Record<string, any>;

const RUN_ID = '11111111-1111-4111-8111-111111111111';
const TRACING = {
  tags: ['ünïcode'],
  metadata: { 'tcc.runId': RUN_ID, sessionId: 'session-1', userId: 'u', nested: { list: [1, null, -0.5] } },
};

describe('formats in workerd', { timeout: 300_000 }, () => {
  let lab: Lab;
  before(async () => {
    lab = await Lab.start('./formats/');
  });
  after(() => lab.close());

  const text = ({ body }: SinkRequest): string => Buffer.from(body).toString();
  const to = (path: string, traceId: string): SinkRequest[] =>
    lab.sink.requests.filter((request) => request.path.startsWith(path) && text(request).includes(traceId));

  /** A run: what Mastra ended of it, once all have it. */
  async function ask(asked: Asked): Promise<{ traceId: string; ended: MastraSpan[] }> {
    const answer = await lab.ask('/run', { method: 'POST', body: JSON.stringify(asked) });
    const { traceId } = (await answer.json()) as { traceId: string };
    const { ended } = await lab.recorded('', traceId);
    const arrived = (): boolean =>
      ['/ok/tcc', '/ok/platform', '/ok/zipkin'].every((path) => to(path, traceId).length > 0) &&
      lab.below('/ok/compat/v1/traces', traceId).length === ended.length;
    await lab.sink.until(arrived, 'the run, everywhere');
    await lab.quiet();
    return { traceId, ended };
  }

  for (const asked of [
    { scenario: 'generate', tracing: TRACING },
    { scenario: 'generate', agent: 'toolError' },
    { scenario: 'workflow', tracing: { metadata: { threadId: 't' } } },
  ] satisfies Asked[]) {
    it(`${asked.scenario} ${asked.agent ?? ''}: every span, as Mastra recorded it`, async () => {
      const { traceId, ended } = await ask(asked);
      // By default chunks stay at home; none of ours is anybody's parent.
      const sent = ended.filter(({ type }) => type !== 'model_chunk');
      const root = ended.find(({ isRootSpan }) => isRootSpan) as MastraSpan;

      const tcc = to('/ok/tcc/', traceId);
      assert.equal(tcc.length, 1, 'one request a run');
      assert.equal(tcc[0].path, '/ok/tcc/v1/mastra');
      assert.equal(tcc[0].headers['content-type'], 'application/json');
      assert.equal(tcc[0].headers.authorization, `Bearer dev_${SECRET}`);
      const { runId, spans, metadata, ...document } = JSON.parse(text(tcc[0])) as Json;
      assert.deepEqual(document, { traceId, framework: 'mastra' });
      if (asked.tracing?.metadata && 'tcc.runId' in asked.tracing.metadata) assert.equal(runId, RUN_ID);
      const session = root.metadata?.sessionId ?? root.metadata?.threadId;
      assert.equal(metadata['tcc.sessionId'], session);
      for (const [key, value] of Object.entries(root.metadata ?? {})) assert.deepEqual(metadata[key], value);
      same(spans, sent.map((span) => ({ ...span, runId })));

      const platform = to('/ok/platform/', traceId);
      assert.equal(platform[0].path, '/ok/platform/projects/p/ai/spans/publish');
      assert.equal(platform[0].headers.authorization, `Bearer ${SECRET}`);
      const records = platform.flatMap((request) => (JSON.parse(text(request)) as Json).spans as Json[]);
      const wanted = sent.map((span) => ({
        ...span,
        spanId: span.id,
        spanType: span.type,
        startedAt: span.startTime,
        endedAt: span.endTime ?? null,
        error: span.errorInfo ?? null,
        updatedAt: null,
      }));
      same(records.map(({ createdAt: _, ...record }) => record), wanted);

      const zipkin = to('/ok/zipkin/', traceId);
      assert.equal(zipkin[0].path, '/ok/zipkin/api/v2/spans');
      const tags = zipkin.flatMap((request) => JSON.parse(text(request)) as Json[]);
      assert.deepEqual(tags.map(({ id }) => id).sort(), sent.map(({ id }) => id).sort());
      for (const one of tags) {
        const span = sent.find(({ id }) => id === one.id) as MastraSpan;
        const start = Date.parse(span.startTime);
        assert.equal(one.parentId, span.parentSpanId);
        assert.equal(one.timestamp, start * 1000);
        assert.equal(one.duration, (Date.parse(span.endTime ?? span.startTime) - start) * 1000 || 1);
        assert.equal(one.localEndpoint.serviceName, 'formats');
        assert.equal(one.tags['mastra.span.type'], span.type);
        if (span.errorInfo) assert.equal(one.tags.error, span.errorInfo.message);
      }

      assert.deepEqual(checkTrace(lab.below('/ok/compat/v1/traces', traceId), ended), []);
      // What Mastra logs goes along, as it does by the official exporter.
      if (asked.agent === 'toolError') assert.ok(to('/ok/compat/v1/logs', traceId).length > 0);
    });
  }

  it('the console shows each run once, and no secret', async () => {
    const { traceId, ended } = await ask({ scenario: 'generate', agent: 'toolError' });
    const printed = lab.printed.join('\n');
    assert.equal(printed.split(`trace ${traceId}`).length, 2);
    const tree = printed.slice(printed.indexOf(`trace ${traceId}`)).split('\n');
    const shown = ended.filter(({ type }) => type !== 'model_chunk').length;
    assert.ok(tree[0].includes(`${shown} spans`), tree[0]);
    assert.match(printed, /─ execute_tool broken {2}\d+ ms {2}error: .*unreachable/);
    assert.match(printed, /args \{"city":"Bern"\}/);
    assert.doesNotMatch(printed, new RegExp(`${SECRET}|127\\.0\\.0\\.1|\\x1b`));
  });

  /** The same spans, whatever their order. */
  function same(told: Json[], wanted: Json[]): void {
    assert.deepEqual(told.map(({ id }) => id).sort(), wanted.map(({ id }) => id).sort());
    for (const one of told) {
      const was = wanted.find(({ id }) => id === one.id) as Json;
      for (const key of new Set([...Object.keys(one), ...Object.keys(was)])) {
        assert.ok(isDeepStrictEqual(one[key], was[key]), `${was.type} ${key}: ${JSON.stringify(one[key])}`);
      }
    }
  }
});
