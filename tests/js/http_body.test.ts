// The true end of a streamed answer, where the platform has nothing to tell it by (Node, Vercel); in
// workerd: tests/runtime/cloudflare_handlers.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

interface End {
  error?: unknown;
  cancelled?: boolean;
}
const { isStreamed, pulled, watched } = (await import(
  new URL('../../js/dist/http/body.js', import.meta.url).href
)) as {
  isStreamed(response: Response): boolean;
  pulled: unknown;
  watched(response: Response, ended: (end: End) => void, through: unknown): Response;
};

const stream = (): ReadableStream => new ReadableStream({ start: (out) => out.close() });
const headers = (type: string, more = {}): ResponseInit => ({ headers: { 'content-type': type, ...more } });

describe('which answers are streams', () => {
  for (const [what, response, is] of [
    ['events', new Response(stream(), headers('text/event-stream')), true],
    ['lines of JSON', new Response(stream(), headers('application/x-ndjson; charset=utf-8')), true],
    ['no type', new Response(stream()), true],
    ['chunked text', new Response(stream(), headers('text/plain', { 'transfer-encoding': 'chunked' })), true],
    ['text', new Response('hello'), false],
    ['JSON', Response.json({}), false],
    ['a length', new Response(stream(), headers('text/event-stream', { 'content-length': '3' })), false],
    ['encoded', new Response(stream(), headers('text/event-stream', { 'content-encoding': 'br' })), false],
    ['nothing', new Response(null, { status: 204 }), false],
  ] as const) {
    it(what, () => assert.equal(isStreamed(response), is));
  }
});

describe('a watched stream', () => {
  /** A source of three chunks, and what happened to it. */
  function source(fail = false) {
    const log: string[] = [];
    let sent = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(out) {
          log.push(`pull ${sent}`);
          if (fail && sent === 1) return out.error(new Error('it broke'));
          if (sent === 3) return out.close();
          out.enqueue(Uint8Array.of(sent++));
        },
        cancel: (reason) => void log.push(`cancel ${reason}`),
      },
      { highWaterMark: 0 },
    );
    const ends: End[] = [];
    const init = { status: 201, headers: { 'x-own': '1' } };
    const response = watched(new Response(body, init), (end) => ends.push(end), pulled);
    return { log, ends, response };
  }

  it('passes every chunk, as it is asked for, and tells its end once', async () => {
    const { log, ends, response } = source();
    assert.deepEqual([response.status, response.headers.get('x-own')], [201, '1']);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(log, []); // nothing is read ahead
    assert.deepEqual([...((await reader.read()).value ?? [])], [0]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual([log, ends], [['pull 0'], []]);
    while (!(await reader.read()).done);
    assert.deepEqual(ends, [{}]);
  });

  it('hands on a failure', async () => {
    const { ends, response } = source(true);
    await assert.rejects(response.text(), /it broke/);
    assert.equal(ends.length, 1);
    assert.match(`${ends[0].error}`, /it broke/);
  });

  it('hands on that nobody reads any more', async () => {
    const { log, ends, response } = source();
    const reader = (response.body as ReadableStream).getReader();
    await reader.read();
    await reader.cancel('enough');
    assert.deepEqual(ends, [{ cancelled: true }]);
    assert.deepEqual(log, ['pull 0', 'cancel enough']);
  });
});
