// The active context: with AsyncLocalStorage, without, with another's context manager, in two copies of
// the package; and registration with the API.
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  active,
  alwaysOff,
  bind,
  contextManager,
  register,
  ROOT,
  run,
  useAsyncLocalStorage,
  withContext,
} from 'edgespan/otel';
import { flush } from '../../js/dist/engine/flush.js';
import { plainEngine } from '../../js/dist/engine/plain.js';
import { setupOf, withSetup } from '../../js/dist/otel/setup.js';
import { otlp } from 'edgespan/destinations';
import { later, startOtel } from '../support/otel.ts';

const { make, place } = await startOtel();
const PLACE = Symbol.for('edgespan.context');
const shared = globalThis as unknown as Record<symbol, unknown>;
const key = Symbol('key');
const value = (): unknown => active().getValue(key);

/** As in a process that has just begun. */
beforeEach(() => {
  for (const api of [trace, context, propagation]) api.disable();
  delete shared[PLACE];
});
afterEach(() => {
  for (const api of [trace, context, propagation]) api.disable();
  delete shared[PLACE];
});

/** The one that is found by itself is not there. */
function hide(): () => void {
  const { getBuiltinModule } = process;
  process.getBuiltinModule = undefined as never;
  return () => {
    process.getBuiltinModule = getBuiltinModule;
  };
}

describe('AsyncLocalStorage', () => {
  test('keeps contexts apart, whatever runs at once', async () => {
    const { provider, tree } = make();
    const tracer = provider.getTracer('t');
    await Promise.all(
      [1, 2, 3].map((i) =>
        run(tracer, `root${i}`, {}, async () => {
          await later(i);
          await Promise.all(
            ['a', 'b'].map((name) =>
              run(tracer, `${name}${i}`, {}, async () => {
                await later(4 - i);
                tracer.startSpan(`leaf-${name}${i}`).end();
              }),
            ),
          );
        }),
      ),
    );
    await provider.forceFlush();
    const expected = [1, 2, 3].flatMap((i) => [
      [`root${i}`, ''],
      ...['a', 'b'].flatMap((name) => [[`${name}${i}`, `root${i}`], [`leaf-${name}${i}`, `${name}${i}`]]),
    ]);
    assert.deepEqual(tree(), Object.fromEntries(expected));
  });

  test('reaches timers, microtasks and generators', async () => {
    const seen: unknown[] = [];
    await withContext(ROOT.setValue(key, 1), async () => {
      await new Promise<void>((resolve) => void setTimeout(() => (seen.push(value()), resolve()), 1));
      queueMicrotask(() => seen.push(value()));
      for await (const one of (async function* () { yield value(); })()) seen.push(one);
    });
    assert.deepEqual([seen, value()], [[1, 1, 1], undefined]);
  });

  test('is the one that is given, where it is', async () => {
    const restore = hide();
    try {
      let made = 0;
      useAsyncLocalStorage(class extends AsyncLocalStorage<unknown> {
        constructor() {
          super();
          made++;
        }
      });
      await withContext(ROOT.setValue(key, 1), async () => {
        await later();
        assert.equal(value(), 1);
      });
      assert.equal(made, 1);
    } finally {
      restore();
    }
  });

  test('is one for all copies of the package', async () => {
    const other = (await import(new URL('../../js/dist/otel/context.js?copy', import.meta.url).href)) as {
      active: typeof active;
      ROOT: typeof ROOT;
    };
    assert.notEqual(other.ROOT, ROOT);
    withContext(ROOT.setValue(key, 1), () => assert.equal(other.active().getValue(key), 1));
  });
});

describe('without it', () => {
  let restore: () => void;
  beforeEach(() => {
    restore = hide();
  });
  afterEach(() => restore());

  test('what is called at once nests; what comes later is given its context', async () => {
    const { provider, tree } = make();
    const tracer = provider.getTracer('t');
    await tracer.startActiveSpan('root', async (root) => {
      const mine = active();
      tracer.startActiveSpan('child', (child) => {
        tracer.startSpan('leaf').end();
        child.end();
      });
      await later();
      assert.equal(active(), ROOT);
      tracer.startSpan('explicit', {}, mine).end();
      await run(tracer, 'run', { parent: mine }, async () => {});
      root.end();
    });
    await provider.forceFlush();
    assert.deepEqual(tree(), { leaf: 'child', child: 'root', explicit: 'root', run: 'root', root: '' });
  });

  test('what is thrown leaves no context behind', () => {
    assert.throws(() => withContext(ROOT.setValue(key, 1), () => { throw new Error('no'); }), /no/);
    assert.equal(active(), ROOT);
  });
});

describe('bind', () => {
  test('calls in its context, with this, arguments and length', () => {
    const context = ROOT.setValue(key, 1);
    const bound = bind(context, function (this: unknown, a: number, b: number) {
      return [this, a, b, value()];
    });
    const self = {};
    assert.deepEqual(bound.call(self, 2, 3), [self, 2, 3, 1]);
    assert.equal(bound.length, 2); // Express tells handlers by it
    assert.equal(value(), undefined);
    const emitter = new EventEmitter();
    assert.equal(bind(context, emitter), emitter);
  });
});

describe('register', () => {
  test("the API's tracers, contexts and propagation are ours", async () => {
    const before = trace.getTracer('early');
    const { provider, tree, span } = make();
    assert.equal(provider.register(), true);
    await before.startActiveSpan('root', async (root) => {
      await later();
      assert.equal(trace.getActiveSpan(), root);
      const carrier: Record<string, string> = {};
      propagation.inject(context.active(), carrier);
      assert.equal(carrier.traceparent.split('-')[2], root.spanContext().spanId);
      const out = propagation.extract(ROOT_CONTEXT, carrier);
      trace.getTracer('lib', '1').startSpan('remote', {}, out).end();
      context.with(context.active().setValue(key, 1), function (this: unknown, x: number) {
        assert.deepEqual([this, x, value()], ['self', 7, 1]);
      }, 'self' as never, 7);
      assert.equal(context.bind(ROOT_CONTEXT, () => active())(), ROOT_CONTEXT);
      root.end();
    });
    await provider.forceFlush();
    assert.deepEqual(tree(), { remote: 'root', root: '' });
    assert.equal(span('remote').flags & 0x200, 0x200);
  });

  test('the first one stays; both see one context', async () => {
    const { provider, tree } = make();
    assert.deepEqual([provider.register(), register(), make().provider.register()], [true, false, false]);
    trace.getTracer('t').startActiveSpan('root', (root) => {
      assert.equal(trace.getSpan(active() as never), root);
      root.end();
    });
    await provider.forceFlush();
    assert.deepEqual(tree(), { root: '' });
  });

  for (const [name, first] of [['before us', true], ['given to us', false]] as const) {
    test(`another's context manager, ${name}`, async () => {
      const theirs = new AsyncLocalStorageContextManager().enable();
      const { provider, tree } = make();
      if (first) context.setGlobalContextManager(theirs);
      provider.register(first ? {} : { contextManager: theirs as never });
      const tracer = provider.getTracer('t');
      await run(tracer, 'root', {}, async () => {
        await later();
        assert.equal(theirs.active(), active());
        context.with(context.active().setValue(key, 1), () => assert.equal(value(), 1));
        trace.getTracer('api').startSpan('child').end();
      });
      await provider.forceFlush();
      assert.deepEqual(tree(), { root: '', child: 'root' });
      theirs.disable();
    });
  }

  test('nothing is registered that is not wanted', () => {
    make().provider.register({ contextManager: null, propagator: null });
    assert.deepEqual(propagation.fields(), []);
    context.with(ROOT_CONTEXT.setValue(key, 1), () => assert.equal(context.active().getValue(key), undefined));
    const mine = { inject() {}, extract: (given: unknown) => given as never, fields: () => ['mine'] };
    make().provider.register({ propagator: mine });
    assert.deepEqual(propagation.fields(), ['mine']);
    assert.equal(contextManager.enable(), contextManager.disable());
  });
});

describe('a provider for each request', () => {
  test("spans of the API go where their request's go, with its settings", async () => {
    assert.equal(register(), true);
    const tracer = trace.getTracer('user');
    const places = ['a', 'b'].map(() => place());
    const setups = places.map(({ endpoint }, i) =>
      setupOf({
        engine: plainEngine({ destinations: [otlp({ endpoint })], env: {} }),
        limits: { attributeCountLimit: i + 1 },
      }),
    );
    await Promise.all(
      setups.map((setup) =>
        withContext(withSetup(ROOT, setup), () =>
          tracer.startActiveSpan('root', { attributes: { a: 1, b: 2, c: 3 } }, async (root) => {
            await later(2);
            tracer.startSpan('child').end();
            tracer.startSpan('another', { root: true }).end();
            root.end();
            await (trace.getTracerProvider() as unknown as { getDelegate(): { forceFlush(): Promise<void> } })
              .getDelegate()
              .forceFlush();
          }),
        ),
      ),
    );
    for (const [i, { tree, span }] of places.entries()) {
      assert.deepEqual(tree(), { root: '', child: 'root', another: '' });
      assert.deepEqual([span('root').attributes.size, span('root').dropped.attributes], [i + 1, 2 - i]);
    }
  });

  test('outside of one nothing is recorded, and contexts are handed on', () => {
    register();
    const parent = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };
    const one = trace.getTracer('t').startSpan('s', {}, trace.setSpanContext(ROOT_CONTEXT, parent));
    assert.deepEqual([one.isRecording(), one.spanContext()], [false, parent]);
    assert.equal(trace.isSpanContextValid(trace.getTracer('t').startSpan('s').spanContext()), false);
  });

  test('a sampler of a request is that of all its spans', async () => {
    register();
    const { endpoint, spans } = place();
    const engine = plainEngine({ destinations: [otlp({ endpoint })], env: {} });
    withContext(withSetup(ROOT, setupOf({ engine, sampler: alwaysOff })), () => {
      assert.equal(trace.getTracer('t').startSpan('s').isRecording(), false);
    });
    await flush(engine);
    assert.equal(spans().length, 0);
  });
});
