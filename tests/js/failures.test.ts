// When sending fails: what is counted, said and left alone. The fault matrix is in
// tests/runtime/faults.test.ts.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { otlp } from 'edgespan/destinations';
import { startSite, total } from '../support/exporter.ts';
import { play, run } from './spans.ts';

// Without a spool what cannot be sent is lost: spool_memory.test.ts has the rest.
const { make, sink, to } = await startSite({ spool: false });

describe('when sending fails', () => {
  for (const status of [400, 401, 404, 413, 429, 500, 503]) {
    test(`HTTP ${status}: counted, in the receipt, one warning with a cure`, async (t) => {
      t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
      // Nothing is sent twice: no budget can end before the answer of a slow machine has come.
      const { exporter, notes } = make({ destinations: [to(`${status}`, { retryBudget: 0 })] });
      play(exporter, run(2));
      const receipt = await exporter.flush();
      assert.equal(total(receipt), 3);
      assert.equal(receipt.accepted + receipt.pending, 0);
      assert.equal(receipt.errors[0].status, status);
      assert.equal(notes.lines.length, 1);
      assert.match(notes.lines[0], new RegExp(`3 spans lost.*HTTP ${status}; .{10,}`));
      play(exporter, run(2));
      await exporter.flush();
      // Refused credentials: the second run was not even sent, which is told as well.
      assert.equal(notes.lines.length, status === 401 ? 2 : 1, 'said once a minute');
    });
  }

  test('a warning is said again when its minute is over', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const { exporter, notes } = make({ destinations: [to('400', { retryBudget: 0 })] });
    for (const [later, said] of [[0, 1], [59_999, 1], [1, 2]]) {
      t.mock.timers.tick(later);
      play(exporter, run(2));
      await exporter.flush();
      assert.equal(notes.lines.length, said);
    }
    assert.equal(notes.lines[0], notes.lines[1]);
  });

  test('no receiver: unsent, with the cause', async () => {
    const { exporter, notes } = make({
      destinations: [otlp({ endpoint: 'http://127.0.0.1:9', name: 'closed', retryBudget: 300 })],
    });
    play(exporter, run(2));
    const receipt = await exporter.flush();
    assert.deepEqual(receipt.dropped, { unsent: 3 });
    assert.equal(receipt.errors.length, 1);
    assert.equal(receipt.errors[0].status, undefined);
    assert.match(receipt.errors[0].message, /^no answer/);
    assert.match(notes.lines[0], /`endpoint` can be reached/);
  });

  test('no answer in time: unsent', async () => {
    const { exporter } = make({ destinations: [to('hang', { timeout: 80, retryBudget: 0 })] });
    play(exporter, run(0));
    const began = performance.now();
    const receipt = await exporter.flush();
    assert.ok(performance.now() - began < 3000);
    assert.deepEqual(receipt.dropped, { unsent: 1 });
    assert.match(receipt.errors[0].message, /no answer within 80 ms/);
    sink.release();
  });

  test('a redirect is not followed', async () => {
    let followed = 0;
    const server = createServer((request, response) => {
      request.resume();
      if (request.url?.startsWith('/elsewhere')) followed++;
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { exporter } = make({ destinations: [otlp({ endpoint, name: 'moved' })] });
    play(exporter, run(0));
    const receipt = await exporter.flush();
    server.close();
    assert.equal(receipt.errors[0].status, 307);
    assert.equal(followed, 0);
  });

  test('an answer of any size is read only in part', async () => {
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-type': 'text/plain' });
      const chunk = Buffer.alloc(65536, 'x');
      const pump = (): void => {
        while (!response.destroyed && response.write(chunk)) {}
      };
      response.on('drain', pump);
      pump();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { exporter } = make({ destinations: [otlp({ endpoint, name: 'endless' })] });
    play(exporter, run(0));
    const receipt = await exporter.flush();
    server.closeAllConnections();
    server.close();
    assert.equal(receipt.accepted, 1);
  });

  test('an empty answer is not read, and gives its connection back', async () => {
    let connections = 0;
    const server = createServer((request, response) => {
      request.resume().on('end', () => response.writeHead(200, { 'content-length': 0 }).end());
    });
    server.on('connection', () => connections++);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { exporter } = make({ destinations: [otlp({ endpoint, name: 'silent' })] });
    const { getReader } = ReadableStream.prototype;
    let readers = 0;
    ReadableStream.prototype.getReader = function (this: ReadableStream, ...rest: []) {
      // fetch itself opens streams of its own; ours is opened from the package's files.
      if (new Error().stack?.includes('otlp_http')) readers++;
      return getReader.apply(this, rest);
    } as typeof getReader;
    try {
      for (let i = 0; i < 12; i++) {
        play(exporter, run(0));
        assert.equal((await exporter.flush()).accepted, 1);
      }
    } finally {
      ReadableStream.prototype.getReader = getReader;
      server.closeAllConnections();
      server.close();
    }
    assert.equal(readers, 0);
    assert.ok(connections <= 2, `${connections} connections for 12 requests`);
  });
});
