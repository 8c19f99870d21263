/**
 * What is told of a request to which nothing came back.
 * @module
 */
import { BODY_OTHER } from '../core/schema.gen.js';
import type { Answer } from '../destinations/destination.js';

export const NOTHING: Uint8Array = /* @__PURE__ */ new Uint8Array(0);

export function noAnswer(cause: string): Answer {
  return { status: 0, kind: BODY_OTHER, body: NOTHING, retryAfter: '', cause };
}
