// Carriers: what goes in, what comes out, and the spans that go on from them, as they arrive.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { context as apiContext, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { continueFrom, extract, inject, refusedCarriers, tracingOptions } from 'edgespan/context';
import { active, EdgespanTracerProvider, ROOT, type Span, withContext } from 'edgespan/otel';
import { startSite } from '../support/exporter.ts';
import type { WireSpan } from '../support/otlp.ts';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const IDS = { traceId: '0af7651916cd43dd8448eb211c80319c', parentSpanId: 'b7ad6b7169203331' };
const CARRIER = { traceparent: TRACEPARENT, tracestate: 'a=1,b=2', baggage: 'user=%C3%A5da;p=1' };

const site = await startSite();
/** A provider whose spans arrive at a place of their own. */
function setUp() {
  const place = site.place('ok');
  const provider = new EdgespanTracerProvider({ destinations: [place.to], serviceName: 'continuity' });
  const tracer = provider.getTracer('test');
  const spans = async (): Promise<Map<string, WireSpan>> => {
    await provider.forceFlush();
    return new Map(place.spans().map((span) => [span.name, span]));
  };
  /** Runs within a span of that name. */
  const within = <T>(name: string, fn: () => T): T =>
    tracer.startActiveSpan(name, (span) => {
      try {
        return fn();
      } finally {
        span.end();
      }
    });
  return { place, provider, tracer, spans, within };
}

describe('inject', () => {
  test('the active span, by W3C’s names, into plain JSON', async () => {
    const { within, spans } = setUp();
    const carrier = within('here', () => inject());
    const here = (await spans()).get('here');
    assert.deepEqual(structuredClone(carrier), {
      traceparent: `00-${here?.traceId}-${here?.spanId}-03`,
    });
    assert.deepEqual(inject(), {}, 'without a span nothing');
  });

  test('into what is given, which keeps what it has', () => {
    const message = { order: 7, traceparent: 'an old one' };
    const same = withContext(extract(CARRIER), () => inject(message));
    assert.equal(same, message);
    assert.deepEqual(message, { order: 7, ...CARRIER });
  });

  test('what an earlier hop left is gone, signature included; what is frozen stays', () => {
    const left = { ...CARRIER, 'edgespan-signature': 'v1.1.x', order: 7 };
    assert.deepEqual(inject(left), { order: 7 });
    const frozen = Object.freeze({ order: 7 });
    assert.equal(withContext(extract(CARRIER), () => inject(frozen)), frozen);
  });

  test('everything that came goes on; baggage only if wanted', () => {
    const from = extract(CARRIER, ROOT);
    assert.deepEqual(inject({}, { from }), CARRIER);
    const { baggage: _, ...rest } = CARRIER;
    assert.deepEqual(inject({}, { from, baggage: false }), rest);
  });

  test('fits where there is little room', () => {
    const from = extract(CARRIER, ROOT);
    const sizes = [1000, 120, 80, 20].map((maxBytes) => {
      const carrier = inject({}, { from, maxBytes });
      assert.ok(JSON.stringify(carrier).length <= maxBytes);
      return Object.keys(carrier);
    });
    assert.deepEqual(sizes, [
      ['traceparent', 'tracestate', 'baggage'],
      ['traceparent', 'tracestate'],
      ['traceparent'],
      [],
    ]);
  });

  test('from a span, its context, a Mastra span, a context of the API', () => {
    const { tracer } = setUp();
    const span = tracer.startSpan('one');
    const { traceId, spanId } = span.spanContext();
    const wanted = { traceId, parentSpanId: spanId };
    const sources = [
      span,
      span.spanContext(),
      { traceId, id: spanId },
      inject({}, { from: span }),
      trace.setSpan(ROOT_CONTEXT, span as never),
      withContext(ROOT, () => extract(inject({}, { from: span }))),
    ];
    for (const from of sources) assert.deepEqual(tracingOptions(from), wanted);
    assert.deepEqual(tracingOptions({ traceId: 'A1', id: '2' }), {
      traceId: 'a1'.padStart(32, '0'),
      parentSpanId: '2'.padStart(16, '0'),
    });
    assert.deepEqual(tracingOptions({ traceId: 'none', id: 'at all' }), {});
    span.end();
  });
});

describe('extract', () => {
  test('what is none is ignored, and counted', () => {
    const before = refusedCarriers();
    const none: unknown[] = [undefined, null, {}, 'text', 7, [], new Date(0)];
    for (const carrier of none) assert.equal(extract(carrier, ROOT), ROOT);
    for (const traceparent of ['', 'x', TRACEPARENT.replaceAll(/[1-9a-f]/g, '0'), `${TRACEPARENT}\n`]) {
      assert.equal(extract({ traceparent }, ROOT), ROOT);
    }
    const after = refusedCarriers();
    assert.equal(after.missing - before.missing, 6, 'undefined, null, {}, [], a date, an empty field');
    assert.equal(after.malformed - before.malformed, 5);
  });

  test('baggage without a trace', () => {
    const from = extract({ baggage: 'a=1' }, ROOT);
    assert.deepEqual(inject({}, { from }), { baggage: 'a=1' });
  });
});

describe('continueFrom', () => {
  /** What crossed: nothing but text. */
  const cross = <T>(carrier: T): T => JSON.parse(JSON.stringify(carrier)) as T;

  test('as a child: one trace', async () => {
    const { within, spans, tracer } = setUp();
    const carrier = within('sender', () => cross(inject()));
    const result = continueFrom(carrier, () => within('work', () => 42), { tracer, name: 'job' });
    assert.equal(result, 42, 'what fn returns');
    const all = await spans();
    const [sender, job, work] = ['sender', 'job', 'work'].map((name) => all.get(name) as WireSpan);
    assert.deepEqual([job.traceId, job.parentSpanId], [sender.traceId, sender.spanId]);
    assert.deepEqual([work.traceId, work.parentSpanId], [job.traceId, job.spanId]);
    assert.equal(job.scope.name, 'test', 'by the tracer that was given');
  });

  test('as a link: a trace of its own', async () => {
    const { within, spans, tracer } = setUp();
    const carrier = within('sender', () => cross(inject()));
    const attributes = { 'messaging.system': 'test' };
    const options = { tracer, name: 'job', relation: 'link', kind: 4, attributes } as const;
    await continueFrom(carrier, async () => within('work', () => {}), options);
    const all = await spans();
    const [sender, job] = ['sender', 'job'].map((name) => all.get(name) as WireSpan);
    assert.notEqual(job.traceId, sender.traceId);
    assert.equal(job.parentSpanId, '');
    assert.equal(job.kind, 5, 'CONSUMER on the wire');
    assert.equal(job.attributes.get('messaging.system'), 'test');
    const links = job.links.map(({ traceId, spanId }) => ({ traceId, spanId }));
    assert.deepEqual(links, [{ traceId: sender.traceId, spanId: sender.spanId }]);
    assert.equal(all.get('work')?.parentSpanId, job.spanId);
  });

  test('below a span that is active here: a child of it, with the link', async () => {
    const { within, spans, tracer } = setUp();
    within('batch', () => continueFrom(CARRIER, () => {}, { tracer, relation: 'link' }));
    const all = await spans();
    assert.equal(all.get('continue')?.parentSpanId, all.get('batch')?.spanId);
    const links = all.get('continue')?.links.map(({ spanId }) => spanId);
    assert.deepEqual(links, [IDS.parentSpanId]);
  });

  test('whoever traces here makes the span', async () => {
    const { within, spans } = setUp();
    within('invocation', () => continueFrom(CARRIER, () => {}));
    const job = (await spans()).get('continue');
    assert.deepEqual([job?.traceId, job?.parentSpanId], [IDS.traceId, IDS.parentSpanId]);
    assert.equal(job?.scope.name, 'edgespan/context');
  });

  test('nobody who traces: the work is done, and its ids go on', async () => {
    const seen = await continueFrom(CARRIER, async () => {
      await null;
      return [tracingOptions(), inject()];
    });
    assert.deepEqual(seen, [IDS, CARRIER]);
  });

  test('a carrier that is none begins a trace of its own', async () => {
    const { spans, tracer } = setUp();
    for (const relation of ['parent', 'link'] as const) {
      for (const carrier of [undefined, 'nonsense', { traceparent: 'x' }]) {
        continueFrom(carrier, () => {}, { tracer, name: `${relation} ${typeof carrier}`, relation });
      }
    }
    const all = [...(await spans()).values()];
    assert.equal(all.length, 6);
    for (const span of all) assert.deepEqual([span.parentSpanId, span.links], ['', []]);
    assert.equal(new Set(all.map((span) => span.traceId)).size, 6);
  });

  test('what fn throws is recorded, and thrown', async () => {
    const { spans, tracer } = setUp();
    const broken = new RangeError('too far');
    const fail = (): never => {
      throw broken;
    };
    assert.throws(() => continueFrom(CARRIER, fail, { tracer, name: 'sync' }), broken);
    const rejected = continueFrom(CARRIER, async () => fail(), { tracer, name: 'async' });
    await assert.rejects(rejected, broken);
    for (const span of (await spans()).values()) {
      assert.deepEqual(span.status, { code: 2, message: 'too far' });
      assert.equal(span.events[0].attributes.get('exception.type'), 'RangeError');
    }
  });

  test('not sampled there, not recorded here', async () => {
    const { place, provider, tracer } = setUp();
    const carrier = { traceparent: TRACEPARENT.replace(/01$/, '00') };
    const inner = continueFrom(carrier, (span: Span) => [span.isRecording(), inject()], { tracer });
    await provider.forceFlush();
    assert.equal(inner[0], false);
    assert.match((inner[1] as typeof CARRIER).traceparent, /^00-0af7651916cd43dd8448eb211c80319c-.*-00$/);
    assert.deepEqual(place.spans(), []);
  });

  test('a tracer of the API', async () => {
    const { spans, provider } = setUp();
    trace.setGlobalTracerProvider(provider as never);
    try {
      continueFrom(CARRIER, () => {}, { tracer: trace.getTracer('api'), name: 'by the API' });
    } finally {
      trace.disable();
    }
    assert.equal((await spans()).get('by the API')?.parentSpanId, IDS.parentSpanId);
    assert.equal(apiContext.active(), ROOT_CONTEXT);
    assert.equal(active(), ROOT);
  });
});
