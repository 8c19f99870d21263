/**
 * Mastra's own exported spans, as JSON text, of a body in the `native` dialect
 * (src/edgespan/semconv/layers/native.h): members are JSON in there already, and are only joined here.
 * @module
 */
import { readSpans, type ReadSpan } from '../transport/otlp_read.js';

/** Texts of a span's members, by name, in the order in which Mastra exports them. */
export type Members = Map<string, string>;

export interface NativeSpan {
  readonly id: string;
  readonly traceId: string;
  /** '': none that was sent, or one that lives in another process. */
  readonly parentSpanId: string;
  readonly members: Members;
}

const ORDER =
  'id,traceId,name,type,entityType,entityId,entityName,attributes,metadata,startTime,endTime,input,' +
  'output,errorInfo,requestContext,isEvent,isRootSpan,parentSpanId,externalParentSpanId,tags';
const WITHIN = ['attributes', 'metadata'];

/** Milliseconds, as Date.prototype.toJSON() has them. */
const iso = (nanoseconds: bigint): string =>
  JSON.stringify(new Date(Number(nanoseconds / 1_000_000n)));

/** Members of an object as its JSON text. */
export function join(members: Iterable<readonly [string, string]>): string {
  return `{${Array.from(members, ([name, text]) => `${JSON.stringify(name)}:${text}`).join()}}`;
}

function nativeSpan(span: ReadSpan): NativeSpan {
  const { attributes: told, spanId: id, traceId } = span;
  const isEvent = told.isEvent === 'true';
  const parentSpanId = span.remoteParent ? '' : span.parentSpanId;
  const outside = span.remoteParent ? span.parentSpanId : told['mastra.external_parent_span_id'];
  const given: Record<string, string | undefined> = {};
  const within = WITHIN.map((): [string, string][] => []);
  for (const [name, value] of Object.entries(told)) {
    const text = `${value}` || 'null'; // a number that a limit left nothing of
    const at = WITHIN.findIndex((object) => name.startsWith(`${object}.`));
    if (at >= 0) {
      const own = name.slice(WITHIN[at].length + 1);
      // Where they are no object they are not JSON.
      const strange = name === 'attributes.parameters' && text[0] !== '{';
      within[at].push([own, strange ? JSON.stringify(text) : text]);
    } else if (!name.includes('.')) {
      given[name] = text;
    } // the rest is what the core says of a span in any dialect
  }
  WITHIN.forEach((object, i) => {
    if (within[i].length > 0) given[object] = join(within[i]);
    else given[object] ??= told[`told.${object}`] as string | undefined;
  });
  const quoted = (text: unknown): string | undefined => text ? JSON.stringify(text) : undefined;
  Object.assign(given, {
    id: quoted(id),
    traceId: quoted(traceId),
    name: JSON.stringify(span.name),
    type: quoted(told['mastra.span.type']),
    startTime: iso(span.start),
    endTime: isEvent || span.status === 0 ? undefined : iso(span.end),
    isEvent: `${isEvent}`,
    isRootSpan: `${parentSpanId === ''}`,
    parentSpanId: quoted(parentSpanId),
    externalParentSpanId: quoted(outside),
  });
  const members: Members = new Map();
  for (const name of new Set([...ORDER.split(','), ...Object.keys(given)])) {
    const text = given[name];
    if (text !== undefined) members.set(name, text);
  }
  return { id, traceId, parentSpanId, members };
}

/** REQUIRES: bytes that the core wrote in the `native` dialect. */
export function nativeSpans(body: Uint8Array): NativeSpan[] {
  return readSpans(body).map(nativeSpan);
}
