/**
 * Writes spans onto the tape, Mastra's and OpenTelemetry's: the envelope by name, everything else
 * through the walk.
 * @module
 */
import type { Pipeline } from '../core/pipeline.js';
import {
  FLAG_HAS_END,
  FLAG_IS_EVENT,
  FLAG_IS_ROOT,
  FLAG_OTEL,
  FLAG_REMOTE_PARENT,
  FLAG_SCORE,
  FLAG_WITHHELD,
  LOSS_FAILED,
  LOSS_MALFORMED,
  OP_END,
  OP_SPAN,
  OP_START,
  OP_TRACE,
  TYPE_GENERIC,
} from '../core/schema.gen.js';
import { FULL, type Tape } from '../core/tape.js';
import { writeMembers } from '../core/walk.js';
import { ARG_SHIFT, KEY_SHIFT, MAX_NAME_UNITS } from '../limits.js';

/** Of a span all that is no content: Mastra's spans have it as it is here. */
export interface Envelope {
  id: string;
  traceId: string;
  name: string;
  type: string;
  /** Numbers are milliseconds since the epoch, with a fraction. */
  startTime: Date | number;
  /** Absent on event spans and on spans that did not end. */
  endTime?: Date | number | undefined;
  isEvent: boolean;
  /** Whether its process knows no parent of it. */
  isRootSpan: boolean;
  parentSpanId?: string | undefined;
  /** A parent in another process. */
  externalParentSpanId?: string | undefined;
  /** What the span failed of; a span without it succeeded. */
  errorInfo?: object | undefined;
}

/** What the core is told of a root's run where that begins (src/edgespan/model/tape.h). */
export interface RunMembers {
  /** Of 2^56 equal parts of all runs, how many were rejected; -1: nobody knows. */
  readonly samplingThreshold?: number | undefined;
  readonly traceState?: string | undefined;
}

/** A span began: tells the core its place in the trace. `flags`: FLAG_* that `span` does not tell. */
export function recordStart(pipeline: Pipeline, span: Envelope, flags: number, run?: RunMembers): void {
  if (!validId(span.id, 16) || !validId(span.traceId, 32)) return; // counted when it ends
  const tape = pipeline.attach();
  writeEnvelope(tape, OP_START, span, '', flags);
  if (run) tape.rope += writeMembers(tape, run as Record<string, unknown>, 0, 0);
  tape.put(OP_END);
}

/** A run, or one of its spans, got a score: tail sampling may ask for it. */
export interface Scored {
  readonly traceId: string;
  /** Absent for a score of the whole run. */
  readonly spanId?: string | undefined;
  readonly name?: unknown;
  readonly value: number;
}

export function recordScore(pipeline: Pipeline, score: Scored): void {
  const { traceId, spanId, name, value } = score;
  const id = spanId ?? '0'.repeat(16);
  if (!validId(id, 16) || !validId(traceId, 32)) return;
  const { tape } = pipeline;
  // Called from a getter of the object that is being walked: afterwards.
  if (tape.busy) return queueMicrotask(() => recordScore(pipeline, score));
  pipeline.attach();
  const span = { id, traceId, name: '', type: 'generic', startTime: 0, isEvent: false, isRootSpan: false };
  writeEnvelope(tape, OP_START, span, name, FLAG_SCORE);
  tape.rope += writeMembers(tape, { value }, 0, 0);
  tape.put(OP_END);
}

/**
 * A span ended. `content` is what the user's formatter made of it (the span itself without one, or
 * undefined where it failed): name and members come from there, the rest of the envelope never. The core
 * names a span that has no name by its type. Members of a FLAG_OTEL span are those of OpenTelemetry's
 * schema (src/edgespan/otlp/otel_span.cc).
 * Always accounted for: written, written as an envelope alone, or counted as lost. Whether its content
 * was written.
 */
export function recordEnd(
  pipeline: Pipeline,
  span: Envelope,
  content: { name?: unknown } | undefined,
  flags: number,
): boolean {
  const tape = pipeline.attach();
  if (!validId(span.id, 16) || !validId(span.traceId, 32)) {
    pipeline.lose(LOSS_MALFORMED, 1);
    return false;
  }
  // As things are, then alone on the tape, then with its long strings cut; at last without content,
  // and where not even that can be read, without its status.
  for (let attempt = content ? 0 : 3; attempt <= 4; attempt++) {
    tape.cutting = attempt === 2;
    const failure = writeSpan(tape, span, attempt < 3 ? content : undefined, attempt === 3, flags);
    tape.cutting = false;
    if (failure === undefined) return attempt < 3;
    if (failure === FULL) pipeline.commitTape();
    else if (attempt < 2) attempt = 2;
  }
  pipeline.lose(LOSS_FAILED, 1);
  return false;
}

const FAILED = { errorInfo: {} };
const FAILED_OTEL = { status: { code: 2 } };

/** Returns undefined, or what was thrown; then nothing of the span is on the tape. */
function writeSpan(
  tape: Tape,
  span: Envelope,
  content: { name?: unknown } | undefined,
  status: boolean,
  flags: number,
): unknown {
  const mark = tape.mark();
  tape.busy = true;
  try {
    if (content) {
      writeEnvelope(tape, OP_SPAN, span, content.name, flags);
      const members = content as unknown as Record<string, unknown>;
      tape.rope += writeMembers(tape, members, 0, 0);
    } else {
      // Without its name: that is content, too.
      writeEnvelope(tape, OP_SPAN, span, '', flags | FLAG_WITHHELD);
      // That it failed is no content; what it failed of may be.
      const failed = flags & FLAG_OTEL ? FAILED_OTEL : FAILED;
      if (status && span.errorInfo) tape.rope += writeMembers(tape, failed, 0, 0);
    }
    tape.put(OP_END);
    if (!tape.fits(0)) throw FULL;
    tape.ended++;
    return undefined;
  } catch (error) {
    tape.rollback(mark);
    return error ?? LOSS_FAILED;
  } finally {
    tape.busy = false;
  }
}

function writeEnvelope(
  tape: Tape,
  op: number,
  span: Envelope,
  label: unknown,
  extra: number,
): void {
  if (tape.w > tape.wLimit) tape.grow();
  const { id, traceId, parentSpanId, externalParentSpanId, endTime } = span;
  if (traceId !== tape.traceId) tape.rope += tape.piece(OP_TRACE, (tape.traceId = traceId));
  let name = typeof label === 'string' ? label : `${label ?? ''}`;
  if (name.length > MAX_NAME_UNITS) name = tape.cut(name, MAX_NAME_UNITS);
  const parent = parentSpanId ?? externalParentSpanId;
  const parentId = validId(parent, 16) ? parent : '';
  // Types follow each other much as they did in other runs.
  const type = tape.key((tape.kind << KEY_SHIFT) | op, `${span.type}`) || TYPE_GENERIC;
  tape.kind = type;
  let flags = extra;
  if (op === OP_SPAN && endTime) flags |= FLAG_HAS_END;
  if (span.isEvent) flags |= FLAG_IS_EVENT;
  // Of a root that is a part of another's run, the parent is here.
  if (flags & FLAG_IS_ROOT && parentSpanId === undefined && parentId !== '') flags |= FLAG_REMOTE_PARENT;
  tape.put(op | (type << KEY_SHIFT) | (flags << ARG_SHIFT));
  tape.put(name.length | (id.length << 16) | (parentId.length << 24));
  tape.rope += id + parentId + name;
  tape.double(milliseconds(span.startTime));
  if (flags & FLAG_HAS_END) tape.double(milliseconds(endTime));
}

function validId(id: unknown, digits: number): id is string {
  return typeof id === 'string' && id !== '' && id.length <= digits;
}

/** Bytes on the tape, as far as they can be told without encoding the rope. */
export function tapeBytes({ w, d, at, rope }: Tape): number {
  return 4 * w + 8 * d + at + rope.length;
}

/** Dates are Dates in Mastra; spans that went through JSON have them as text. */
export function milliseconds(time: unknown): number {
  const value = time instanceof Date ? time.getTime() : typeof time === 'number' ? time : Date.parse(time as string);
  return value > 0 ? value : 0;
}
