/**
 * The true end of a streamed answer: its last byte, its failure, or the client that went away.
 * @module
 */

import { active, withContext } from '../otel/context.js';

/** How a body ended: by itself, of an error, or because nobody wanted more of it. */
export type End = { readonly error?: unknown; readonly cancelled?: boolean };

const EVENTS = /event-stream|ndjson|jsonl|json-seq/;

/**
 * Whether an answer is made while it is sent. What has a length does not need to be waited for, and would
 * lose it by being watched; an encoded body would lose its encoding; what only passes through (the body of
 * an answer that was fetched), unless it is a stream of events, goes past the Worker's code. workerd tells
 * whoever inspects streams their length; elsewhere what the answer calls itself has to do.
 */
export function isStreamed({ body, headers }: Response): boolean {
  if (!body || body.locked || headers.has('content-length') || headers.has('content-encoding')) {
    return false;
  }
  const type = headers.get('content-type') ?? '';
  const told = Object.getOwnPropertySymbols(ReadableStream.prototype).find(
    ({ description }) => description === 'length',
  );
  if (!told) return !type || headers.has('transfer-encoding') || EVENTS.test(type);
  if ((body as unknown as Record<symbol, unknown>)[told] !== undefined) return false;
  return EVENTS.test(type) || !fetched.has(body);
}

// Bodies that were fetched. Others may be anything of the user's making, native streams included.
const fetched = new WeakSet<ReadableStream>();

/** Notes that an answer is another server's. */
export function passes({ body }: Response): void {
  if (body) fetched.add(body);
}

/**
 * The same answer, of which `ended` is told the end, once. Its body is read as fast as it is asked for, by
 * `through`: for workerd that is `piped`.
 */
export function watched(
  response: Response,
  ended: (end: End) => void,
  through: (source: ReadableStream, ended: (end: End) => void) => ReadableStream,
): Response {
  return new Response(through(response.body as ReadableStream, ended), response);
}

/**
 * Through a stream of workerd's own, which breaks when the client goes away. Not by `pipeTo`, which
 * workerd lacks between two of its own.
 */
export function piped(source: ReadableStream, ended: (end: End) => void): ReadableStream {
  const { IdentityTransformStream } = globalThis as unknown as {
    IdentityTransformStream: new () => { readable: ReadableStream; writable: WritableStream };
  };
  const { readable, writable } = new IdentityTransformStream();
  void pump(source.getReader(), writable.getWriter()).then(ended);
  return readable;
}

async function pump(from: ReadableStreamDefaultReader, to: WritableStreamDefaultWriter): Promise<End> {
  to.closed.catch(() => {}); // its writes say so
  for (;;) {
    let piece: ReadableStreamReadResult<unknown>;
    try {
      piece = await from.read();
    } catch (error) {
      to.abort(error).catch(() => {});
      return { error };
    }
    try {
      if (piece.done) {
        await to.close();
        return {};
      }
      await to.write(piece.value);
    } catch (reason) {
      from.cancel(reason).catch(() => {}); // nobody is left to be told
      return { cancelled: true };
    }
  }
}

/** Chunk by chunk, on any platform; `asked` is told that somebody reads. */
export function pulled(
  source: ReadableStream,
  ended: (end: End) => void,
  asked?: () => void,
): ReadableStream {
  const reader = source.getReader();
  const context = active(); // what makes the next piece runs in it, whoever asks (Deno's server has none)
  return new ReadableStream(
    {
      async pull(out) {
        asked?.();
        try {
          const { done, value } = await withContext(context, () => reader.read());
          if (!done) return out.enqueue(value);
          out.close();
          ended({});
        } catch (error) {
          ended({ error });
          throw error;
        }
      },
      cancel(reason) {
        ended({ cancelled: true });
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 }, // nothing is read ahead
  );
}
