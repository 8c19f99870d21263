// Redaction and content policies by the wire: what options do, several destinations, hooks, what is sent
// beside spans, and what is said of it. That nothing planted survives is privacy_planted.test.ts.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SensitiveDataFilter } from '@mastra/observability';
import { consoleTree, otlp } from 'edgespan/destinations';
import { EdgespanExporter, type Receipt } from 'edgespan/mastra';
import { type Action, redact, type Redaction, type RedactOptions } from 'edgespan/privacy';
import { startSite } from '../support/exporter.ts';
import type { WireSpan } from '../support/otlp.ts';
import { card } from '../support/secrets.ts';
import { play, run, type TestSpan } from './spans.ts';

const { make, place, sink } = await startSite();

const KEY = 'sk-proj-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789a';
const CARD = card(`4${'2'.repeat(14)}`);
const MAIL = 'jane.doe@example.com';

/** Everything that spans say. */
const textOf = (spans: readonly WireSpan[]): string =>
  JSON.stringify(spans, (_, value: unknown) =>
    value instanceof Map ? [...value] : typeof value === 'bigint' ? `${value}` : value,
  );

/** A run of one span, flushed. */
async function tell(exporter: EdgespanExporter, fields: Partial<TestSpan>): Promise<Receipt> {
  play(exporter, run(0, { ...fields }));
  return exporter.flush();
}

/** What an input says once it arrived. */
async function after(input: unknown, options?: RedactOptions): Promise<string> {
  const { to, spans } = place('ok', { redact: redact(options) });
  await tell(make({ destinations: [to] }).exporter, { input });
  return textOf(spans());
}

test('a secret is masked by its kind; what is none arrives', async () => {
  const { to, spans } = place('ok', { redact: redact() });
  const { exporter } = make({ destinations: [to] });
  const receipt = await tell(exporter, {
    name: `for ${MAIL}`,
    input: { said: `my key is ${KEY}`, password: 'hunter2', city: 'Zürich' },
    metadata: { [MAIL]: 1, note: CARD },
  });
  const told = textOf(spans());
  for (const secret of [KEY, 'hunter2', MAIL, CARD]) assert.ok(!told.includes(secret), secret);
  for (const mark of ['apiKey', 'keyed', 'email', 'card'].map(String)) {
    assert.match(told, /\[REDACTED:/, mark);
  }
  assert.match(told, /Zürich/);
  assert.equal(receipt.accepted, 1);
  assert.ok(receipt.redacted >= 5, `${receipt.redacted}`);
  assert.equal(receipt.withheldValues, 0);
  assert.equal(exporter.stats().redacted, receipt.redacted);
});

test('every action, by its kind', async () => {
  const input = { said: `card ${CARD}` };
  const by = (card: Action): Promise<string> => after(input, { actions: { card }, hashKey: 'a key' });
  assert.ok((await by('keep')).includes(CARD));
  assert.match(await by('mask'), /\[REDACTED:card\]/);
  assert.match(await by('partial'), new RegExp(`\\[REDACTED:card:\\*${CARD.slice(-4)}\\]`));
  assert.match(await by('hash'), /\[REDACTED:card:[0-9a-f]{16}\]/);
  const removed = await by('remove');
  assert.ok(!removed.includes(CARD) && !removed.includes('REDACTED'));
});

test('digests are equal for equal values, across exporters, and differ by their key', async () => {
  const digest = async (hashKey: string, said: string): Promise<string | undefined> =>
    /\[REDACTED:email:[0-9a-f]+\]/.exec(await after({ said }, { actions: { email: 'hash' }, hashKey }))?.[0];
  const first = await digest('one', `to ${MAIL}`);
  assert.ok(first);
  assert.equal(await digest('one', `from ${MAIL}, later`), first);
  assert.notEqual(await digest('two', `to ${MAIL}`), first);
  assert.notEqual(await digest('one', 'to john.doe@example.com'), first);
});

test('national ids only if they are asked for; further names', async () => {
  const input = { said: 'ssn is 078-05-1120', customer_name: 'Jane', CustomerName: 'John' };
  const plain = await after({ said: input.said });
  assert.match(plain, /078-05-1120/);
  const more = await after(input, { actions: { nationalId: 'mask' }, keys: ['customerName'] });
  for (const secret of ['078-05-1120', 'Jane', 'John']) assert.ok(!more.includes(secret), secret);
});

test('further names come as a list, a set, anything that can be iterated, or alone; what is none is named', async () => {
  const input = { customer_name: 'Jane', badgeNumber: 'B-77' };
  const both = ['customerName', 'badgeNumber'];
  for (const keys of [both, new Set(both), new Map(both.map((key) => [key, 1])).keys()]) {
    const told = await after(input, { keys });
    for (const secret of ['Jane', 'B-77']) assert.ok(!told.includes(secret), `${keys} ${secret}`);
  }
  const one = await after(input, { keys: 'customerName' });
  assert.ok(!one.includes('Jane') && one.includes('B-77'));
  assert.deepEqual(redact({ keys: 'customerName' }).warnings, []);
  for (const keys of [7, true, { customerName: true }]) {
    assert.deepEqual(redact({ keys: keys as never }).warnings, [
      '`redact.keys` is no list of names: none of them is known',
    ]);
  }
  assert.equal(redact({ keys: [Symbol('a'), null, { toString: () => 'customerName' }] as never }).warnings.length, 3);
});

test("names of Mastra's SensitiveDataFilter are the least", async () => {
  const { sensitiveFields } = new SensitiveDataFilter() as unknown as { sensitiveFields: string[] };
  assert.ok(sensitiveFields.length >= 15);
  const value = (name: string): string => `value of ${name}`;
  const object = Object.fromEntries(sensitiveFields.map((name) => [name, value(name)]));
  const told = await after({ deep: [object], text: JSON.stringify(object) });
  for (const name of sensitiveFields) assert.ok(!told.includes(value(name)), name);
});

test('two destinations, two policies; false switches the default off', async () => {
  const masked = place('ok');
  const mailed = place('ok', { redact: redact({ actions: { email: 'keep' } }) });
  const open = place('ok', { redact: false });
  const { exporter } = make({ destinations: [masked.to, mailed.to, open.to], redact: redact() });
  await tell(exporter, { input: { said: `${MAIL} ${KEY}` } });
  assert.ok(!textOf(masked.spans()).includes(MAIL) && !textOf(masked.spans()).includes(KEY));
  assert.ok(textOf(mailed.spans()).includes(MAIL) && !textOf(mailed.spans()).includes(KEY));
  assert.ok(textOf(open.spans()).includes(MAIL) && textOf(open.spans()).includes(KEY));
});

test("consoleTree prints what may leave", async () => {
  let printed = '';
  const console = consoleTree({ log: (line) => void (printed += line), redact: redact() });
  const { exporter } = make({ destinations: [console] });
  play(exporter, run(1, { type: 'tool_call', input: { said: MAIL }, attributes: { toolName: KEY } }));
  await exporter.flush();
  assert.ok(printed.length > 0);
  for (const secret of [MAIL, KEY]) assert.ok(!printed.includes(secret), printed);
});

describe('settings', () => {
  /** What is said of them. */
  async function said(options: object, own: object = {}): Promise<string> {
    const { to } = place('ok', own);
    const { exporter, notes } = make({ destinations: [to], ...options });
    await tell(exporter, {});
    return notes.lines.join('\n');
  }

  test('without a key what should be hashed is masked, and that is said once', async () => {
    const options = { actions: { email: 'hash' as const }, hashKey: undefined };
    const { to, spans } = place('ok', { redact: redact(options) });
    const { exporter, notes } = make({ destinations: [to] });
    await tell(exporter, { input: MAIL });
    await tell(exporter, { input: MAIL });
    assert.match(textOf(spans()), /\[REDACTED:email\]/);
    assert.equal(notes.lines.filter((line) => line.includes('`redact.hashKey` is missing')).length, 1);
  });

  test('an unknown action masks; an unknown kind and a name that is none are named', async () => {
    const actions = { email: 'hide', mail: 'mask' } as never;
    const own = redact({ actions, keys: ['密码', 'x'] });
    assert.match(await said({}, { redact: own }), /actions\.email` is no action/);
    assert.deepEqual(own.warnings.length, 4);
    assert.match(await after(MAIL, { actions }), /\[REDACTED:email\]/);
  });

  test('what redact() did not make turns its destination off', async () => {
    for (const wrong of [true, {}, { actions: {} }, 'mask', 0, '', { settings: 1 }]) {
      const ofAll = wrong === 0; // an exporter's holds for its destinations
      const { to, spans } = place('ok', ofAll ? {} : { redact: wrong as unknown as Redaction });
      const { exporter, notes } = make({ destinations: [to], ...(ofAll && { redact: wrong as never }) });
      const receipt = await tell(exporter, { input: MAIL });
      assert.deepEqual(receipt.dropped, { disabled: 1 });
      assert.match(notes.lines.join(), /`redact` is not what redact\(\) makes/);
      assert.equal(spans().length, 0);
    }
  });

  test('neither key nor hook can be seen', async () => {
    const own = redact({ hashKey: 'very-secret', hook: (value) => value });
    const { to } = place('ok', { redact: own });
    const { exporter } = make({ destinations: [to], redact: own });
    for (const shown of [own, to, exporter]) {
      assert.ok(!JSON.stringify(shown).includes('very-secret'));
      assert.ok(!Object.values(shown as object).includes('very-secret'));
    }
  });
});

describe('a hook', () => {
  const shown: string[] = [];
  const upper = (value: string): string => {
    shown.push(value);
    return value.toUpperCase();
  };

  test('is shown every string but ids, where it stands; the redactor comes after it', async () => {
    const paths: string[] = [];
    const own = redact({
      hook(value, { key, path, kind, spanType }) {
        paths.push(`${kind} ${spanType} ${path.join('.')} (${key})`);
        return value === 'swap' ? KEY : value.toUpperCase();
      },
    });
    const { to, spans } = place('ok', { redact: own });
    await tell(make({ destinations: [to] }).exporter, {
      name: 'a name',
      input: { list: ['a', { deep: 'b' }], swap: 'swap', n: 1, at: new Date(0), none: null },
    });
    assert.deepEqual(
      paths.sort(),
      [
        'span agent_run input.list.0 (list)',
        'span agent_run input.list.1.deep (deep)',
        'span agent_run input.swap (swap)',
        'span agent_run name (name)',
      ],
    );
    const told = textOf(spans());
    assert.ok(!told.includes(KEY));
    assert.match(told, /\[REDACTED:/);
    assert.match(told, /A NAME.*deep[^a-z]+B/);
  });

  test('fails closed by the value: throws, rejects, is late, gives no string', async () => {
    const answers: Record<string, () => unknown> = {
      ok: () => 'kept',
      later: async () => 'kept later',
      throws: () => {
        throw new Error('no');
      },
      rejects: async () => {
        throw new Error('no');
      },
      late: () => new Promise((resolve) => setTimeout(() => resolve('too late'), 400)),
      never: () => new Promise(() => {}),
      nothing: () => undefined,
      number: () => 7,
      laterNothing: async () => null,
    };
    const own = redact({
      hook: (value, { key }) => (answers[key]?.() ?? (key in answers ? undefined : value)) as string,
      hookTimeout: 50,
    });
    const { to, spans } = place('ok', { redact: own });
    const { exporter } = make({ destinations: [to] });
    const input = Object.fromEntries(Object.keys(answers).map((key) => [key, `secret of ${key}`]));
    const receipt = await tell(exporter, { input });
    await new Promise((resolve) => setTimeout(resolve, 450));
    const told = textOf(spans());
    assert.ok(!told.includes('secret of'), told);
    assert.ok(!told.includes('too late'), told);
    assert.match(told, /kept later/);
    assert.equal(told.split('[WITHHELD]').length - 1, 7);
    assert.equal(receipt.withheldValues, 7);
    assert.equal(receipt.accepted, 1);
  });

  test('with a formatter: sees what that gave, and the original where that failed and should leave', async () => {
    const { to, spans } = place('ok', { redact: redact({ hook: upper }) });
    const { exporter } = make({
      destinations: [to],
      onFormatterError: 'original',
      customSpanFormatter(span) {
        if (span.name === 'fails') throw new Error('no');
        if (span.name === 'fails later') return Promise.reject(new Error('no'));
        return { ...span, name: `formatted ${span.name}` };
      },
    });
    for (const name of ['plain', 'fails', 'fails later']) await tell(exporter, { name, input: 'text' });
    assert.deepEqual(
      spans().map(({ name }) => name),
      ['FORMATTED PLAIN', 'FAILS', 'FAILS LATER'],
    );
    assert.ok(!textOf(spans()).includes('"text'));
  });

  test('of one destination is nowhere near another', async () => {
    const hooked = place('ok', { redact: redact({ hook: upper }) });
    const plain = place('ok');
    const { exporter } = make({ destinations: [hooked.to, plain.to] });
    play(exporter, run(2, { input: { said: 'low' } }));
    await exporter.flush();
    assert.match(textOf(hooked.spans()), /LOW/);
    assert.match(textOf(plain.spans()), /low/);
    assert.equal(hooked.spans().length, 3);
    assert.equal(plain.spans().length, 3);
  });

  test('of exporters that are built of one object, each sends its own', async () => {
    const { to, spans } = place('ok', { redact: redact({ hook: upper }) });
    const options = { destinations: [to], logLevel: 'silent' } as const;
    for (const name of ['one', 'two', 'three']) {
      await tell(new EdgespanExporter(options), { name });
    }
    assert.deepEqual(spans().map(({ name }) => name), ['ONE', 'TWO', 'THREE']);
  });

  test('that is no function withholds all text', async () => {
    const told = await after({ said: 'text' }, { hook: 'x' as never });
    assert.ok(!told.includes('text"'), told);
    assert.match(told, /\[WITHHELD\]/);
  });
});

describe('content', () => {
  const secret = 'the whole story';
  const fields = { type: 'agent_run', input: secret, output: { text: secret } };

  test('off, truncated, and unknown, which is off', async () => {
    const off = place('ok', { content: 'off' });
    const cut = place('ok', { content: { truncate: 9 } });
    const strange = place('ok', { content: 'none' as never });
    const full = place('ok');
    const { exporter, notes } = make({
      destinations: [off.to, cut.to, strange.to, full.to],
    });
    await tell(exporter, fields);
    for (const { spans } of [off, strange]) {
      assert.equal(spans().length, 1);
      assert.ok(!textOf(spans()).includes('story'), textOf(spans()));
    }
    assert.ok(!textOf(cut.spans()).includes('story'));
    assert.match(textOf(cut.spans()), /the whole/);
    assert.match(textOf(full.spans()), /the whole story/);
    assert.match(notes.lines.join(), /`content` is none, or lacks/);
  });

  test('hashed, which needs a key', async () => {
    const hashed = place('ok', { content: 'hashed', redact: redact({ hashKey: 'a key' }) });
    const keyless = place('ok', { content: 'hashed' });
    const { exporter, notes } = make({ destinations: [hashed.to, keyless.to] });
    await tell(exporter, fields);
    assert.ok(!textOf(hashed.spans()).includes('story'));
    assert.match(textOf(hashed.spans()), /[0-9a-f]{16}/);
    assert.ok(!textOf(keyless.spans()).includes('story'));
    assert.match(notes.lines.join(), /lacks a redact\(\) with a `hashKey`/);
  });

  test("the exporter's is the default, a destination's own wins", async () => {
    const own = place('ok', { content: 'full' });
    const standard = place('ok');
    const { exporter } = make({ destinations: [own.to, standard.to], content: 'off' });
    await tell(exporter, fields);
    assert.match(textOf(own.spans()), /story/);
    assert.ok(!textOf(standard.spans()).includes('story'));
  });
});

test('log lines that come up before the first span wait for the redactor', async () => {
  const { to } = place('ok', { redact: redact(), name: `for ${MAIL}`, content: 'none' as never });
  const { exporter, notes } = make({ destinations: [to], serviceName: undefined });
  for (const serviceName of [MAIL, 'other']) exporter.init?.({ config: { serviceName } } as never);
  assert.deepEqual(notes.lines, []);
  await tell(exporter, {});
  assert.equal(notes.lines.length, 2, notes.lines.join('\n'));
  assert.match(notes.lines.join(), /Spans of "\[REDACTED:email\]" and "other"/);
  assert.match(notes.lines.join(), /Destination "for \[REDACTED:email\]": `content` is none/);
  assert.ok(!notes.lines.join().includes(MAIL));
});

test('log lines, and what receipts tell in the words of others', async () => {
  const words = `refused for ${MAIL}`;
  const rpc = Uint8Array.of(8, 3, 18, words.length, ...Buffer.from(words));
  const { to } = place('refuses', { redact: redact() });
  sink.replies.set(`/refuses/${to.name}/v1/traces`, [
    { status: 400, headers: { 'content-type': 'application/x-protobuf' }, body: rpc as never },
  ]);
  const { exporter, notes, receipts } = make({ destinations: [to] });
  const broken = {
    get input(): string {
      return 'fine';
    },
    toJSON: () => 'x',
  };
  const receipt = await tell(exporter, { input: broken });
  assert.equal(receipt.errors.length, 1);
  const told = JSON.stringify([receipt, receipts, notes.lines]);
  assert.match(told, /refused for \[REDACTED:email\]/);
  assert.ok(!told.includes(MAIL), told);
  // The same exporter without it tells what it heard.
  const plain = otlp({ endpoint: `${sink.origin}/refuses/plain`, name: 'plain' });
  sink.replies.set('/refuses/plain/v1/traces', [
    { status: 400, headers: { 'content-type': 'application/x-protobuf' }, body: rpc as never },
  ]);
  assert.match(JSON.stringify(await tell(make({ destinations: [plain] }).exporter, {})), /jane\.doe/);
});
