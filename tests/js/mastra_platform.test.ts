// Mastra's platform, on the wire: the records of Mastra's own exporter, text by text; where they go; what a
// quota and missing settings do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { MastraPlatformExporter } from '@mastra/observability';
import { contextCompany, mastraPlatform } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import type { SinkRequest } from '../support/sink.ts';
import { env, json, place, RECORDINGS, send, sentTo, sink, type Json } from './formats.ts';
import { play, recorded, run } from './spans.ts';

const TOKEN = 'mst_s3cr3tt0k3n';

for (const name of RECORDINGS) {
  test(`the bytes of Mastra's own exporter: ${name}`, async () => {
    const [ours, theirs] = [place(), place()];
    const events = recorded(name);
    const settings = { accessToken: TOKEN, projectId: 'p-1' };
    const tracesEndpoint = (at: string): string => `${sink.origin}${at}/projects/p-1/ai/spans/publish`;
    await send([mastraPlatform({ ...settings, tracesEndpoint: tracesEndpoint(ours), env })], events);
    const official = new MastraPlatformExporter({
      ...settings,
      tracesEndpoint: tracesEndpoint(theirs),
      resolveFromEnv: false,
    });
    for (const event of events) {
      await official.exportTracingEvent(event as Parameters<typeof official.exportTracingEvent>[0]);
    }
    await official.shutdown();

    const [request] = sentTo(ours);
    const [beside] = sentTo(theirs);
    for (const header of ['authorization', 'content-type', 'x-mastra-observability-capabilities']) {
      assert.equal(request.headers[header], beside.headers[header]);
    }
    assert.equal(request.path.slice(ours.length), beside.path.slice(theirs.length));
    /** Each record's text by its span's id, without the moment at which it was made. */
    const records = (requests: SinkRequest[]): [string, string][] =>
      requests
        .flatMap((r) => json(r).spans as Json[])
        .map((record): [string, string] => [record.id, JSON.stringify({ ...record, createdAt: '' })])
        .sort();
    const [mine, official_] = [records(sentTo(ours)), records(sentTo(theirs))];
    assert.ok(mine.length > 1);
    if (name !== 'agent-generate-hidden') assert.ok(isDeepStrictEqual(mine, official_), 'the same texts');
    else {
      // What Mastra leaves of a run that hides its input and output is hidden here.
      const [ownText, theirText] = [mine, official_].map((all) => JSON.stringify(all));
      assert.match(theirText, /instructions/);
      assert.doesNotMatch(ownText, /instructions/);
      assert.deepEqual(mine.map(([id]) => id), official_.map(([id]) => id));
    }
    for (const { createdAt } of json(request).spans) {
      assert.ok(Math.abs(Date.now() - Date.parse(createdAt)) < 60_000);
    }
  });
}

test('where it sends, by options and variables as the official exporter has them', async () => {
  const at = place();
  const base = sink.origin + at;
  const cases: [Json, string][] = [
    [{ accessToken: TOKEN, endpoint: base }, '/ai/spans/publish'],
    [{ accessToken: TOKEN, endpoint: base, projectId: 'a_b' }, '/projects/a_b/ai/spans/publish'],
    [{ accessToken: TOKEN, tracesEndpoint: `${base}/x/spans/publish`, projectId: 'p' }, '/x/spans/publish'],
    [
      {
        env: {
          MASTRA_CLOUD_ACCESS_TOKEN: TOKEN,
          MASTRA_PROJECT_ID: 'q',
          MASTRA_PLATFORM_OBSERVABILITY_ENDPOINT: base,
        },
      },
      '/projects/q/ai/spans/publish',
    ],
  ];
  for (const [options, path] of cases) {
    await send([mastraPlatform({ env, ...options })], (exporter) => play(exporter, run(0)));
    assert.equal(sink.requests.at(-1)?.path, at + path);
    assert.equal(sink.requests.at(-1)?.headers.authorization, `Bearer ${TOKEN}`);
  }
  const malformed = mastraPlatform({ accessToken: TOKEN, projectId: 'a/b', env });
  assert.match(`${malformed.problem}`, /`projectId` \(or MASTRA_PROJECT_ID\) is not/);
  const variables = { MASTRA_PLATFORM_ACCESS_TOKEN: TOKEN };
  assert.equal(mastraPlatform({ env: variables }).problem, undefined);
  assert.match(
    `${mastraPlatform({ env: variables, resolveFromEnv: false }).problem}`,
    /^`accessToken` \(or MASTRA_PLATFORM_ACCESS_TOKEN, MASTRA_CLOUD_ACCESS_TOKEN\) is missing$/,
  );
});

test('an exhausted quota is a pause: nothing is posted until then, and no batch is refused', async () => {
  const at = place().replace('/ok', '/402');
  const to = mastraPlatform({ accessToken: `${TOKEN}-402`, endpoint: sink.origin + at, env });
  const exporter = new EdgespanExporter({ destinations: [to], spool: false, env, logLevel: 'silent' });
  play(exporter, run(1));
  const first = await exporter.flush();
  assert.equal(sentTo(at).length, 1);
  assert.equal(first.rejected, 0);
  assert.match(first.errors[0].message, /^the quota is exhausted \(HTTP 402\)/);
  play(exporter, run(1));
  const second = await exporter.flush();
  assert.equal(sentTo(at).length, 1, 'no request during the pause');
  assert.equal(second.accepted, 0);
});

test('a batch has at most a thousand spans', async () => {
  const at = place();
  const to = mastraPlatform({ accessToken: TOKEN, endpoint: sink.origin + at, env });
  await send([to], (exporter) => play(exporter, run(1200)));
  const sizes = sentTo(at).map((request) => json(request).spans.length as number);
  assert.deepEqual(sizes.sort(), [1000, 201]);
});

test('a missing key disables, is named once, and its spans are counted', async () => {
  for (const [to, name] of [
    [contextCompany({ env }), /"context-company" is off: `apiKey` \(or TCC_API_KEY\) is missing/],
    [mastraPlatform({ env }), /"mastra-platform" is off: `accessToken` \(or MASTRA_PLATFORM_ACCESS_TOKEN/],
  ] as const) {
    const { receipt, said } = await send([to], (exporter) => play(exporter, run(1)));
    assert.deepEqual(receipt.dropped, { disabled: 2 });
    assert.equal(said.length, 1);
    assert.match(said[0], name);
  }
});
