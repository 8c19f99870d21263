// Settings: what each does, and that a broken one costs its own destination alone, and is named.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { otlp, type OtlpOptions } from 'edgespan/destinations';
import * as dialects from 'edgespan/dialects';
import { langfuse, openinference } from 'edgespan/dialects';
import { startSite, total } from '../support/exporter.ts';
import { decodeProtobuf, type WireSpan } from '../support/otlp.ts';
import { id, play, run } from './spans.ts';

// Without a spool what cannot be sent is lost: spool_memory.test.ts has the rest.
const { arrived, make, sink, to } = await startSite({ spool: false });

describe('settings', () => {
  const broken: [string, Partial<OtlpOptions>, RegExp][] = [
    ['no endpoint', { endpoint: undefined }, /`endpoint` is missing/],
    ['empty endpoint', { endpoint: ' ' }, /`endpoint` is missing/],
    ['no URL', { endpoint: 'undefined/v1/traces' }, /`endpoint` is not a URL/],
    ['other scheme', { endpoint: 'ftp://example.com' }, /`endpoint` is not an http/],
    ['placeholder', { endpoint: 'https://undefined/otlp' }, /`endpoint` was built from a missing/],
    ['credentials', { endpoint: 'https://user:pw@example.com' }, /`endpoint` holds credentials/],
    ['no header', { headers: { authorization: undefined } }, /`headers.authorization` is missing/],
    ['undefined inside', { headers: { authorization: `Bearer ${undefined}` } }, /`headers.authorization` was built/],
    ['scheme only', { headers: { Authorization: 'Bearer ' } }, /`headers.Authorization` was built/],
    ['bad header', { headers: { 'x-key': 'a\nb' } }, /`headers.x-key` is not a valid header/],
    ['a dialect by name', { dialect: 'langfuse' as 'genai' }, /`dialect` is none: import one/],
    ['no dialect', { dialect: null as unknown as 'genai' }, /`dialect` is no dialect/],
    ['a parent of its own', { remoteParent: 'drop' as 'keep' }, /`remoteParent` is neither/],
  ];
  for (const [what, options, message] of broken) {
    test(`${what}: one warning that names the setting, no request, all counted`, async () => {
      const { exporter, notes } = make({ destinations: [to('ok', options)] });
      const before = sink.requests.length;
      play(exporter, run(2));
      play(exporter, run(2));
      const receipt = await exporter.flush();
      assert.deepEqual(receipt.dropped, { disabled: 6 });
      assert.equal(total(receipt), 6);
      assert.equal(sink.requests.length, before);
      assert.equal(notes.lines.length, 1);
      assert.match(notes.lines[0], message);
    });
  }

  test('a broken destination leaves its neighbour alone', async () => {
    const { exporter } = make({ destinations: [to('ok', { endpoint: undefined }), to('ok')] });
    play(exporter, run(2));
    const receipt = await exporter.flush();
    assert.equal(receipt.accepted, 3);
    assert.deepEqual(receipt.dropped, { disabled: 3 });
  });

  test('a table or a span type that is none turns the exporter off and says so', async () => {
    const lines: string[] = [];
    for (const options of [
      { dialect: { name: 'mine', table: ':!nonsense' } },
      { dropTypes: ['chunk'] },
    ]) {
      const { exporter, notes } = make({ destinations: [to('ok', options)] });
      play(exporter, run(1));
      play(exporter, run(1));
      const receipt = await exporter.flush();
      assert.equal(total(receipt), 4);
      assert.equal(receipt.accepted, 0);
      lines.push(...notes.lines);
    }
    assert.equal(lines.length, 1, 'the same words for both, said once');
    assert.match(lines[0], /`dropTypes` or `dialect`/);
  });

  test('each destination has its dialect, its parents and its types', async () => {
    const before = sink.requests.length;
    const { exporter, notes } = make({
      destinations: [
        to('ok/plain'),
        to('ok/langfuse', { dialect: langfuse }),
        to('ok/phoenix', { dialect: openinference, remoteParent: 'keep', dropTypes: ['tool_call'] }),
      ],
    });
    const [root, tool, other] = run(2, { type: 'generic' });
    Object.assign(root, { type: 'agent_run', externalParentSpanId: id() });
    tool.type = 'tool_call';
    play(exporter, [root, tool, other]);
    const receipt = await exporter.flush();
    assert.deepEqual([receipt.accepted, receipt.dropped], [8, { leftOut: 1 }]);
    assert.deepEqual(notes.lines, [], 'what was not wanted is no loss');
    const bodies = sink.requests.slice(before).map((r) => ({ path: r.path, body: r.body }));
    const at = (path: string): WireSpan[] =>
      bodies.filter((b) => b.path.includes(path)).flatMap((b) => decodeProtobuf(b.body));
    const kinds = (path: string, name: string): unknown[] =>
      at(path).map((s) => s.attributes.get(name));
    assert.equal(at('plain').length, 3);
    assert.ok(kinds('plain', 'gen_ai.operation.name').every((kind) => typeof kind === 'string'));
    assert.deepEqual(kinds('langfuse', 'langfuse.observation.type').sort(), ['agent', 'span', 'tool']);
    assert.deepEqual(kinds('phoenix', 'openinference.span.kind').sort(), ['AGENT', 'CHAIN']);
    const parents = (path: string): boolean =>
      at(path).some((s) => s.parentSpanId === root.externalParentSpanId);
    assert.deepEqual(['plain', 'langfuse', 'phoenix'].map(parents), [true, false, true]);
  });

  test('dialects with one address share nothing but their tables', async () => {
    const all = Object.values(dialects);
    assert.ok(all.length >= 12);
    assert.equal(new Set(all.map((d) => d.table)).size, all.length);
    for (const dialect of all) {
      assert.equal(dialects[dialect.name as keyof typeof dialects], dialect);
      const { exporter, notes } = make({ destinations: [to('ok', { dialect })] });
      play(exporter, run(2));
      const receipt = await exporter.flush();
      assert.deepEqual([receipt.accepted, notes.lines], [3, []], dialect.name);
    }
  });

  test('/v1/traces is appended to a base URL, and only to one', async () => {
    const paths = ['', '/', '/base', '/base/', '/v1/traces', '/base/v1/traces/', '/q?x=1'];
    const first = sink.requests.length;
    for (const path of paths) {
      const { exporter } = make({ destinations: [otlp({ endpoint: `${sink.origin}${path}` })] });
      play(exporter, run(0));
      await exporter.flush();
    }
    assert.deepEqual(
      sink.requests.slice(first).map((r) => r.path),
      [
        '/v1/traces',
        '/v1/traces',
        '/base/v1/traces',
        '/base/v1/traces',
        '/v1/traces',
        '/base/v1/traces',
        '/q/v1/traces?x=1',
      ],
    );
  });

  test('limits reach the core', async () => {
    const { exporter } = make({ limits: { attributeCountLimit: 3 } });
    const spans = run(0, { metadata: { a: 1, b: 2, c: 3, d: 4, e: 5 } });
    play(exporter, spans);
    await exporter.flush();
    const [wire] = arrived(spans[0].traceId);
    assert.equal(wire.attributes.size, 3);
    assert.ok(wire.dropped.attributes > 0);
  });
});
