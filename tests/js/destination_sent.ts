// Where destinations send, and with what: a `fetch` that sends nothing, in place of the global one until a
// file's tests are over.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import type { Destination } from 'edgespan/destinations';

export interface Sent {
  readonly url: string;
  readonly headers: Record<string, string>;
}

/** What was sent, and how that is answered. */
export const wire: { sent: Sent[]; answer: () => Response } = {
  sent: [],
  answer: () => new Response(null, { status: 200 }),
};

const { fetch } = globalThis;
globalThis.fetch = (async (url: string, { headers }: RequestInit) => {
  wire.sent.push({ url, headers: { ...(headers as Record<string, string>) } });
  return wire.answer();
}) as typeof fetch;
after(() => (globalThis.fetch = fetch));

/** Where a destination sends, and with what beside its content type. */
export async function target(destination: Destination): Promise<Sent> {
  assert.equal(destination.problem, undefined);
  wire.sent = [];
  await destination.post({ bytes: new Uint8Array(1), gzip: false }, 1000);
  const { 'content-type': type, ...headers } = wire.sent[0].headers;
  assert.equal(type, 'application/x-protobuf');
  return { url: wire.sent[0].url, headers };
}

export const url = async (destination: Destination): Promise<string> => (await target(destination)).url;
