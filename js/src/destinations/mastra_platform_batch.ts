/**
 * A batch of spans as Mastra's platform takes them (`POST /ai/spans/publish`).
 * @module
 */
import { join, nativeSpans } from './native.js';

/** REQUIRES: bytes that the core wrote in the `native` dialect. */
export function toPublished(body: Uint8Array): Uint8Array {
  const createdAt = JSON.stringify(new Date());
  const records = nativeSpans(body).map(({ members }) => {
    const of = (name: string): string => members.get(name) ?? 'null';
    return join([
      ...members,
      ['spanId', of('id')],
      ['spanType', of('type')],
      ['startedAt', of('startTime')],
      ['endedAt', of('endTime')],
      ['error', of('errorInfo')],
      ['createdAt', createdAt],
      ['updatedAt', 'null'],
    ]);
  });
  return new TextEncoder().encode(`{"spans":[${records.join()}]}`);
}
