// Fresh events of a run, no object or string of which another run has seen: what any candidate is fed, in
// Node and in workerd. (Where runs come from: workloads.ts.)
import type { MastraSpan, MastraTracingEvent } from 'edgespan/mastra';

/** One run, as JSON text so that a parse gives fresh objects. */
export interface Source {
  readonly name: string;
  /** Ended spans. */
  readonly spans: number;
  readonly json: string;
}

/** A run's events in the order of emission: each parent starts first and ends last, the root's end
 *  is the last of all. Ids of runs differ when `run` does. */
export function fresh(source: Source, run: number): MastraTracingEvent[] {
  const revive = (key: string, value: unknown): unknown =>
    /Time$|Date$/.test(key) && typeof value === 'string' ? new Date(value) : value;
  const events = JSON.parse(source.json, revive) as MastraTracingEvent[];
  const traceId = hex(random(run + 1), 32);
  // Within a run Mastra hands out one string for each id; after a parse there are many.
  const ids = new Map<string, string>();
  const shared = (id: string): string => {
    if (!ids.has(id)) ids.set(id, id);
    return ids.get(id) as string;
  };
  return events.map(({ type, exportedSpan }) => {
    const span = exported({ ...exportedSpan, traceId, id: shared(exportedSpan.id) });
    if (span.parentSpanId !== undefined) span.parentSpanId = shared(span.parentSpanId);
    return { type, exportedSpan: span };
  });
}

export type Fields = Partial<MastraSpan> & Record<string, unknown>;

/** The object that Mastra makes for every event: these fields in this order, absent ones undefined. */
function exported(span: Fields): MastraSpan {
  const { id, traceId, name, type, entityType, entityId, entityName, attributes, metadata } = span;
  const { startTime, endTime, input, output, errorInfo, requestContext, isEvent, isRootSpan } = span;
  const { parentSpanId, externalParentSpanId, tags } = span;
  return {
    id,
    traceId,
    name,
    type,
    entityType,
    entityId,
    entityName,
    attributes,
    metadata,
    startTime,
    endTime,
    input,
    output,
    errorInfo,
    requestContext,
    isEvent,
    isRootSpan,
    parentSpanId,
    externalParentSpanId,
    ...(tags ? { tags } : {}),
  } as unknown as MastraSpan;
}

/** Numbers in [0, 1), the same for the same seed: splitmix32. */
export function random(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b9) >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
}

export function hex(next: () => number, digits: number): string {
  let text = '';
  while (text.length < digits) text += ((next() * 2 ** 32) >>> 0).toString(16).padStart(8, '0');
  return text.slice(0, digits);
}
