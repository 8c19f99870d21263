// encodeSpans() against the official serialiser: the same spans in the same order, field by field, and
// nothing of one call in the next.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { encodeSpans } from 'edgespan/otel';
import { decodeProtobuf, type WireSpan } from '../support/otlp.ts';
import { ProtobufTraceSerializer } from '../support/serializers.ts';

const { resourceFromAttributes } = createRequire(
  createRequire(import.meta.url).resolve('@opentelemetry/sdk-trace-base'),
)('@opentelemetry/resources');

/** What an app traced, in the order of the ends. */
function traced(service = 'shop', text = 'grün 🚆 "quoted"\n'): ReadableSpan[] {
  const memory = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': service, 'process.pid': 17 }),
    spanProcessors: [new SimpleSpanProcessor(memory)],
  });
  const tracer = provider.getTracer('shop', '1.2.0');
  const other = provider.getTracer('db');
  for (let i = 0; i < 3; i++) {
    const root = tracer.startSpan(`order ${i}`, { kind: SpanKind.SERVER, attributes: { i, half: 0.5 } });
    const child = other.startSpan('SELECT', {
      kind: SpanKind.CLIENT,
      links: [{ context: root.spanContext(), attributes: { why: 'retry' } }],
      attributes: { text, list: ['a', 'b'], ok: true, big: 2 ** 40, long: text.repeat(500) },
    });
    // Below the root, as its parent's context says.
    (child as unknown as { parentSpanContext: object }).parentSpanContext = root.spanContext();
    child.addEvent('row', { n: i });
    child.setStatus({ code: SpanStatusCode.ERROR, message: 'no row' });
    child.end();
    root.end();
  }
  return memory.getFinishedSpans();
}

/** In one order, whatever trace came first in a body. */
const sorted = (spans: WireSpan[]): WireSpan[] =>
  spans.sort((a, b) => (a.spanId < b.spanId ? -1 : 1));

function assertSame(spans: ReadableSpan[]): void {
  const official = ProtobufTraceSerializer.serializeRequest(spans);
  assert.deepEqual(sorted(decodeProtobuf(encodeSpans(spans))), sorted(decodeProtobuf(official)));
}

describe('encodeSpans', () => {
  test('says what the official serialiser says', () => assertSame(traced()));

  test('several resources make one body', () => assertSame([...traced('shop'), ...traced('bank')]));

  test('nothing makes nothing', () => assert.equal(encodeSpans([]).length, 0));

  test('a body is the caller’s own', () => {
    const spans = traced();
    const body = encodeSpans(spans);
    const before = body.slice();
    encodeSpans(traced('other', 'x'.repeat(2_000)));
    assert.deepEqual(body, before);
    assert.deepEqual(encodeSpans(spans), before);
  });

  test('what cannot be encoded is told, and does not come later', () => {
    const spans = traced();
    const bad = { ...spans[0], spanContext: () => ({ traceId: '', spanId: '', traceFlags: TraceFlags.SAMPLED }) };
    assert.throws(() => encodeSpans([spans[1], bad as ReadableSpan]), { code: 'EDGESPAN_NOT_ENCODED' });
    assertSame(spans.slice(2));
  });

  test('what would arrive cut is told, too', () => {
    const spans = traced();
    const odd: Record<string, object> = {
      'a text': { attributes: { long: 'x'.repeat(1_048_577) } },
      'an event': { events: [{ time: [1, 0], name: 'e', attributes: { long: 'é'.repeat(1_048_577) } }] },
      'a name': { name: 'n'.repeat(65_536) },
      'many texts': { attributes: Object.fromEntries(Array.from({ length: 40 }, (_, i) => [i, 'x'.repeat(1e6)])) },
    };
    for (const [what, more] of Object.entries(odd)) {
      const span = Object.create(spans[0]!, Object.getOwnPropertyDescriptors(more)) as ReadableSpan;
      assert.throws(() => encodeSpans([span, spans[1]!]), { code: 'EDGESPAN_NOT_ENCODED', message: /1 of 2/ }, what);
    }
    const all = Object.create(spans[0]!, { attributes: { value: { long: 'x'.repeat(1_048_576) } } }) as ReadableSpan;
    assertSame([all, ...spans.slice(1)]);
  });

  test('a span that is given twice is told, whatever lies between', () => {
    const [shop, bank] = [traced('shop'), traced('bank')];
    assertSame([shop[0]!, bank[0]!, shop[1]!, bank[1]!]);
    for (const spans of [[shop[0]!, shop[0]!], [shop[0]!, bank[0]!, shop[0]!]]) {
      assert.throws(() => encodeSpans(spans), { code: 'EDGESPAN_NOT_ENCODED' });
    }
  });

  test('a resource that is not yet known to its end is read again', async () => {
    let found: (value: string) => void = () => {};
    const late = new Promise<string>((resolve) => (found = resolve));
    const resource = resourceFromAttributes({ 'service.name': 'shop', 'host.id': late });
    const spans = traced().map((one) => Object.create(one, { resource: { value: resource } }) as ReadableSpan);
    const said = () => decodeProtobuf(encodeSpans(spans))[0]!.resource.get('host.id');
    assert.equal(said(), undefined);
    found('h1');
    await resource.waitForAsyncAttributes();
    assert.deepEqual([said(), said()], ['h1', 'h1']);
  });

  test('a span that throws stops it, and leaves nothing behind', () => {
    const spans = traced();
    const bad = Object.create(spans[0], {
      events: {
        get() {
          throw new TypeError('events');
        },
      },
    });
    assert.throws(() => encodeSpans([spans[1], bad as ReadableSpan]), TypeError);
    assertSame(spans.slice(2));
  });
});
