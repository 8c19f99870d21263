// Custom span formatters, for an exporter and for a destination: each destination gets its own form of
// every span, what fails is withheld, and the accounts stay exact. With hand-made spans, and with real
// Mastra and its own chainFormatters(). Titles name rows of the promises
// (tests/support/promises.ts).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { Mastra } from '@mastra/core/mastra';
import type { CustomSpanFormatter } from '@mastra/core/observability';
import { chainFormatters, Observability } from '@mastra/observability';
import { type Destination, otlp, type OtlpOptions } from 'edgespan/destinations';
import {
  EdgespanExporter,
  type EdgespanExporterOptions,
  type MastraSpan,
  type Receipt,
} from 'edgespan/mastra';
import { makeAgents } from '../runtime/worker/agents.ts';
import { decodeProtobuf, lint, type WireSpan } from '../support/otlp.ts';
import { Sink } from '../support/sink.ts';
import { end, play, run, span, start } from './spans.ts';

let sink: Sink;
before(async () => {
  sink = await Sink.start();
});
after(async () => {
  await sink.close();
});

let names = 0;
/** A destination of its own address below a fate of the sink, and what arrived there. */
function to(options: Partial<OtlpOptions> = {}, fate = 'ok'): { to: Destination; spans(): WireSpan[] } {
  const name = `f${++names}`;
  const destination = otlp({ endpoint: `${sink.origin}/${fate}/${name}`, name, ...options });
  const requests = () => sink.requests.filter((r) => r.path.startsWith(`/${fate}/${name}/`));
  return { to: destination, spans: () => requests().flatMap((r) => decodeProtobuf(r.body)) };
}

function make(options: EdgespanExporterOptions): { exporter: EdgespanExporter; receipts: Receipt[] } {
  const receipts: Receipt[] = [];
  const onReceipt = (receipt: Receipt): void => void receipts.push(receipt);
  return { exporter: new EdgespanExporter({ logLevel: 'silent', onReceipt, ...options }), receipts };
}

const marked =
  (mark: string) =>
  (s: MastraSpan): MastraSpan => ({ ...s, metadata: { mark } }) as MastraSpan;
const marks = (spans: WireSpan[]): unknown[] => [
  ...new Set(spans.map((s) => s.attributes.get('mastra.metadata.mark'))),
];
const ids = (spans: { spanId?: string; id?: string }[]): unknown[] =>
  spans.map((s) => s.spanId ?? s.id).sort();
const tick = (ms = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const total = ({ accepted, rejected, pending, dropped }: Receipt): number =>
  accepted + rejected + pending + Object.values(dropped).reduce((a, b) => a + b, 0);

describe('one formatter for each destination', () => {
  test('rows 75, 76: each destination gets its own form, in bodies of its own, once', async () => {
    const [plain, own, other] = [to(), to({ customSpanFormatter: marked('own') }), to()];
    const { exporter, receipts } = make({
      destinations: [plain.to, own.to, other.to],
      customSpanFormatter: marked('exporter'),
    });
    const spans = run(4, { input: 'x' });
    play(exporter, spans);
    await exporter.flush();
    for (const [at, mark] of [[plain, 'exporter'], [own, 'own'], [other, 'exporter']] as const) {
      assert.deepEqual(ids(at.spans()), ids(spans));
      assert.deepEqual(marks(at.spans()), [mark]);
      assert.deepEqual(at.spans().flatMap(lint), []);
    }
    assert.deepEqual(receipts.map((r) => [r.accepted, r.requests]), [[15, 3]], 'one receipt a run');
  });

  test('a formatter runs once for a span, however many destinations share it', async () => {
    const calls: string[] = [];
    const customSpanFormatter = (s: MastraSpan): MastraSpan => (calls.push(s.id), s);
    const own = (): ReturnType<typeof to> => to({ customSpanFormatter });
    const [a, b, c] = [own(), own(), to()];
    const { exporter } = make({ destinations: [a.to, c.to, b.to] });
    const spans = run(3);
    play(exporter, spans);
    assert.equal((await exporter.flush()).accepted, 12);
    assert.deepEqual(calls.sort(), ids(spans));
  });

  test('a span crosses once for each form', async () => {
    let reads = 0;
    // Read each time that the span is written onto a tape.
    const seen = (s: MastraSpan): MastraSpan =>
      Object.defineProperty({ ...s }, 'input', { enumerable: true, get: () => (reads++, 'x') });
    const other = (s: MastraSpan): MastraSpan => seen(s);
    const own = (customSpanFormatter = seen): Destination => to({ customSpanFormatter }).to;
    const { exporter } = make({ destinations: [own(), own(other), own(), own(), to().to] });
    const spans = run(3);
    play(exporter, spans);
    assert.equal((await exporter.flush()).accepted, 5 * spans.length);
    assert.equal(reads, 2 * spans.length);
  });

  test('two forms for one address do not mix', async () => {
    const endpoint = `${sink.origin}/ok/same-address`;
    const { exporter } = make({
      destinations: ['a', 'b'].map((m) => otlp({ endpoint, customSpanFormatter: marked(m) })),
    });
    const spans = run(3);
    play(exporter, spans);
    const receipt = await exporter.flush();
    const requests = sink.requests.filter((r) => r.path.includes('same-address'));
    const bodies = requests.map((r) => decodeProtobuf(r.body));
    assert.deepEqual(bodies.flatMap(marks).sort(), ['a', 'b']);
    for (const body of bodies) assert.deepEqual(ids(body), ids(spans));
    assert.deepEqual([receipt.accepted, total(receipt)], [8, 8]);
  });

  test('what one formatter hides, another destination still gets, and the other way round', async () => {
    const hide = (s: MastraSpan): MastraSpan => ({ ...s, input: undefined }) as MastraSpan;
    const [open, closed] = [to(), to({ customSpanFormatter: hide })];
    const { exporter } = make({ destinations: [open.to, closed.to] });
    play(exporter, run(2, { input: 'private' }));
    await exporter.flush();
    assert.match(inspect(open.spans(), { depth: 9 }), /private/);
    assert.doesNotMatch(inspect(closed.spans(), { depth: 9 }), /private/);
  });

  test('a destination does not wait for the formatter of another', async () => {
    let answer = (): void => {};
    const held = new Promise<void>((resolve) => (answer = resolve));
    const customSpanFormatter = (s: MastraSpan): Promise<MastraSpan> => held.then(() => s);
    const [fast, slow] = [to(), to({ customSpanFormatter })];
    const { exporter, receipts } = make({ destinations: [slow.to, fast.to] });
    const spans = run(2);
    play(exporter, spans);
    await sink.until(() => fast.spans().length === 3, 'the run, where nothing formats');
    assert.deepEqual([slow.spans().length, receipts.length], [0, 0]);
    answer();
    await sink.until(() => slow.spans().length === 3, 'the run, formatted');
    await exporter.flush();
    assert.deepEqual(receipts.map((r) => r.accepted), [6]);
  });

  test('a span that is being formatted is pending for each destination of its form', async () => {
    let answer = (): void => {};
    const held = new Promise<void>((resolve) => (answer = resolve));
    const customSpanFormatter = (s: MastraSpan): Promise<MastraSpan> => held.then(() => s);
    const slow = [to({ customSpanFormatter }), to({ customSpanFormatter })];
    const promises: Promise<unknown>[] = [];
    const { exporter } = make({
      destinations: [...slow, to()].map((d) => d.to),
      waitUntil: (promise) => void promises.push(promise),
    });
    play(exporter, run(2));
    const early = await exporter.flush();
    assert.deepEqual([early.accepted, early.pending], [3, 6]);
    answer();
    await Promise.all(promises);
    const late = await exporter.flush();
    assert.deepEqual([late.accepted, late.pending, total(late)], [6, 0, 6]);
  });

  test('every span is accounted for, for every destination, whatever becomes of it', async () => {
    const ok = to({ customSpanFormatter: marked('x') });
    const refused = to({ customSpanFormatter: () => assert.fail('formatter') }, '400');
    const off = to({ endpoint: undefined, customSpanFormatter: marked('y') });
    const odd = to({ dialect: 'none', customSpanFormatter: marked('z') });
    const slow = to({ customSpanFormatter: async (s) => (await tick(10), s) });
    const { exporter } = make({ destinations: [ok, refused, off, odd, slow].map((d) => d.to) });
    const spans = run(3);
    play(exporter, spans);
    const early = await exporter.flush();
    assert.equal(total(early), 5 * spans.length);
    play(exporter, run(0));
    const last = await exporter.shutdown();
    assert.equal(total(last) + total(early) - early.pending, 5 * (spans.length + 1));
    assert.equal(last.pending, 0);
    const sum = (of: (receipt: Receipt) => number): number => of(early) + of(last);
    assert.equal(sum((r) => r.accepted), 10);
    assert.equal(sum((r) => r.rejected), 5);
    assert.equal(sum((r) => r.withheld), 5);
    assert.equal(sum((r) => (r.dropped.disabled ?? 0) + (r.dropped.failed ?? 0)), 10);
  });
});

describe('a formatter that fails', () => {
  const never = new Promise<MastraSpan>(() => {});
  const failures = [
    ['throws', () => assert.fail('formatter')],
    ['rejects', () => Promise.reject(new Error('formatter'))],
    ['gives no span', () => 7],
    ['gives an empty object', () => ({})],
    ['gives a list', () => []],
    ['gives a Date', () => new Date()],
    ['gives a part of a span', (s: MastraSpan) => ({ id: s.id, name: s.name, input: 1 })],
    ['gives what cannot be read', () => hostile],
    ['gives nothing, later', async () => undefined],
    ['never answers', () => never],
  ] as const;
  const hostile = Object.defineProperty({}, 'id', { get: () => assert.fail('id') });
  const error = { message: 'private', name: 'Private', stack: 'private' };
  // Wherever users write; what of a span is its envelope says nothing of them.
  const secrets = {
    name: 'order of private',
    entityName: 'private',
    entityId: 'private',
    input: 'private',
    attributes: { model: 'private' },
    metadata: { private: 'private' },
    tags: ['private'],
    errorInfo: error,
  };

  for (const [what, formatter] of failures) {
    const customSpanFormatter = formatter as () => MastraSpan;

    test(`${what}: withheld and counted, for its destination alone`, async () => {
      const [failing, whole] = [to({ customSpanFormatter }), to()];
      const { exporter } = make({ destinations: [failing.to, whole.to], formatterTimeout: 50 });
      const spans = run(1, secrets);
      play(exporter, spans);
      const receipt = await exporter.flush();
      assert.deepEqual([receipt.accepted, receipt.withheld, receipt.pending], [4, 2, 0]);
      assert.deepEqual(failing.spans().map((s) => s.name).sort(), ['generic', 'invoke_agent']);
      assert.deepEqual(ids(failing.spans()), ids(spans));
      assert.deepEqual(failing.spans().flatMap(lint), []);
      assert.doesNotMatch(inspect(failing.spans(), { depth: 9 }), /private/i);
      assert.match(inspect(whole.spans(), { depth: 9 }), /private/);
      // That a span failed is part of its envelope.
      for (const s of failing.spans()) assert.deepEqual(s.status, { code: 2, message: '' });
    });

    test(`${what}, with onFormatterError 'original': the span leaves as it was`, async () => {
      const [formatted, plain] = [to({ customSpanFormatter }), to()];
      const { exporter } = make({
        destinations: [formatted.to, plain.to],
        onFormatterError: 'original',
        formatterTimeout: 50,
      });
      play(exporter, run(2, secrets));
      const receipt = await exporter.flush();
      assert.deepEqual([receipt.accepted, receipt.withheld], [6, 0]);
      const sorted = (spans: WireSpan[]): WireSpan[] =>
        spans.sort((a, b) => a.spanId.localeCompare(b.spanId));
      assert.deepEqual(sorted(formatted.spans()), sorted(plain.spans()));
    });
  }

  test('row 78: formatterTimeout is the time that a run waits', async () => {
    // Slower than one timeout and faster than the other by far: the machine may be busy.
    const at = to({ customSpanFormatter: async (s) => (await tick(400), s) });
    const after: number[] = [];
    for (const formatterTimeout of [20, 30_000]) {
      const { exporter } = make({ destinations: [at.to], formatterTimeout });
      play(exporter, run(1));
      after.push((await exporter.flush()).withheld);
    }
    assert.deepEqual(after, [2, 0]);
  });

  test('a formatter that takes the name away leaves the type', async () => {
    const at = to({ customSpanFormatter: ({ name: _, ...s }) => s as MastraSpan });
    const { exporter } = make({ destinations: [at.to] });
    play(exporter, run(1, { name: 'order of private' }));
    assert.deepEqual([(await exporter.flush()).withheld, at.spans().length], [0, 2]);
    assert.doesNotMatch(inspect(at.spans(), { depth: 9 }), /private/);
  });

  test('an answer that comes too late changes nothing', async () => {
    let answer: (s: MastraSpan) => void = () => {};
    const held = new Promise<MastraSpan>((resolve) => (answer = resolve));
    const at = to({ customSpanFormatter: (s) => (s.isRootSpan ? s : held) });
    const { exporter } = make({ destinations: [at.to], formatterTimeout: 20 });
    const spans = run(1);
    play(exporter, spans);
    await exporter.flush();
    answer(spans[1]);
    await tick();
    const receipt = await exporter.flush();
    assert.deepEqual([total(receipt), at.spans().length], [0, 2]);
  });

  test('spans that wait are bounded: the oldest leaves without content', async () => {
    const answers: (() => void)[] = [];
    const customSpanFormatter = (s: MastraSpan): Promise<MastraSpan> =>
      new Promise((resolve) => answers.push(() => resolve(marked('made')(s))));
    const at = to({ customSpanFormatter });
    const { exporter } = make({ destinations: [at.to], formatterTimeout: 20 });
    const [root, ...children] = run(4_100);
    start(exporter, root);
    end(exporter, ...children);
    const early = await exporter.flush();
    assert.deepEqual([early.pending, early.withheld], [4_100, 4]);
    for (const answer of answers) answer();
    await tick();
    const receipt = await exporter.shutdown();
    assert.deepEqual([receipt.accepted, receipt.withheld, total(receipt)], [4_100, 0, 4_100]);
    const bare = at.spans().filter((s) => !s.attributes.has('mastra.metadata.mark'));
    assert.deepEqual(ids(bare), ids(children.slice(0, 4)));
  });
});

describe('asynchronous formatters', () => {
  test('a span that ends after its root is waited for, and sent by itself', async () => {
    const at = to({ customSpanFormatter: async (s) => (await tick(20), marked('late')(s)) });
    const promises: Promise<unknown>[] = [];
    const { exporter } = make({
      destinations: [at.to],
      waitUntil: (promise) => void promises.push(promise),
    });
    const [root, child] = run(1);
    play(exporter, [root]);
    await Promise.all(promises);
    end(exporter, child);
    assert.equal(promises.length, 2);
    await promises[1];
    assert.deepEqual(ids(at.spans()), ids([root, child]));
    assert.deepEqual(marks(at.spans()), ['late']);
  });

  test('runs that share a trace id leave whole', async () => {
    const at = to({ customSpanFormatter: async (s) => (await tick(s.isRootSpan ? 0 : 15), s) });
    const { exporter } = make({ destinations: [at.to] });
    const first = run(2);
    const { traceId } = first[0];
    const root = span({ traceId, isRootSpan: true });
    const second = [root, span({ traceId, parentSpanId: root.id })];
    start(exporter, ...first, ...second);
    end(exporter, ...first.slice(1), first[0], second[1], second[0]);
    const receipt = await exporter.flush();
    assert.deepEqual([receipt.accepted, receipt.withheld, receipt.pending], [5, 0, 0]);
    assert.deepEqual(ids(at.spans()), ids([...first, ...second]));
  });

  test('shutdown waits for them', async () => {
    const at = to({ customSpanFormatter: async (s) => (await tick(20), marked('made')(s)) });
    const { exporter } = make({ destinations: [at.to] });
    const [root, child] = run(1);
    start(exporter, root);
    end(exporter, child);
    const receipt = await exporter.shutdown();
    assert.deepEqual([receipt.accepted, receipt.unended], [1, 1]);
    assert.deepEqual(marks(at.spans()), ['made']);
  });
});

describe("with Mastra's own agents", () => {
  // The formatters of Mastra's documentation.
  const plainText: CustomSpanFormatter = (s) => {
    if (s.type !== 'agent_run' || !Array.isArray(s.input)) return s;
    const user = s.input.find((message) => (message as { role?: string }).role === 'user');
    return { ...s, input: (user as { content?: unknown })?.content ?? s.input };
  };
  const enrichment: CustomSpanFormatter = async (s) => {
    const userId = s.metadata?.userId;
    if (!userId) return s;
    await tick(5);
    return { ...s, metadata: { ...s.metadata, userName: `user of ${userId}` } };
  };
  const rename: CustomSpanFormatter = (s) => ({ ...s, name: `${s.name} (formatted)` });

  async function ask(exporter: EdgespanExporter): Promise<void> {
    const mastra = new Mastra({
      agents: makeAgents(),
      logger: false,
      observability: new Observability({
        configs: { default: { serviceName: 'formatters', exporters: [exporter] } },
      }),
    });
    await mastra.getAgent('tools').generate([{ role: 'user', content: 'Snow?' }], {
      tracingOptions: { metadata: { userId: 'u-7' } },
    });
  }

  test('rows 77, 78: chainFormatters(), synchronous and asynchronous, for one destination', async () => {
    const customSpanFormatter = chainFormatters([plainText, enrichment, rename]);
    const [plain, chained] = [to(), to({ customSpanFormatter })];
    const { exporter } = make({ destinations: [plain.to, chained.to] });
    await ask(exporter);
    const receipt = await exporter.flush();
    assert.deepEqual([receipt.withheld, receipt.pending, receipt.errors], [0, 0, []]);
    assert.deepEqual(ids(chained.spans()), ids(plain.spans()));
    assert.ok(plain.spans().length > 10);
    assert.deepEqual(chained.spans().flatMap(lint), []);
    const named = (s: WireSpan): unknown => s.attributes.get('mastra.metadata.userName');
    assert.deepEqual([...new Set(chained.spans().map(named))], ['user of u-7']);
    assert.deepEqual([...new Set(plain.spans().map(named))], [undefined]);
    const rootOf = (spans: WireSpan[]): WireSpan | undefined => spans.find((s) => !s.parentSpanId);
    const shown = inspect(rootOf(chained.spans())?.attributes);
    assert.match(shown, /'Snow\?'/);
    assert.doesNotMatch(shown, /role/);
    assert.match(inspect(rootOf(plain.spans())?.attributes), /role/);
  });

  test('row 79: a formatter may add and remove fields, not ids, parents and times', async () => {
    const forge: CustomSpanFormatter = (s) => {
      const { output: _, ...rest } = s as typeof s & { output?: unknown };
      const forged = { id: 'f'.repeat(16), traceId: 'f'.repeat(32), parentSpanId: 'f'.repeat(16) };
      const times = { startTime: new Date(0), endTime: new Date(1) };
      return { ...rest, ...forged, ...times, isRootSpan: false, isEvent: true } as typeof s;
    };
    const [plain, forged] = [to(), to({ customSpanFormatter: forge })];
    const { exporter } = make({ destinations: [forged.to, plain.to] });
    await ask(exporter);
    await exporter.flush();
    const envelope = ({ spanId, traceId, parentSpanId, start, end, flags, kind }: WireSpan) =>
      `${[spanId, traceId, parentSpanId, start, end, flags, kind]}`;
    assert.deepEqual(forged.spans().map(envelope).sort(), plain.spans().map(envelope).sort());
    assert.equal(forged.spans().some((s) => s.attributes.has('gen_ai.output.messages')), false);
    assert.equal(plain.spans().some((s) => s.attributes.has('gen_ai.output.messages')), true);
  });
});
