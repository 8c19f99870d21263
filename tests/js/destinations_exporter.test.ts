// An exporter with destinations that have a name: those that are off, whole traces, and what a receiver
// echoes of its credentials.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { EdgespanExporter } from 'edgespan/mastra';
import { BACKENDS, options } from './backends.ts';
import { wire } from './destination_sent.ts';
import { end, play, run, start } from './spans.ts';

describe('an exporter with named destinations', () => {
  test('what is off says so once, sends nothing, and its spans are counted', async () => {
    for (const [name, backend] of Object.entries(BACKENDS)) {
      const option = Object.keys(backend.needs)[0];
      if (!option) continue;
      const lines: string[] = [];
      const { [option]: _, ...given } = options(backend);
      const exporter = new EdgespanExporter({ destinations: [backend.make({ ...given, env: {} })], spool: false });
      const say = (line: string): void => void lines.push(line);
      exporter.__setLogger({ debug: () => {}, info: () => {}, warn: say, error: say });
      wire.sent = [];
      play(exporter, run(2));
      play(exporter, run(2));
      const { dropped } = await exporter.flush();
      assert.deepEqual([dropped, wire.sent], [{ disabled: 6 }, []], name);
      assert.equal(lines.length, 1, lines.join('\n'));
      assert.ok(lines[0].includes(`\`${option}\``) && lines[0].includes(backend.needs[option].variables[0]));
      for (const value of Object.values(given) as string[]) assert.ok(!lines[0].includes(value));
    }
  });

  test('row 18: a flush sends the whole trace to Lemma, in one request', async () => {
    const { lemma } = BACKENDS;
    const destination = lemma.make({ ...options(lemma), env: {} });
    const exporter = new EdgespanExporter({ destinations: [destination], spool: false, early: { spans: 1 } });
    const [root, ...children] = run(20);
    wire.sent = [];
    start(exporter, root, ...children);
    end(exporter, ...children);
    await exporter.flush();
    assert.deepEqual(wire.sent, [], 'not before the root has ended');
    end(exporter, root);
    const { accepted } = await exporter.flush();
    assert.deepEqual([accepted, wire.sent.length], [21, 1]);
  });

  test('what a receiver echoes of its credentials stays out of receipts and logs', async () => {
    const lines: string[] = [];
    try {
      for (const [name, backend] of Object.entries(BACKENDS)) {
        const given = options(backend);
        const secrets = [...(Object.values(given) as string[]), ...Object.values(backend.headers)];
        const message = `${secrets.join(' and ')} was refused`;
        wire.answer = () => Response.json({ code: 16, message }, { status: 401 });
        const destination = backend.make({ ...given, env: {} });
        const exporter = new EdgespanExporter({ destinations: [destination], spool: false });
        const say = (line: string): void => void lines.push(line);
        exporter.__setLogger({ debug: () => {}, info: () => {}, warn: say, error: say });
        play(exporter, run(1));
        const receipt = await exporter.flush();
        const text = JSON.stringify(receipt) + lines.join('\n') + inspect(exporter, { depth: 9 });
        assert.match(text, /was refused/, name);
        for (const secret of secrets) {
          if (secret.length > 6) assert.ok(!text.includes(secret), `${name}: ${secret}`);
        }
      }
    } finally {
      wire.answer = () => new Response(null, { status: 200 });
    }
  });
});
