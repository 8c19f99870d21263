// What is cut before or beside the core leaves no half of a secret, which nothing would find.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { otlp } from 'edgespan/destinations';
import { redact } from 'edgespan/privacy';
import { EdgespanExporter, type MastraSpan } from 'edgespan/mastra';
import { logs, scores } from 'edgespan/signals';
import { startSite } from '../support/exporter.ts';
import { log } from '../support/signals.ts';
import { id, play, run } from './spans.ts';

const { make, place, sink } = await startSite();
const CARD = '4222222222222220';
/** Each secret, and what none of it may leave. */
const SECRETS = {
  mail: ['jane.doe.long.name@example.com', /jane\.doe/],
  card: [CARD, /42222/],
  'card in groups': ['4222 2222 2222 2220', /4222/],
  jwt: ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c', /eyJ/],
  url: ['postgres://user:hunter2hunter2@db.internal/x', /hunter/],
  assignment: ['API_SECRET=hunter2hunter2hunter2', /hunter/],
  password: ['password: hunter2hunter2hunter2', /hunter/],
  bearer: ['Authorization: Bearer abcdefghijklmnop1234567890', /abcdef/],
  JSON: ['{"password":"hunter2hunter2hunter2","mail":"jane.doe@example.com"}', /hunter|jane/],
  'JSON with words': ['{"password": "hunter2 hunter2 hunter2", "a": 1}', /hunter/],
} as const;

describe('a text that is too long for the core', () => {
  for (const [what, [secret, part]] of Object.entries(SECRETS)) {
    test(what, async () => {
      for (const [field, limit] of [['input', 2 ** 20], ['name', 65_535]] as const) {
        for (const share of [0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97, 1]) {
          const kept = Math.floor(secret.length * share);
          const text = `${'y '.repeat(limit).slice(-(limit - kept))}${secret} ${'zz '.repeat(30)}`;
          const { to, spans } = place('ok', { redact: redact() });
          const { exporter } = make({ destinations: [to] });
          play(exporter, run(0, { type: 'generic', [field]: text }));
          await exporter.flush();
          const [{ name, attributes }] = spans();
          const left = field === 'name' ? name : `${attributes.get('mastra.generic.input')}`;
          assert.ok(left.length > limit - 2 * secret.length, `${left.length} of ${limit}`);
          assert.doesNotMatch(left.slice(-200), part, `${field}, ${share}`);
          // The mark, unless it stands in what has no end.
          if (field === 'input') assert.match(left.slice(-99), /(…\[truncated \d+\]|\[REDACTED:key\]"?)$/);
        }
      }
    });
  }

  test('one long word is left out; nothing is where nothing is redacted', async () => {
    const word = 'z'.repeat(2 ** 20 + 5);
    for (const [options, left] of [
      [{ redact: redact() }, `…[truncated ${word.length}]`],
      [{}, `${'z'.repeat(2 ** 20)}…[truncated 5]`],
    ] as const) {
      const { to, spans } = place('ok', options);
      const { exporter } = make({ destinations: [to] });
      play(exporter, run(0, { type: 'generic', input: word }));
      await exporter.flush();
      assert.ok(spans()[0].attributes.get('mastra.generic.input') === left);
    }
  });

  test('many that only fit when they are cut', async () => {
    const { to, spans } = place('ok', { redact: redact() });
    const { exporter } = make({ destinations: [to] });
    const limit = 131_072;
    const text = `${'y '.repeat(limit).slice(-(limit - 15))}${CARD} ${'z '.repeat(900_000)}`;
    play(exporter, run(0, { type: 'generic', input: Array.from({ length: 20 }, () => text) } as Partial<MastraSpan>));
    await exporter.flush();
    const left = `${spans()[0].attributes.get('mastra.generic.input')}`;
    assert.match(left, /truncated/);
    assert.doesNotMatch(left, /42222/);
  });
});

test('texts of logs and scores are redacted whole, then cut', async () => {
  const path = `/ok/cut-${id()}`;
  const exporter = new EdgespanExporter({
    serviceName: 'cut',
    destinations: [
      otlp({ endpoint: sink.origin + path, redact: redact(), content: { truncate: 20 } }),
    ],
    signals: [logs(), scores()],
    logLevel: 'silent',
  });
  const said = `card ${CARD} of Jane`;
  exporter.onLogEvent?.(log({ message: 'a line', data: { said } }));
  exporter.onLogEvent?.(log({ message: `${'y '.repeat(16_384).slice(15)}${CARD} ${'z '.repeat(60_000)}` }));
  exporter.addScore({ traceId: id(32), name: 'tone', value: 1, comment: said });
  const receipt = await exporter.flush();
  assert.equal(receipt.signals?.accepted, 3);
  const all = sink.requests.filter((one) => one.path.startsWith(path)).map(({ body }) => Buffer.from(body).toString());
  assert.equal(all.length, 2);
  for (const body of all) {
    assert.doesNotMatch(body, /42222/);
    assert.match(body, /card \[REDACTED:card/);
  }
});
