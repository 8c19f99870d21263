// What users see of the exporter: nothing is thrown at them, whatever they give it, and nothing shows a
// secret.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import { Notes, startSite } from '../support/exporter.ts';
import { end, play, run, span, start } from './spans.ts';

// Without a spool what cannot be sent is lost: spool_memory.test.ts has the rest.
const { make, sink, to } = await startSite({ spool: false });

describe('what the caller sees', () => {
  test('handlers return nothing, at once, whatever they are given', async () => {
    const { exporter } = make();
    const junk = [undefined, null, {}, { type: 'span_ended' }, { type: 'span_ended', exportedSpan: null }];
    for (const event of junk) assert.equal(exporter.onTracingEvent(event as never), undefined);
    for (const fields of [{ id: '' }, { id: 5 }, { traceId: undefined }, { id: 'x'.repeat(99) }]) {
      end(exporter, span(fields as never));
    }
    assert.equal(await exporter.exportTracingEvent({ type: 'span_updated', exportedSpan: span() }), undefined);
    const receipt = await exporter.flush();
    assert.equal(receipt.dropped.malformed, 4);
  });

  test('span_updated changes nothing', async () => {
    const { exporter } = make();
    const spans = run(1);
    start(exporter, ...spans);
    exporter.onTracingEvent({ type: 'span_updated', exportedSpan: spans[1] });
    end(exporter, spans[1], spans[0]);
    assert.equal((await exporter.flush()).accepted, 2);
  });

  test('nothing shows a secret', async () => {
    const secret = 'sk-very-secret-0123456789';
    const destination = otlp({
      endpoint: `${sink.origin}/401?token=${secret}`,
      headers: { authorization: `Bearer ${secret}` },
      name: 'shy',
    });
    const { exporter, notes, receipts } = make({ destinations: [destination] });
    play(exporter, run(1));
    const receipt = await exporter.flush();
    const shown = [
      inspect(exporter, { depth: 9, showHidden: true }),
      inspect(destination, { depth: 9, showHidden: true }),
      JSON.stringify([exporter, destination, receipt, receipts]),
      JSON.stringify(exporter.serializeForSpan()),
      notes.lines.join('\n'),
    ].join('\n');
    assert.match(shown, /shy/);
    assert.doesNotMatch(shown, new RegExp(`${secret}|127\\.0\\.0\\.1`));
  });

  test("a receiver's words are passed on without secrets", async () => {
    const secret = 'tok_abcdefgh';
    const basic = `Basic ${btoa('user12:password34')}`;
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(403, { 'content-type': 'application/json' });
      const given = new URL(request.url as string, 'http://x').searchParams.get('given');
      const raw = `${request.url}`.replace(/.*=/, '');
      const message = `no access for ${secret} of ${given} at ${request.headers.host} ${raw} user12 password34`;
      response.end(JSON.stringify({ message }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/?given=tok%2Fijklmnop`;
    const headers = { 'x-token': `key=${secret}`, authorization: basic };
    const { exporter, notes } = make({ destinations: [otlp({ endpoint, headers, name: 'echo' })] });
    play(exporter, run(0));
    const { errors, rejected } = await exporter.flush();
    server.close();
    assert.equal(rejected, 1);
    assert.equal(errors[0].status, 403);
    assert.match(errors[0].message, /no access for( (of |at )?\[redacted\]){6}$/);
    assert.equal(notes.lines.length, 1);
    assert.match(notes.lines[0], /"echo": HTTP 403; check the credentials in `headers`/);
  });

  for (const onReceipt of [
    () => {
      throw new Error('receipt');
    },
    async () => Promise.reject(new Error('receipt')), // the runner fails on what nobody handles
  ]) {
    test('hooks and loggers that throw are contained', async () => {
      const exporter = new EdgespanExporter({
        destinations: [to('401')],
        spool: false,
        onReceipt,
        waitUntil() {
          throw new Error('wait');
        },
      });
      exporter.__setLogger({
        debug() {},
        info() {},
        warn() {
          throw new Error('log');
        },
        error() {},
      });
      play(exporter, run(1));
      assert.equal((await exporter.flush()).rejected, 2);
    });
  }

  test('options that are not there do not throw', async () => {
    for (const options of [undefined, {}, { destinations: undefined }, { destinations: [null, {}, 5] }]) {
      const exporter = new EdgespanExporter(options as never);
      exporter.__setLogger(new Notes());
      play(exporter, run(1));
      const receipt = await exporter.flush();
      assert.ok((receipt.dropped.disabled ?? 0) >= 2);
    }
  });
});
