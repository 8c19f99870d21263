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
  /** Whether it is a span of OpenTelemetry's, told as one of type `generic`: no part of Mastra's run. */
  readonly foreign: boolean;
  readonly members: Members;
}

const ORDER =
  'id,traceId,name,type,entityType,entityId,entityName,attributes,metadata,startTime,endTime,input,' +
  'output,errorInfo,requestContext,isEvent,isRootSpan,parentSpanId,externalParentSpanId,tags';
const WITHIN = ['attributes', 'metadata'];
/** How a JSON text begins, or is. What a redaction put in place of a whole value is none: its mark. */
const JSON_TEXT = /^(?:["{]|\[(?![A-Z])|(?:-?\d[\d.eE+-]*|true|false|null)$)/;

/** Milliseconds, as Date.prototype.toJSON() has them. */
const iso = (nanoseconds: bigint): string =>
  JSON.stringify(new Date(Number(nanoseconds / 1_000_000n)));

/** A member's text, which is JSON unless little or nothing of it may leave. */
function jsonOf(text: string): string {
  if (text === '') return 'null'; // a number that a limit left nothing of, or what was to be removed
  return JSON_TEXT.test(text) ? text : JSON.stringify(text);
}

/** Members of an object as its JSON text. */
export function join(members: Iterable<readonly [string, string]>): string {
  return `{${Array.from(members, ([name, text]) => `${JSON.stringify(name)}:${text}`).join()}}`;
}

function nativeSpan(span: ReadSpan): NativeSpan {
  const { attributes: told, spanId: id, traceId } = span;
  const isEvent = told.isEvent === 'true';
  const parentSpanId = span.remoteParent ? '' : span.parentSpanId;
  const outside = span.remoteParent ? span.parentSpanId : told['mastra.external_parent_span_id'];
  const foreign = told['mastra.span.type'] === undefined;
  const given: Record<string, string | undefined> = {};
  const within = WITHIN.map((): [string, string][] => []);
  if (foreign) {
    given.attributes = JSON.stringify(told);
    if (span.status === 2) given.errorInfo = JSON.stringify({ message: span.message });
  }
  for (const [name, value] of foreign ? [] : Object.entries(told)) {
    const raw = `${value}`;
    const text = jsonOf(raw);
    const at = WITHIN.findIndex((object) => name.startsWith(`${object}.`));
    if (at >= 0) {
      const own = name.slice(WITHIN[at].length + 1);
      // Where they are no object they are not JSON.
      const strange = name === 'attributes.parameters' && raw[0] !== '{';
      within[at].push([own, strange ? JSON.stringify(raw) : text]);
    } else if (!name.includes('.')) {
      given[name] = text;
    } // the rest is what the core says of a span in any dialect
  }
  WITHIN.forEach((object, i) => {
    if (within[i].length > 0) given[object] = join(within[i]);
    else if (told[`told.${object}`] !== undefined) given[object] ??= jsonOf(`${told[`told.${object}`]}`);
  });
  const quoted = (text: unknown): string | undefined => text ? JSON.stringify(text) : undefined;
  Object.assign(given, {
    id: quoted(id),
    traceId: quoted(traceId),
    name: JSON.stringify(span.name),
    type: quoted(told['mastra.span.type'] ?? 'generic'),
    startTime: iso(span.start),
    endTime: isEvent || (span.status === 0 && !foreign) ? undefined : iso(span.end),
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
  return { id, traceId, parentSpanId, foreign, members };
}

/** REQUIRES: bytes that the core wrote in the `native` dialect. */
export function nativeSpans(body: Uint8Array): NativeSpan[] {
  return readSpans(body).map(nativeSpan);
}
