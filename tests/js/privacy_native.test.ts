// Redaction for receivers of Mastra's own JSON: what stands in place of a whole value is a JSON text, too,
// and no batch is lost for it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contextCompany, mastraPlatform } from 'edgespan/destinations';
import { redact } from 'edgespan/privacy';
import { env, json, place, send, sentTo, sink, type Json } from './formats.ts';
import { play, run } from './spans.ts';

const CARD = '4222222222222220';
/** What stands under a name that announces a secret may be anything. */
const SECRETS = {
  text: 'hunter2',
  json: '{"a":1}',
  number: 12345,
  negative: -4.5,
  boolean: true,
  nothing: null,
  date: new Date(0),
  list: [1],
  object: { a: { b: 'hunter2' } },
};
const hash = { hashKey: 'a key', actions: { keyed: 'hash', card: 'hash' } } as const;
const POLICIES = {
  mask: redact(),
  partial: redact({ actions: { keyed: 'partial', card: 'partial' } }),
  hash: redact(hash),
  remove: redact({ actions: { keyed: 'remove', card: 'remove' } }),
  'whole members': redact({ keys: ['input', 'output', 'metadata', 'requestContext', 'errorInfo', 'tags'] }),
  'a hook': redact({ hook: (value) => (value === 'fine' ? value : undefined) }),
};

for (const [what, policy] of Object.entries(POLICIES)) {
  test(`what replaces a whole value is JSON: ${what}`, async () => {
    const at = place();
    const endpoint = sink.origin + at;
    const fields = {
      input: 'fine',
      output: -Number(CARD),
      metadata: { ...nested(SECRETS), plain: 7, [CARD]: Number(CARD), below: -Number(CARD) },
      attributes: { ...nested(SECRETS), parameters: { password: 'hunter2' }, toolName: 'fine' },
      requestContext: nested(SECRETS),
      errorInfo: { message: 'fine', password: 'hunter2' },
      tags: ['fine'],
    };
    const { receipt, said } = await send(
      [
        mastraPlatform({ endpoint, accessToken: 't', projectId: 'p', env, redact: policy }),
        contextCompany({ endpoint, apiKey: 'k', env, redact: policy }),
      ],
      (exporter) => play(exporter, run(1, fields)),
    );
    const bodies = sentTo(at).map(json) as Json[]; // which parses
    assert.equal(bodies.length, 2);
    for (const { spans } of bodies) assert.equal(spans.length, 2);
    assert.equal(receipt.accepted, 4);
    assert.deepEqual(receipt.dropped, {});
    assert.deepEqual(said, []);
    const sent = JSON.stringify(bodies);
    for (const secret of ['hunter2', CARD]) assert.ok(!sent.includes(secret) || what === 'a hook', sent);
  });
}

/** Each under a name of its own that announces a secret. */
function nested(values: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([kind, value]) => [`${kind}Password`, value]));
}
