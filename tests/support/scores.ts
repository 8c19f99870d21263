// What tests of scores share: backends that nobody reaches from here, played by a fake fetch(); a score and
// feedback; and what a destination makes of them.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { Destination } from 'edgespan/destinations';
import { EdgespanExporter, type Receipt } from 'edgespan/mastra';
import { scores } from 'edgespan/signals';

export interface Sent {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: any;
}
const { fetch } = globalThis;
/** What was posted, and what is answered next: 200 after that. */
export const fake = { sent: [] as Sent[], answers: [] as (() => Response)[] };
before(() => {
  globalThis.fetch = (async (url: string, { headers, body }: RequestInit) => {
    const type = (headers as Record<string, string>)['content-type'];
    const text = new TextDecoder().decode(body as Uint8Array);
    fake.sent.push({ url, headers: { ...(headers as Record<string, string>) }, body: type === 'application/json' ? JSON.parse(text) : text });
    return (fake.answers.shift() ?? (() => new Response(null, { status: 200 })))();
  }) as typeof globalThis.fetch;
});
after(() => {
  globalThis.fetch = fetch;
});

export const TIME = 1_763_625_600_123;
export const ID = '12318e8d-d9d0-4b06-925c-bd134cd1c196';
export const traceId = 'da595fe34291987d6e8c39a2476469c7';
export const spanId = '3286c13af1d35de8';
export const SCORE = {
  scoreId: ID,
  timestamp: new Date(TIME),
  traceId,
  spanId,
  scorerId: 'relevance',
  scorerName: 'Relevance',
  score: 0.82,
  reason: 'good',
  scoreSource: 'live',
  correlationContext: { environment: 'production', threadId: 't1' },
  metadata: { m: 1, apiKey: 'sk-in-metadata' },
};
export const FEEDBACK = {
  feedbackId: ID,
  timestamp: new Date(TIME),
  traceId,
  feedbackType: 'thumbs',
  value: 'up',
  feedbackUserId: 'u1',
  feedbackSource: 'user',
  comment: 'nice',
  correlationContext: { sessionId: 's1' },
};

/** What a destination makes of one score and one feedback. */
export async function posted(
  destination: Destination,
  ...replies: (() => Response)[]
): Promise<{ sent: Sent[]; receipt: Receipt }> {
  fake.sent = [];
  fake.answers = replies;
  const exporter = new EdgespanExporter({ destinations: [destination], signals: [scores()], spool: false, logLevel: 'silent' });
  exporter.onScoreEvent?.({ score: SCORE });
  const first = await exporter.flush();
  exporter.onFeedbackEvent?.({ feedback: FEEDBACK });
  await exporter.flush();
  assert.equal(JSON.stringify(fake.sent).includes('sk-in-metadata'), false);
  const { signals } = exporter.stats();
  const lost = Object.values(signals?.dropped ?? {}).reduce((sum, one) => sum + one, 0);
  assert.equal((signals?.accepted ?? 0) + (signals?.rejected ?? 0) + lost, 2);
  return { sent: fake.sent, receipt: first };
}
