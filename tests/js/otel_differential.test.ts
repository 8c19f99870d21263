// The same programs on OpenTelemetry's SDK and on ours: every field of what both put on the wire is the
// same, but for ids, which are told by the names of their spans, and for the flag that says that trace ids
// are random, which the SDK does not set; and for attributes of events and links that are null, which the
// SDK sends without a value.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { type Context, ROOT_CONTEXT, type Span, type SpanContext, trace, type TracerProvider } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BasicTracerProvider, BatchSpanProcessor, type SpanLimits } from '@opentelemetry/sdk-trace-base';
import { TraceState } from 'edgespan/otel';
import { context } from '@opentelemetry/api';
import { later, startOtel } from '../support/otel.ts';
import type { WireSpan } from '../support/otlp.ts';

const { make, place } = await startOtel();
// One for both: what `startActiveSpan` of the SDK needs.
const manager = new AsyncLocalStorageContextManager().enable();
context.setGlobalContextManager(manager);
after(() => context.disable());

const RANDOM = 2;

const present = (attributes: WireSpan['attributes']): WireSpan['attributes'] =>
  new Map([...attributes].filter(([, value]) => value !== null));

/** A span with names in place of ids. */
function named(span: WireSpan, names: Map<string, string>): object {
  const { resource: _, traceId, spanId, parentSpanId, flags, links, events, ...rest } = span;
  const known = ['', remote.spanId];
  const nameOf = (id: string): string => names.get(id) ?? (known.includes(id) ? id : 'one that did not end');
  return {
    ...rest,
    events: events.map((event) => ({ ...event, attributes: present(event.attributes) })),
    parent: nameOf(parentSpanId),
    flags: flags & ~RANDOM,
    links: links.map(({ traceId, spanId, flags, ...link }) => ({
      ...link,
      attributes: present(link.attributes),
      to: nameOf(spanId),
      of: spanId === remote.spanId ? traceId : '',
      flags: flags & ~RANDOM,
    })),
  };
}

type Program = (provider: TracerProvider) => void | Promise<void>;

/** How many spans they were. */
async function compare(program: Program, spanLimits?: SpanLimits): Promise<number> {
  const theirs = place();
  const official = new BasicTracerProvider({
    spanLimits,
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${theirs.endpoint}/v1/traces` }))],
  });
  const ours = make({ spanLimits });
  ours.provider.register({ contextManager: null });
  await program(official);
  await program(ours.provider as unknown as TracerProvider);
  await official.forceFlush();
  await ours.provider.forceFlush();
  const [expected, actual] = [theirs.spans(), ours.spans()].map((spans) => {
    const names = new Map(spans.map(({ spanId, name }) => [spanId, name]));
    // Spans of one trace are of one trace, whatever its id.
    const traces = [...new Set(spans.map(({ name, traceId }) => `${traceId} ${name}`))];
    assert.ok(traces.length > 0);
    return spans
      .map((span) => named(span, names) as { name: string })
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  });
  assert.deepEqual(actual, expected);
  assert.equal(new Set(ours.spans().map(({ traceId }) => traceId)).size, new Set(theirs.spans().map(({ traceId }) => traceId)).size);
  return actual.length;
}

const AT = 1_795_000_000_000;
const remote: SpanContext = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: 1,
  isRemote: true,
  traceState: TraceState.parse('a=1,b=2') as never,
};
const given = { startTime: AT };
const error = Object.assign(new RangeError('boom'), { code: 'E_BOOM' });

describe('programs', () => {
  const same = (name: string, program: Program, limits?: SpanLimits): void =>
    void test(name, async () => void (await compare(program, limits)));

  same('attributes', (provider) => {
    const span = provider.getTracer('t', '1').startSpan('s', { ...given, attributes: { a: 'x', b: null as never, list: [1, 2, 3] } });
    span.setAttributes({ text: 'é', int: 7, float: 0.5, negative: -3, zero: -0, big: 2 ** 53, huge: 1e300, yes: true });
    span.setAttributes({ none: [], texts: ['a', ''], floats: [0.5, 1], flags: [true], gaps: ['a', null, undefined] });
    span.setAttributes({ nan: Number.NaN, infinite: Infinity, minus: -Infinity });
    span.setAttribute('a', 'y').setAttribute('', 'no').setAttribute('u', undefined as never);
    span.setAttribute('f', (() => 1) as never);
    span.end(AT + 5);
  });

  same('events, links and exceptions', (provider) => {
    const span = provider.getTracer('t').startSpan('s', { ...given, links: [{ context: remote, attributes: { n: 1 } }] });
    span.addEvent('plain', AT + 1).addEvent('with', { a: [1.5] }, AT + 2).addEvent('', {}, [1_795_000_000, 5]);
    span.addEvent('both', AT + 3, AT + 4);
    span.addLink({ context: { ...remote, isRemote: false, traceFlags: 0 } });
    span.addLinks([{ context: { traceId: '', spanId: '', traceFlags: 0 }, attributes: { x: 'y' } }]);
    span.recordException(error, AT + 5);
    span.recordException('text', AT + 6);
    span.recordException({ name: 'N', message: 'M', stack: 'S' }, AT + 7);
    span.recordException({} as never, AT + 8);
    for (const none of [undefined, null, '']) span.recordException(none as never, AT + 8);
    span.end(AT + 9);
  });

  same('status and names', (provider) => {
    const states = [
      [], [{ code: 0 }], [{ code: 1, message: 'm' }], [{ code: 2 }], [{ code: 2, message: 'm' }],
      [{ code: 1 }, { code: 2, message: 'm' }], [{ code: 2, message: 'm' }, { code: 0 }], [{ code: 2, message: 'm' }, { code: 1 }],
    ];
    for (const [i, all] of states.entries()) {
      const span = provider.getTracer('t').startSpan(`s${i}`, given);
      for (const status of all) span.setStatus(status);
      span.updateName(`t${i}`);
      span.end(AT + i);
      span.setStatus({ code: 2 }).updateName('late').setAttribute('late', 1);
    }
  });

  same('trees: active, explicit, root, remote, after the end', async (provider) => {
    const tracer = provider.getTracer('lib', '2', { schemaUrl: 'https://example.com/1' });
    await tracer.startActiveSpan('root', { ...given, kind: 1 }, async (root) => {
      tracer.startActiveSpan('child', given, (child) => {
        tracer.startSpan('leaf', { ...given, kind: 2 }).end(AT + 1);
        tracer.startSpan('fresh', { ...given, root: true }).end(AT + 1);
        child.end(AT + 2);
        tracer.startSpan('after', given).end(AT + 3);
      });
      await later();
      tracer.startSpan('remote', { ...given, kind: 4 }, trace.setSpanContext(ROOT_CONTEXT, remote)).end(AT + 1);
      tracer.startSpan('invalid', given, trace.setSpanContext(ROOT_CONTEXT, { ...remote, traceId: 'x' })).end(AT + 1);
      tracer.startSpan('ids', given, trace.setSpanContext(ROOT_CONTEXT, { ...root.spanContext(), isRemote: false })).end(AT + 1);
      root.end(AT + 9);
      tracer.startSpan('late', given).end(AT + 10);
    });
    const unsampled = trace.setSpanContext(ROOT_CONTEXT, { ...remote, traceFlags: 0 });
    tracer.startSpan('unsampled', given, unsampled).end(AT);
  });

  same('times', (provider) => {
    const times = [AT + 0.123, AT + 0.9999996, [1_795_000_000, 999_999_999], [1_795_000_000, 0], new Date(AT + 7), AT + 1e6];
    for (const [i, time] of times.entries()) {
      const span = provider.getTracer('t').startSpan(`s${i}`, { startTime: time as never });
      span.addEvent('e', time as never);
      span.end(time as never);
    }
    provider.getTracer('t').startSpan('back', given).end(AT - 1);
  });

  same('limits', (provider) => {
    const span = provider.getTracer('t').startSpan('s', { ...given, attributes: { first: 'abcdef', second: ['abcdef', 'x'], third: 1 } });
    span.setAttribute('first', 'ghijkl').setAttribute('fourth', 1);
    for (let i = 0; i < 6; i++) {
      span.addEvent(`e${i}`, { a: 'abcdef', b: i, c: true }, AT + i);
      span.addLink({ context: remote, attributes: { i, b: 'abcdef' } });
    }
    span.end(AT + 9);
  }, {
    attributeCountLimit: 2,
    attributeValueLengthLimit: 3,
    eventCountLimit: 4,
    linkCountLimit: 3,
    attributePerEventCountLimit: 2,
    attributePerLinkCountLimit: 1,
  });
});

// ---- Any program -------------------------------------------------------------------------------

/** Numbers that look random and are the same for a seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761 + 1;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
}

const VALUES = ['', 'text', 'é\u{1f600}', 0, 1, -1, 0.1, 2 ** 40, true, false, [], ['a', 'b'], [1, 2.5], [null, true], null, undefined];

function randomProgram(seed: number): Program {
  return (provider) => {
    const next = randomOf(seed);
    let made = 0;
    const attributes = (): object =>
      Object.fromEntries(Array.from({ length: next(5) }, () => [`k${next(7)}`, VALUES[next(VALUES.length)]]));
    const context = (): Context => trace.setSpanContext(ROOT_CONTEXT, { ...remote, traceFlags: 1 });
    const grow = (depth: number, parent: Context): Span => {
      const name = `s${made++}`;
      const links = Array.from({ length: next(3) }, () => ({ context: remote, attributes: attributes() as never }));
      const options = { kind: next(5), attributes: attributes() as never, links, startTime: AT + made, root: next(12) === 0 };
      const span = provider.getTracer(`lib${next(3)}`, next(2) ? '1.0' : undefined).startSpan(name, options, parent);
      const below = trace.setSpan(parent, span);
      for (let left = next(9); left > 0; left--) {
        const at = AT + made + next(1000) / 8;
        switch (next(10)) {
          case 0: span.setAttributes(attributes() as never); break;
          case 1: span.addEvent(`e${next(4)}`, attributes() as never, at); break;
          case 2: span.addLink({ context: span.spanContext(), attributes: attributes() as never }); break;
          case 3: span.setStatus({ code: next(3), message: next(2) ? 'm' : undefined }); break;
          case 4: span.recordException({ name: 'E', message: `${next(9)}`, stack: 'at x' }, at); break;
          case 5: span.updateName(`${name}'`); break;
          default: if (depth < 4) grow(depth + 1, next(9) ? below : context());
        }
      }
      if (next(20) > 0) span.end(AT + made + 500 + next(100));
      return span;
    };
    for (let roots = 1 + next(3); roots > 0; roots--) grow(0, next(3) ? ROOT_CONTEXT : context()).end(AT + 5_000);
  };
}

test('100 programs that were made at random', async () => {
  let spans = 0;
  for (let seed = 1; seed <= 100; seed++) {
    try {
      spans += await compare(randomProgram(seed), seed % 3 ? undefined : { attributeCountLimit: 3, eventCountLimit: 2, linkCountLimit: 1 });
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
  assert.ok(spans > 1_000, `${spans}`);
});
