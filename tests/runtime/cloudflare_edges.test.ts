// What tracing must not change: each path answers the same with and without it, in workerd.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Lab, type Tree } from './cloudflare/lab.ts';

for (const flags of [['nodejs_compat'], []]) {
  describe(`edges, ${flags[0] ?? 'without Node’s modules'}`, { timeout: 120_000 }, () => {
    let lab: Lab;
    before(async () => void (lab = await Lab.start(flags)));
    after(() => lab.close());

    /** The answer, which is the same with and without tracing. */
    async function same(path: string): Promise<{ text: string; tree: Tree }> {
      const told = async (url: string): Promise<unknown[]> => {
        const answer = await lab.get(url);
        const { headers, status } = answer;
        const names = ['content-type', 'content-length', 'transfer-encoding'];
        return [(await answer.text()).split('\n    at')[0], status, ...names.map((name) => headers.get(name))];
      };
      const bare = await told(`${path}?bare`);
      assert.deepEqual(await told(path), bare);
      const isIt = (span: Lab['spans'][number]): boolean => span.attributes.get('url.path') === path;
      return { text: bare[0] as string, tree: await lab.trace(path, isIt, 1) };
    }
    const lasted = ({ spans }: Tree): number => {
      const [root] = spans.filter(({ attributes }) => attributes.has('url.path'));
      return Number(root.end - root.start) / 1e6;
    };

    for (const [path, text, ms] of [
      ['/native-stream', 'xxxx', 150],
      ['/native-text', 'xxxx', 150],
      ['/fixed-stream', 'xxxx', 0],
      ['/tee', 'xxxx', 150],
      ['/tee-memory', 'teed', 0],
      ['/bytes-stream', 'bytes', 110],
      ['/proxied', 'ok', 0],
      ['/proxied-sse', 'ok', 0],
      ['/lines', '{"a":1}\n{"a":2}\n', 0],
      ['/lines-r2', '{"a":1}\n', 0],
    ] as const) {
      it(`an answer arrives whole, and keeps its length: ${path}`, async () => {
        const { text: got, tree } = await same(path);
        if (!path.startsWith('/proxied')) assert.equal(got, text);
        assert.ok(lasted(tree) >= ms, `${lasted(tree)} ms`);
      });
    }

    it('what begins when it is awaited begins once', async () => {
      assert.equal((await same('/lazy')).text, '[1,"done",2]');
    });

    it('queues: a message is what was sent, whatever it is', async () => {
      await (await lab.get('/send-odd')).text();
      const bodies = async (): Promise<string[]> => {
        const seen = (await (await lab.get('/seen?bare')).json()) as { bodies?: unknown[] }[];
        return seen.flatMap((one) => (one.bodies ?? []).map((body) => JSON.stringify(body))).sort();
      };
      const wanted = ['[1,2]', '[3]', '[null]', '{"four":4}', '{}', '{}'];
      const end = Date.now() + 8000;
      while ((await bodies()).length < wanted.length && Date.now() < end) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.deepEqual(await bodies(), wanted);
    });

    it('stacks of errors have the user’s functions', async () => {
      assert.equal((await same('/stack')).text, '[true,true]');
    });

    it('bindings that are handed on are themselves', async () => {
      assert.equal((await same('/handed-on')).text, '[2,"v1","v1","v1"]');
    });

    it('fetch says itself what is wrong with what it is given', async () => {
      assert.doesNotMatch((await same('/odd-fetch')).text, /at once/);
    });

    for (const path of ['/throws-symbol', '/throws-null']) {
      it(`what is thrown is what was thrown: ${path}`, async () => {
        const { tree } = await same(path);
        assert.equal(tree.one('GET').status.code, 2);
        assert.equal(tree.one('GET').attributes.get('error.type'), '_OTHER');
      });
    }

    it('a service is told by its own name, not in the name of a host of others', async () => {
      assert.equal(await (await lab.get('/others-hosts')).text(), '[false,true]');
    });

    it('Workflows: run may return a value; each instance is a trace of its own', async () => {
      const done = ['complete', 'plain value'];
      assert.deepEqual(await (await lab.get('/plain-flow')).json(), [done, done]);
      const runs = (): Lab['spans'] => lab.spans.filter(({ name }) => /^Flow.\/run$/.test(name));
      await lab.sink.until(() => runs().length === 2, 'both runs');
      const [one, other] = runs();
      assert.notEqual(one.traceId, other.traceId);
      assert.notEqual(one.spanId, other.spanId);
    });
  });
}
