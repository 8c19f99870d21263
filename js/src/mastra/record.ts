/**
 * Writes Mastra's spans onto the tape: the envelope by name, everything else through the walk.
 * @module
 */
import type { Pipeline } from '../core/pipeline.js';
import {
  FLAG_HAS_END,
  FLAG_IS_EVENT,
  FLAG_IS_ROOT,
  FLAG_REMOTE_PARENT,
  FLAG_WITHHELD,
  KEY_ID,
  KEY_IS_INTERNAL,
  LOSS_FAILED,
  LOSS_MALFORMED,
  OP_END,
  OP_SPAN,
  OP_START,
  TYPE_GENERIC,
} from '../core/schema.gen.js';
import { ARG_SHIFT, FULL, KEY_SHIFT, type Tape } from '../core/tape.js';
import { writeMember } from '../core/walk.js';
import type { MastraSpan } from './types.js';

const MAX_NAME_UNITS = 0xffff;

/** A span began: tells the core its place in the trace. */
export function recordStart(pipeline: Pipeline, span: MastraSpan): void {
  if (!validId(span.id, 16) || !validId(span.traceId, 32)) return; // counted when it ends
  const tape = pipeline.attach();
  writeEnvelope(tape, OP_START, span, '', 0);
  tape.words[tape.w++] = OP_END;
}

/**
 * A span ended. `content` is what the user's formatter made of it (the span itself without one, or
 * undefined where it failed): name and members come from there, the rest of the envelope never.
 * Always accounted for: written, written as an envelope alone, or counted as lost.
 */
export function recordEnd(
  pipeline: Pipeline,
  span: MastraSpan,
  content: MastraSpan | undefined,
): void {
  const tape = pipeline.attach();
  if (!validId(span.id, 16) || !validId(span.traceId, 32)) {
    pipeline.lose(LOSS_MALFORMED, 1);
    return;
  }
  if (content !== undefined) {
    let failure = writeSpan(tape, span, content);
    if (failure === FULL) {
      // Alone on the tape there may be room; if not, with its long strings cut. A commit, even of
      // nothing, gives back what the areas grew by.
      pipeline.commitTape();
      failure = writeSpan(tape, span, content);
      if (failure === FULL) {
        pipeline.commitTape();
        tape.cutting = true;
        failure = writeSpan(tape, span, content);
        tape.cutting = false;
        if (failure === FULL) pipeline.commitTape();
      }
    }
    if (failure === undefined) return;
  }
  if (writeSpan(tape, span, undefined) !== undefined) pipeline.lose(LOSS_FAILED, 1);
}

/** Returns undefined, or what was thrown; then nothing of the span is on the tape. */
function writeSpan(tape: Tape, span: MastraSpan, content: MastraSpan | undefined): unknown {
  tape.mark();
  tape.busy = true;
  try {
    if (content === undefined) {
      writeEnvelope(tape, OP_SPAN, span, span.name, FLAG_WITHHELD);
    } else {
      const type = writeEnvelope(tape, OP_SPAN, span, content.name, 0);
      writeContent(tape, content as unknown as Record<string, unknown>, type);
    }
    tape.words[tape.w++] = OP_END;
    if (!tape.fits(0)) throw FULL;
    tape.ended++;
    return undefined;
  } catch (error) {
    tape.rollback();
    return error ?? LOSS_FAILED;
  } finally {
    tape.busy = false;
  }
}

// The members of a span are its fields but the envelope's, whose keys are neighbours in the schema.
function writeContent(tape: Tape, content: Record<string, unknown>, type: number): void {
  let previous = type;
  tape.kind = type;
  for (const name in content) {
    let id = tape.next[previous];
    if (tape.names[id] !== name) id = tape.lookup(previous, name);
    if (id >= KEY_ID && id <= KEY_IS_INTERNAL) {
      previous = id;
      continue;
    }
    let value: unknown;
    try {
      value = content[name];
    } catch {
      value = '[Throws]';
    }
    previous = writeMember(tape, name, value, previous, 0);
  }
}

/** Returns the span type's key. */
function writeEnvelope(
  tape: Tape,
  op: number,
  span: MastraSpan,
  label: unknown,
  extra: number,
): number {
  if (tape.w > tape.wLimit || tape.d > tape.dLimit) tape.grow();
  tape.trace(span.traceId);
  let name = typeof label === 'string' ? label : `${label ?? ''}`;
  if (op === OP_START) name = '';
  else if (name.length > MAX_NAME_UNITS) name = name.slice(0, MAX_NAME_UNITS);
  const { id, parentSpanId, externalParentSpanId, endTime } = span;
  const parent = parentSpanId ?? externalParentSpanId ?? '';
  const parentId = validId(parent, 16) ? parent : '';
  let type = tape.lookup(0, String(span.type));
  if (type === 0) type = TYPE_GENERIC;
  let flags = extra;
  if (op === OP_SPAN && endTime) flags |= FLAG_HAS_END;
  if (span.isRootSpan) flags |= FLAG_IS_ROOT;
  if (span.isEvent) flags |= FLAG_IS_EVENT;
  if (parentSpanId === undefined && parentId !== '') flags |= FLAG_REMOTE_PARENT;
  const { words, doubles } = tape;
  words[tape.w] = op | (type << KEY_SHIFT) | (flags << ARG_SHIFT);
  words[tape.w + 1] = name.length | (id.length << 16) | (parentId.length << 24);
  tape.w += 2;
  tape.rope += id;
  tape.rope += parentId;
  tape.rope += name;
  tape.units += id.length + parentId.length + name.length;
  doubles[tape.d++] = milliseconds(span.startTime);
  if (flags & FLAG_HAS_END) doubles[tape.d++] = milliseconds(endTime);
  return type;
}

function validId(id: unknown, digits: number): id is string {
  return typeof id === 'string' && id.length > 0 && id.length <= digits;
}

/** Dates are Dates in Mastra; spans that went through JSON have them as text. */
function milliseconds(time: unknown): number {
  const value = time instanceof Date ? time.getTime() : new Date(time as string).getTime();
  return value > 0 ? value : 0;
}
