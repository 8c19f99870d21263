// What comes from a request: its context, metadata, tags, and what it hides, as real Mastra applies it
// (tests/support/office.ts). Titles name rows of the promises (tests/support/promises.ts).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SpanType } from '@mastra/core/observability';
import { says } from '../support/expect.ts';
import {
  contextOf,
  EITHER,
  emitted,
  generate,
  get,
  startOffice,
  type,
} from '../support/office.ts';
import type { WireSpan } from '../support/otlp.ts';

const { observe } = await startOffice();

for (const [name, run] of EITHER) {
  test(`rows 60-62, ${name}: requestContextKeys of config and request, nested`, async () => {
    const requestContext = contextOf({
      userId: 'u-1',
      user: { id: 'u-1', name: 'Zoë' },
      session: { data: { n: 0 } },
      experimentId: 'e-7',
      hidden: 'not asked for',
    });
    const observed = await observe(
      { requestContextKeys: ['userId', 'user.id', 'session.data.n'] },
      run({ requestContext, tracingOptions: { requestContextKeys: ['experimentId'] } }),
    );
    const count = observed.wire.length;
    assert.deepEqual(observed.all('mastra.metadata.userId'), Array(count).fill('u-1'));
    assert.deepEqual(observed.all('mastra.metadata.experimentId'), Array(count).fill('e-7'));
    for (const user of observed.all('mastra.metadata.user')) assert.ok(says(user, { id: 'u-1' }));
    for (const session of observed.all('mastra.metadata.session')) {
      assert.ok(says(session, { data: { n: 0 } }));
    }
    assert.ok(observed.all('mastra.metadata.hidden').every((value) => value === undefined));
  });

  test(`row 63, ${name}: metadata that is given wins over the request context`, async () => {
    const observed = await observe(
      { requestContextKeys: ['userId', 'plan'] },
      run({
        requestContext: contextOf({ userId: 'from-context', plan: 'pro' }),
        tracingOptions: { metadata: { userId: 'given' } },
      }),
    );
    // Mastra holds to that on the root; its children have what the context says.
    const root = observed.wire.find((span) => span.parentSpanId === '');
    assert.equal(get(root, 'mastra.metadata.userId'), 'given');
    const count = observed.wire.length;
    assert.deepEqual(observed.all('mastra.metadata.plan'), Array(count).fill('pro'));
  });

  // Mastra's documents: tags stay on the root, metadata goes to every span.
  test(`rows 65, 67, 117, 118, 141, ${name}: tags together with metadata`, async () => {
    const tags = ['beta', 'ünï', ''];
    const metadata = { tenant: 'acme', n: -3, deep: { a: [1, { b: null }] }, off: false, none: '' };
    const observed = await observe({}, run({ tracingOptions: { tags, metadata } }));
    const root = observed.wire.find((span) => span.parentSpanId === '');
    assert.ok(says(get(root, 'mastra.tags'), tags));
    assert.equal(observed.all('mastra.tags').filter((value) => value !== undefined).length, 1);
    assert.equal(get(root, 'mastra.metadata.n'), -3);
    assert.equal(get(root, 'mastra.metadata.off'), false);
    assert.equal(get(root, 'mastra.metadata.none'), '');
    assert.ok(says(get(root, 'mastra.metadata.deep'), metadata.deep));
    const count = observed.wire.length;
    assert.deepEqual(observed.all('mastra.metadata.tenant'), Array(count).fill('acme'));
  });

  test(`rows 68, 69, ${name}: hidden input and output are on no span`, async () => {
    const said = async (tracingOptions: object, about: RegExp): Promise<string[]> => {
      const { wire } = await observe({ hidden: true }, run({ tracingOptions }));
      const names = new Set(wire.flatMap((span) => [...span.attributes.keys()]));
      return [...names].filter((n) => about.test(n));
    };
    const input = /\.input$|call\.arguments$|input\.messages$/;
    const output = /\.output$|call\.result$|output\.messages$/;
    assert.deepEqual(await said({ hideInput: true }, input), []);
    assert.deepEqual(await said({ hideOutput: true }, output), []);
    for (const shown of [input, output]) assert.notDeepEqual(await said({}, shown), []);
  });
}

test('row 64: child spans with and without a request context', async () => {
  const observed = await observe(
    { requestContextKeys: ['userId'] },
    generate({ requestContext: contextOf({ userId: 'u-1' }) }),
    async (_, context) => {
      const span = context!.tracingContext!.currentSpan!;
      const child = { type: SpanType.GENERIC as const, input: {} };
      span.createChildSpan({ ...child, name: 'without' }).end();
      const requestContext = contextOf({ userId: 'u-2' });
      span.createChildSpan({ ...child, name: 'with', requestContext }).end();
      return {};
    },
  );
  const named = (name: string): WireSpan | undefined =>
    observed.wire.find((span) => type(span) === 'generic' && emitted(observed, span).name === name);
  assert.equal(get(named('without'), 'mastra.metadata.userId'), 'u-1');
  assert.equal(get(named('with'), 'mastra.metadata.userId'), 'u-2');
  assert.ok(says(get(named('with'), 'mastra.request_context'), { userId: 'u-2' }));
});

test('row 119: a literal key with a dot is a path to Mastra, which finds nothing there', async () => {
  const key = 'session.experimentId';
  const requestContext = contextOf({ [key]: 'e-1', plan: 'pro' });
  const observed = await observe({ requestContextKeys: [key, 'plan'] }, generate({ requestContext }));
  const count = observed.wire.length;
  for (const name of [key, 'session']) {
    assert.deepEqual(observed.all(`mastra.metadata.${name}`), Array(count).fill(undefined));
  }
  assert.deepEqual(observed.all('mastra.metadata.plan'), Array(count).fill('pro'));
  // The whole context stands on the spans of tools and the like, where it is under its own key.
  const contexts = observed.all('mastra.request_context').filter((value) => value !== undefined);
  assert.ok(contexts.length > 0);
  for (const context of contexts) assert.ok(says(context, { [key]: 'e-1', plan: 'pro' }));
});
