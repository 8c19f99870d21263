// A span as Mastra's official exporter tells it, and as we do: both from the same recorded events.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { SpanConverter } from '@mastra/otel-exporter';
import { decodeProtobuf, type WireSpan } from './otlp.ts';

// By span type: see Mastra's types.
export type Fields = Record<string, any>;

/** An ended span as the recordings hold it: dates are ISO text. */
export interface Span extends Fields {
  id: string;
  traceId: string;
  name: string;
  type: string;
  startTime: string;
  endTime?: string;
  attributes?: Fields;
  errorInfo?: Fields;
}

/** What a JSON text holds; undefined for what is none. */
export function parsed(text: unknown): any {
  try {
    return typeof text === 'string' ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

const tool = fileURLToPath(new URL('../../build/bin/edgespan-replay', import.meta.url));

/** The OTLP body of recorded events, by the native tool. */
export function replayed(events: readonly unknown[]): Buffer {
  const run = spawnSync(tool, ['--service', 'x', '-'], {
    input: JSON.stringify(events),
    maxBuffer: 1 << 28,
  });
  assert.equal(run.error, undefined);
  assert.equal(run.status, 0, String(run.stderr));
  return run.stdout;
}

/** Ours. */
export const replay = (events: readonly unknown[]): WireSpan[] => decodeProtobuf(replayed(events));

const converter = new SpanConverter({
  format: 'GenAI_v1_38_0',
  packageName: 'x',
  serviceName: 'x',
});

/** Theirs: what the official exporter hands to OpenTelemetry's serializer. */
export async function convert(span: Span): ReturnType<SpanConverter['convertSpan']> {
  const attributes: Fields = { ...span.attributes };
  for (const key of ['completionStartTime', 'untilDate']) {
    if (attributes[key] !== undefined) attributes[key] = new Date(attributes[key]);
  }
  const live = {
    ...span,
    ...(span.attributes && { attributes }),
    startTime: new Date(span.startTime),
    ...(span.endTime !== undefined && { endTime: new Date(span.endTime) }),
  };
  return converter.convertSpan(live as unknown as Parameters<SpanConverter['convertSpan']>[0]);
}
