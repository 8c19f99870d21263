// Every destination with a name gets real runs of Mastra in real workerd: the request's path, headers
// and content type, and what of the run its backend reads, in the words that its documentation or code
// has (docs/destinations.md says which). Titles name rows of the promises (tests/support/promises.ts).
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { MastraSpan } from '../support/expect.ts';
import { decodeProtobuf, plain, type WireSpan } from '../support/otlp.ts';
import type { SinkRequest } from '../support/sink.ts';
import { CONTRACTS, type Contract } from './destinations/contracts.ts';
import { Lab, SECRET } from './lab.ts';

/** A run, and what came of it. */
interface Ran {
  readonly answer: { text?: string; error?: string; traceId?: string };
  readonly ended: MastraSpan[];
  readonly traceId: string;
  readonly label: string;
}

const PARENT = 'b7ad6b7169203331';
const METADATA = {
  userId: 'user-42',
  threadId: 'thread-1',
  conversationId: 'conv-abc123',
  tier: 'gold',
  nested: { plan: { seats: 7 } },
};
const TAGS = ['beta', 'eu'];
const TEXT = 'And the stations?It snows in Zürich 🌨️, −5 °C.';

describe('destinations in workerd', { timeout: 300_000 }, () => {
  let lab: Lab;
  let tools: Ran;
  let fails: Ran;
  let workflow: Ran;
  let seed: Ran;
  before(async () => {
    lab = await Lab.start('./destinations/');
    const tracing = { metadata: METADATA, tags: TAGS };
    const traceId = 'a1'.repeat(16);
    tools = await run({ agent: 'tools', tracing: { ...tracing, traceId, parentSpanId: PARENT } });
    fails = await run({ agent: 'providerFails', tracing });
    workflow = await run({ tracing });
    const metadata = {
      userId: 'user-42',
      conversationId: 'conv-abc123',
      langfuse: { prompt: { name: 'greeting', version: 3 } },
    };
    seed = await run({ agent: 'text', prompt: 'Hello', tracing: { metadata } });
  });
  after(() => lab.close());

  async function run(asked: object): Promise<Ran> {
    const label = lab.label();
    const body = JSON.stringify({ label, ...asked });
    const answer = (await (await lab.ask('/run', { method: 'POST', body })).json()) as Ran['answer'];
    const { ended } = await lab.recorded(label, answer.traceId);
    const traceId = ended[0].traceId;
    const wanted = ended.filter(({ type }) => type !== 'model_chunk').length;
    const arrived = (): boolean => CONTRACTS.every(({ at }) => lab.below(at, traceId).length >= wanted);
    await lab.sink.until(arrived, `all spans of ${label} at every destination`, 20_000);
    await lab.quiet();
    return { answer, ended, traceId, label };
  }

  const spans = ({ at }: Contract, { traceId }: Ran): WireSpan[] => lab.below(at, traceId);
  const requests = ({ at }: Contract, { traceId }: Ran): SinkRequest[] =>
    lab.sink.requests.filter(
      ({ path, body }) => path.startsWith(at) && decodeProtobuf(body).some((span) => span.traceId === traceId),
    );
  const value = (span: WireSpan, name: string): unknown => plain(span.attributes.get(name));
  const parsed = (span: WireSpan, name: string): unknown => JSON.parse(`${value(span, name)}`);
  const named = (all: WireSpan[], type: string): WireSpan[] =>
    all.filter((span) => value(span, 'mastra.span.type') === type);
  const root = (contract: Contract, ran: Ran): WireSpan => {
    const id = ran.ended.find((span) => span.isRootSpan)?.id;
    return spans(contract, ran).find(({ spanId }) => spanId === id) as WireSpan;
  };

  for (const contract of CONTRACTS) {
    describe(contract.name, () => {
      it('one POST a run, where and with what the backend wants', () => {
        for (const ran of [tools, fails, workflow, seed]) {
          const [request, ...more] = requests(contract, ran);
          assert.deepEqual(more, []);
          assert.equal(request.path, contract.at + contract.path);
          assert.equal(request.headers['content-type'], 'application/x-protobuf');
          const large = request.body.length >= 16_384;
          assert.equal(request.headers['content-encoding'], contract.gzip && large ? 'gzip' : undefined);
          const sent = Object.fromEntries(Object.keys(contract.headers).map((h) => [h, request.headers[h]]));
          assert.deepEqual(sent, contract.headers);
          // Of the others' credentials none.
          const own = Object.keys(contract.headers);
          const strange = Object.entries(request.headers).filter(
            ([header, text]) => !own.includes(header) && `${text}`.includes(SECRET),
          );
          assert.deepEqual(strange, []);
        }
      });

      it('the tree is the run without its chunks, and hangs where the backend sees it', () => {
        for (const ran of [tools, fails, workflow, seed]) {
          const byId = new Map(ran.ended.map((span) => [span.id, span]));
          const above = (span: MastraSpan): string => {
            const parent = byId.get(span.parentSpanId ?? '');
            return parent?.type === 'model_chunk' ? above(parent) : (parent?.id ?? '');
          };
          const remote = ran === tools && contract.remoteParent === 'keep' ? PARENT : '';
          const expected = ran.ended
            .filter(({ type }) => type !== 'model_chunk')
            .map((span) => [span.id, above(span) || remote]);
          const found = spans(contract, ran).map(({ spanId, parentSpanId }) => [spanId, parentSpanId]);
          assert.deepEqual(found.sort(), expected.sort());
        }
        const removed = value(root(contract, tools), 'mastra.external_parent_span_id');
        assert.equal(removed, contract.remoteParent === 'keep' ? undefined : PARENT);
      });

      it('session and user are on every span', () => {
        for (const ran of [tools, fails, workflow]) {
          for (const span of spans(contract, ran)) {
            const where = `${span.name}: ${[...span.attributes.keys()].join(' ')}`;
            for (const name of contract.session) assert.equal(value(span, name), 'thread-1', where);
            for (const name of contract.user) assert.equal(value(span, name), 'user-42', where);
          }
        }
      });

      it(`rows 31-44, 66, ${contract.name}: tags are on the root, metadata where it is read`, () => {
        for (const ran of [tools, workflow]) {
          for (const span of spans(contract, ran)) {
            const { name, form } = contract.tags;
            const tags = value(span, name);
            if (span !== root(contract, ran)) assert.equal(tags, undefined, span.name);
            else if (form === 'list') assert.deepEqual(tags, TAGS);
            else assert.equal(tags, form === 'commas' ? TAGS.join(',') : JSON.stringify(TAGS));
          }
          const top = root(contract, ran);
          const { name, form } = contract.metadata;
          if (form === 'json') {
            const all = parsed(top, name) as typeof METADATA;
            assert.deepEqual({ tier: all.tier, nested: all.nested }, { tier: 'gold', nested: METADATA.nested });
          } else {
            assert.equal(value(top, `${name}tier`), 'gold');
            if (form === 'flat') assert.equal(value(top, `${name}nested.plan.seats`), 7);
            else assert.deepEqual(parsed(top, `${name}nested`), METADATA.nested);
          }
        }
      });

      it('row 17: the root has input and output', () => {
        const { input, output } = contract.root;
        const top = root(contract, tools);
        const text = (given: unknown): unknown => {
          try {
            return JSON.parse(`${given}`);
          } catch {
            return given;
          }
        };
        for (const name of input) assert.equal(text(value(top, name)), 'Weather?', name);
        for (const name of output) {
          const said = text(value(top, name));
          assert.equal((said as { text?: string })?.text ?? said, TEXT, name);
        }
        assert.equal(tools.answer.text, TEXT);
      });

      it('row 15: model calls and tools are told as such, with model, arguments and results', () => {
        const all = spans(contract, tools);
        const { kind, model, provider, tool } = contract;
        const kinds: [WireSpan[], string | undefined][] = [
          [named(all, 'agent_run'), kind.agent],
          [named(all, 'model_inference'), kind.model],
          [named(all, 'tool_call'), kind.tool],
        ];
        for (const [some, expected] of kinds) {
          assert.ok(some.length > 0);
          for (const span of some) assert.equal(value(span, kind.name), expected);
        }
        for (const span of named(all, 'model_inference')) {
          for (const name of model) assert.match(`${value(span, name)}`, /^gpt-4o-mini/, name);
          for (const name of provider) assert.equal(value(span, name), 'openai', name);
          for (const name of contract.messages) {
            const text = String(value(span, name));
            assert.match(text, /Answer about the weather in Zürich\.|"?assistant/, name);
          }
        }
        const weather = named(all, 'tool_call').find((span) => `${value(span, tool.input)}`.includes('{"city":"Zürich"}'));
        assert.ok(weather, 'the call of the weather tool');
        assert.equal((parsed(weather, tool.output) as { celsius: number }).celsius, -5);
        if (tool.name) assert.equal(value(weather, tool.name), 'weather');
      });

      it('tokens are counted once, on the model calls', () => {
        const { input, output } = contract.usage;
        const sum = (side: Contract['usage']['input']): bigint => {
          let total = 0n;
          for (const span of spans(contract, tools)) {
            if (contract.sumsOnRoot && span === root(contract, tools)) continue;
            const found = value(span, side.name);
            if (found === undefined) continue;
            assert.equal(value(span, 'mastra.span.type'), 'model_inference', span.name);
            const members = side.members && (JSON.parse(`${found}`) as Record<string, number>);
            const count = members ? side.members.reduce((n, m) => n + (members[m] ?? 0), 0) : found;
            total += BigInt(count as number);
          }
          return total;
        };
        assert.deepEqual([sum(input), sum(output)], [903n, 54n]);
      });

      it('a failure is told, on the call and on the root', () => {
        const top = root(contract, fails);
        const [call] = named(spans(contract, fails), 'model_inference');
        for (const span of [top, call]) {
          assert.equal(span.status.code, 2);
          assert.equal(span.status.message, 'model overloaded: 503');
          assert.equal(value(span, 'error.message'), 'model overloaded: 503');
        }
      });

      it('the body holds no credential', () => {
        for (const ran of [tools, fails, workflow, seed]) {
          for (const { body } of requests(contract, ran)) {
            assert.ok(!Buffer.from(body).includes(SECRET));
          }
        }
      });
    });
  }

  it('row 134: every exporter has every trace', async () => {
    const receipts = (await lab.receipts(tools.label)) as { accepted: number }[];
    const spans = tools.ended.filter(({ type }) => type !== 'model_chunk').length;
    const accepted = receipts.reduce((sum, receipt) => sum + receipt.accepted, 0);
    assert.deepEqual([receipts.length, accepted], [3, spans * CONTRACTS.length]);
  });

  it('credentials are in headers alone: not in receipts, logs or what Mastra records', async () => {
    for (const { label, ended } of [tools, fails, workflow, seed]) {
      const receipts = JSON.stringify(await lab.receipts(label));
      assert.ok(receipts.length > 100);
      for (const text of [receipts, JSON.stringify(ended)]) assert.ok(!text.includes(SECRET));
    }
    assert.deepEqual(lab.printed, []);
  });

  const of = (name: string): Contract => CONTRACTS.find((contract) => contract.name === name) as Contract;

  it('rows 4, 5, 14, 16, 19, 20: Lemma reads one run as one trace, in one request', () => {
    const lemma = of('lemma');
    const [request] = requests(lemma, tools);
    assert.equal(request.headers.authorization, `Bearer lma_${SECRET}`);
    assert.equal(request.headers['x-lemma-project-id'], '0f8fad5b-d9cb-469f-a165-70867728950e');
    assert.equal(new Set(decodeProtobuf(request.body).map((span) => span.traceId)).size, 1);
    const top = root(lemma, tools);
    assert.equal(top.parentSpanId, '');
    const said = (name: string): unknown => value(top, name);
    for (const name of ['input.value', 'ai.agent.input']) assert.equal(said(name), 'Weather?');
    for (const name of ['output.value', 'ai.agent.output', 'ai.response.text']) assert.equal(said(name), TEXT);
    for (const name of ['gen_ai.agent.name', 'ai.agent.name']) assert.equal(said(name), 'tools');
    for (const name of ['lemma.thread_id', 'session.id', 'gen_ai.conversation.id']) {
      assert.equal(said(name), 'thread-1', name);
    }
    for (const name of ['user.id', 'enduser.id']) assert.equal(said(name), 'user-42');
    for (const [name, text] of [['language', 'typescript'], ['integration', 'mastra']]) {
      assert.equal(said(`lemma.sdk.${name}`), text);
    }
    const all = spans(lemma, tools);
    for (const span of named(all, 'model_inference')) {
      assert.equal(value(span, 'openinference.span.kind'), 'llm');
      for (const name of ['gen_ai.request.model', 'ai.model.id']) assert.equal(value(span, name), 'gpt-4o-mini');
      for (const name of ['llm.provider', 'gen_ai.system']) assert.equal(value(span, name), 'openai');
      const input = value(span, 'ai.usage.inputTokens');
      assert.equal(value(span, 'gen_ai.usage.input_tokens'), input);
      assert.equal(value(span, 'llm.token_count.prompt'), input);
      assert.equal(value(span, 'llm.input_messages.0.message.role'), 'system');
    }
    for (const span of named(all, 'tool_call')) {
      assert.equal(value(span, 'openinference.span.kind'), 'tool');
      assert.deepEqual(parsed(span, 'ai.toolCall.args'), parsed(span, 'input.value'));
      assert.deepEqual(parsed(span, 'ai.toolCall.result'), parsed(span, 'output.value'));
    }
    const failed = root(lemma, fails);
    assert.equal(value(failed, 'ai.agent.input'), 'Weather?');
    assert.equal(value(failed, 'output.value'), undefined, 'no output is made up');
    for (const span of all) for (const name of span.attributes.keys()) assert.doesNotMatch(name, /cost/);
  });

  it('rows 8, 26: no credential but its own, and no storage, is needed', () => {
    assert.deepEqual(lab.printed, []);
    assert.equal(tools.answer.error, undefined);
  });

  it('rows 131-133, 135: Agnost reads users and conversations of the metadata', () => {
    const agnost = of('agnost');
    for (const span of spans(agnost, seed)) {
      assert.equal(value(span, 'agnost.user_id'), 'user-42');
      assert.equal(value(span, 'mastra.metadata.userId'), 'user-42');
      assert.equal(value(span, 'mastra.metadata.conversationId'), 'conv-abc123');
    }
    for (const span of spans(agnost, tools)) {
      assert.equal(value(span, 'agnost.session_id'), 'thread-1');
      assert.equal(value(span, 'mastra.metadata.threadId'), 'thread-1');
    }
    const [request] = requests(agnost, seed);
    assert.equal(request.headers['x-agnost-org-id'], `org-${SECRET}`);
  });

  it('Langfuse: the name of the trace, the prompt, the first token, levels', () => {
    const langfuse = of('langfuse');
    assert.equal(value(root(langfuse, tools), 'langfuse.trace.name'), 'tools');
    const calls = named(spans(langfuse, seed), 'model_inference');
    assert.equal(calls.length, 1);
    for (const call of calls) {
      assert.equal(value(call, 'langfuse.observation.prompt.name'), 'greeting');
      assert.equal(value(call, 'langfuse.observation.prompt.version'), 3);
      assert.match(`${value(call, 'langfuse.observation.completion_start_time')}`, /^\d{4}-.*Z$/);
    }
    const failed = root(langfuse, fails);
    assert.equal(value(failed, 'langfuse.observation.level'), 'ERROR');
    assert.equal(value(failed, 'langfuse.observation.status_message'), 'model overloaded: 503');
  });

  it("PostHog's classifier sees no key of Vercel's, and every span has one of GenAI's", () => {
    for (const ran of [tools, fails, workflow]) {
      for (const span of spans(of('posthog'), ran)) {
        const keys = [...span.attributes.keys()];
        assert.deepEqual(keys.filter((key) => key.startsWith('ai.')), []);
        assert.ok(keys.includes('gen_ai.operation.name'), span.name);
      }
    }
  });

  it('Sentry gets no lists, and the sums of a run on its root', () => {
    for (const span of spans(of('sentry'), tools)) {
      for (const [name, found] of span.attributes) assert.ok(!Array.isArray(found), name);
    }
    const top = root(of('sentry'), tools);
    assert.equal(value(top, 'gen_ai.usage.input_tokens'), 903);
    assert.equal(value(top, 'gen_ai.usage.total_tokens'), 957);
  });
});
