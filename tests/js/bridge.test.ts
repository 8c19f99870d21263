// Mastra's bridge, in real Mastra: runs are children of the span that is active where they are called,
// and what a tool does is a child of the tool's span; one trace, one body, whoever records.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { generate, mastraOf, start } from '../support/office.ts';
import { treeOf } from '../support/span_tree.ts';
import { below, busy, lab, labBeside, RUN } from './bridge_lab.ts';

for (const [recorder, make] of [
  ['the bridge', lab],
  ['an exporter beside it', labBeside],
] as const) {
  describe(`recorded by ${recorder}`, () => {
    test('an agent is a child of the request, what its tool does of the tool: one body', async () => {
      const one = make();
      const mastra = mastraOf(one.config, busy(one));
      const result = await one.around('POST /ask', (span) =>
        generate()(mastra).then((answer) => ({ ...(answer as object), span })),
      );
      const { traceId } = result.span.spanContext();
      assert.equal((result as { traceId?: string }).traceId, traceId);
      const bodies = await one.bodies();
      assert.deepEqual(bodies.map(treeOf), [below('POST /ask', RUN('GET', '  resolve'))]);
      assert.deepEqual([...new Set(bodies[0]!.map((span) => span.traceId))], [traceId]);
      const ids = bodies[0]!.map((span) => span.spanId);
      assert.equal(new Set(ids).size, ids.length);
    });

    test('a workflow, too', async () => {
      const one = make();
      const mastra = mastraOf(one.config, busy(one));
      await one.around('POST /stamp', () => start()(mastra));
      assert.deepEqual((await one.bodies()).map(treeOf), [
        below('POST /stamp', ['invoke_workflow office', '  workflow_step stamp', '    GET', '      resolve']),
      ]);
    });

    test('a streamed answer', async () => {
      const one = make();
      const mastra = mastraOf(one.config, busy(one));
      await one.around('POST /ask', async () => {
        const { textStream } = await mastra.getAgent('clerk').stream('File this.');
        let text = '';
        for await (const part of textStream) text += part;
        assert.equal(text, 'Filed.');
      });
      await new Promise((resolve) => setTimeout(resolve, 20)); // Mastra's run ends after its text
      assert.deepEqual((await one.bodies()).map(treeOf), [below('POST /ask', RUN('GET', '  resolve'))]);
    });

    test('without a request a run is its own trace', async () => {
      const one = make();
      await generate()(mastraOf(one.config, busy(one)));
      const bodies = await one.bodies();
      assert.deepEqual(bodies.map(treeOf), [RUN('GET', '  resolve')]);
    });

    test('runs at once keep to their own requests', async () => {
      const one = make();
      const mastra = mastraOf(one.config, async (_, context) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        return busy(one)!(_, context);
      });
      const names = Array.from({ length: 8 }, (_, i) => `POST /${i}`);
      await Promise.all(names.map((name) => one.around(name, () => generate()(mastra))));
      const trees = (await one.bodies()).map(treeOf).sort();
      assert.deepEqual(trees, names.map((name) => below(name, RUN('GET', '  resolve'))));
    });

    test('two agents of one request, at once, are in one body', async () => {
      const one = make();
      const mastra = mastraOf(one.config, busy(one));
      await one.around('POST /ask', () => Promise.all([generate()(mastra), generate()(mastra)]));
      const bodies = await one.bodies();
      assert.equal(bodies.length, 1);
      const both = [...RUN('GET', '  resolve'), ...RUN('GET', '  resolve')];
      assert.deepEqual(treeOf(bodies[0]!), below('POST /ask', both));
    });

    test('an agent that a tool calls, by no more than calling it, is below the tool', async () => {
      const one = make();
      const inner = mastraOf(one.config, busy(one));
      const outer = mastraOf(one.config, async () => {
        await generate()(inner);
        return {};
      });
      await one.around('POST /ask', () => generate()(outer));
      assert.deepEqual((await one.bodies()).map(treeOf), [
        below('POST /ask', RUN(...RUN('GET', '  resolve'))),
      ]);
    });

    test('an error of the tool is the caller\'s to see, and its span the tool\'s child', async () => {
      const one = make();
      const failure = new Error('no paper');
      let seen: unknown;
      const mastra = mastraOf(one.config, async () => {
        try {
          await one.around('GET', async () => Promise.reject(failure));
        } catch (error) {
          seen = error;
          throw error;
        }
        return {};
      });
      await one.around('POST /ask', () => generate()(mastra));
      assert.equal(seen, failure);
      const [body] = await one.bodies();
      assert.deepEqual(treeOf(body!), below('POST /ask', RUN('GET')));
      assert.equal(body!.find(({ name }) => name === 'GET')?.status.message, 'no paper');
    });

    test('external ids, of agents and workflows; short ones and capitals are OpenTelemetry\'s', async () => {
      for (const call of [generate, start]) {
        const one = make();
        const mastra = mastraOf(one.config, busy(one));
        const tracingOptions = { traceId: 'ABC1', parentSpanId: '7F' };
        await call({ tracingOptions })(mastra);
        const bodies = await one.bodies();
        assert.equal(bodies.length, 1);
        assert.equal(bodies[0]![0]!.traceId, 'abc1'.padStart(32, '0'));
        assert.match(treeOf(bodies[0]!)[0]!, / <- 000000000000007f$/);
        assert.ok(treeOf(bodies[0]!).some((line) => line.trim() === 'GET'));
      }
    });

    test('what is asked for wins over the active span; what is no id is not heard', async () => {
      const one = make();
      const mastra = mastraOf(one.config, busy(one));
      const traceId = '5b8efff798038103d269b633813fc60c';
      await one.around('POST /ask', async () => {
        await generate({ tracingOptions: { traceId, parentSpanId: 'b7ad6b7169203331' } })(mastra);
        await generate({ tracingOptions: { traceId: 'not hex', parentSpanId: 'no' } })(mastra);
        await generate({ tracingOptions: { traceId: '0'.repeat(32) } })(mastra);
      });
      const bodies = await one.bodies();
      const apart = bodies.find(([first]) => first?.traceId === traceId);
      assert.deepEqual(treeOf(apart ?? []), [
        'invoke_agent clerk <- b7ad6b7169203331',
        ...RUN('GET', '  resolve').slice(1),
      ]);
      const rest = bodies.find((body) => body !== apart);
      assert.equal(bodies.length, 2);
      const both = [...RUN('GET', '  resolve'), ...RUN('GET', '  resolve')];
      assert.deepEqual(treeOf(rest ?? []), below('POST /ask', both));
    });

    test('ids taken from the active span, as Mastra\'s documents do it', async () => {
      const one = make();
      const mastra = mastraOf(one.config, busy(one));
      await one.around('POST /ask', (span) => {
        const { traceId, spanId: parentSpanId } = span.spanContext();
        return generate({ tracingOptions: { traceId, parentSpanId } })(mastra);
      });
      assert.deepEqual((await one.bodies()).map(treeOf), [below('POST /ask', RUN('GET', '  resolve'))]);
    });

    test('the id of a span that goes on elsewhere is a parent, and no way into its body', async () => {
      const one = make();
      const other = make();
      const quick = mastraOf(other.config, async () => ({}));
      let ids: { traceId: string; parentSpanId: string } | undefined;
      const slow = mastraOf(one.config, async (_, context) => {
        const { currentSpan } = context!.tracingContext!;
        ids = { traceId: currentSpan!.traceId, parentSpanId: currentSpan!.id };
        await new Promise((resolve) => setTimeout(resolve, 40));
        return {};
      });
      const run = one.around('POST /slow', () => generate()(slow));
      while (!ids) await new Promise((resolve) => setTimeout(resolve, 1));
      await generate({ tracingOptions: ids })(quick);
      await run;
      assert.deepEqual((await one.bodies()).map(treeOf), [below('POST /slow', RUN())]);
      assert.deepEqual((await other.bodies()).map(treeOf), [
        [`invoke_agent clerk <- ${ids.parentSpanId}`, ...RUN().slice(1)],
      ]);
    });

    test('sampling `never`: the request and what tools do are there, nothing hangs', async () => {
      const one = make();
      const mastra = mastraOf({ ...one.config, sampling: { type: 'never' as never } }, busy(one));
      await one.around('POST /ask', () => generate()(mastra));
      assert.deepEqual((await one.bodies()).map(treeOf), [['POST /ask', '  GET', '    resolve']]);
    });

    test('types that are left out: what is done in them is the next one\'s above', async () => {
      const one = make();
      const excludeSpanTypes = ['tool_call', 'model_step'] as never;
      const mastra = mastraOf({ ...one.config, excludeSpanTypes }, busy(one));
      await one.around('POST /ask', () => generate()(mastra));
      const [body] = await one.bodies();
      assert.deepEqual(treeOf(body!).map((line) => line.trim()).sort(), [
        'GET',
        'POST /ask',
        'chat gpt-4o-mini',
        'chat gpt-4o-mini',
        'invoke_agent clerk',
        'model_generation gpt-4o-mini',
        'resolve',
      ]);
      assert.equal(treeOf(body!).filter((line) => !line.startsWith(' ')).length, 1, 'nothing hangs');
    });

    test('a filter that leaves a tool out, and a processor that does', async () => {
      const leaves = (span: { type: string }): boolean => span.type !== 'tool_call';
      const processor = {
        name: 'no tools',
        process: (span?: { type: string }) => (span && leaves(span) ? span : undefined),
        async shutdown() {},
      };
      for (const more of [{ spanFilter: leaves }, { spanOutputProcessors: [processor] }]) {
        const one = make();
        const mastra = mastraOf({ ...one.config, ...(more as object) }, busy(one));
        await one.around('POST /ask', () => generate()(mastra));
        const [body] = await one.bodies();
        assert.deepEqual(
          treeOf(body!),
          below('POST /ask', RUN('GET', '  resolve').flatMap((line) =>
            line.includes('execute_tool') ? [] : [line.replace(/^ {8}/, '      ')],
          )),
        );
      }
    });

    test('a run that is suspended and goes on later, in another request', async () => {
      const one = make();
      let suspended = false;
      const mastra = mastraOf(one.config, async (_, context) => {
        const { suspend } = context as unknown as { suspend(data: object): Promise<never> };
        if (!suspended) {
          suspended = true;
          return suspend({});
        }
        return busy(one)!(_, context as never);
      });
      const { run: paused } = await one.around('POST /stamp', async () => {
        const started = await mastra.getWorkflow('office').createRun();
        await started.start({ inputData: { n: 1 } } as never);
        return { run: started };
      });
      await one.around('POST /resume', () => paused.resume({ step: 'stamp', resumeData: {} } as never));
      const bodies = await one.bodies();
      const spans = bodies.flat();
      const ids = spans.map(({ spanId }) => spanId);
      assert.equal(new Set(ids).size, ids.length, 'each once');
      for (const { name, parentSpanId } of spans) {
        assert.ok(parentSpanId === '' || ids.includes(parentSpanId), `${name} hangs`);
      }
      assert.ok(spans.some(({ name }) => name === 'GET'));
    });
  });
}
