// Reads OTLP/JSON of logs and metrics with protobuf-es, which refuses unknown fields and wrong types.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createFileRegistry, fromBinary, fromJsonString } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

type Fields = Record<string, any>;

export interface WireLog {
  time: bigint;
  observed: bigint;
  severity: number;
  severityText: string;
  body: string;
  attributes: Map<string, unknown>;
  traceId: string;
  spanId: string;
  flags: number;
  resource: Map<string, unknown>;
  scope: string;
}

export interface WirePoint {
  metric: string;
  unit: string;
  kind: string;
  temporality: number | undefined;
  attributes: Map<string, unknown>;
  start: bigint;
  time: bigint;
  /** As the message has them. */
  fields: Fields;
}

let registry: ReturnType<typeof createFileRegistry> | undefined;

function read(type: 'Logs' | 'Metrics', body: Uint8Array): Fields {
  if (!registry) {
    const source = fileURLToPath(new URL('.', import.meta.url));
    const dir = mkdtempSync(join(tmpdir(), 'edgespan-signals-'));
    const out = join(dir, 'signals.desc');
    execFileSync('protoc', [`-I${source}`, `--descriptor_set_out=${out}`, 'otlp_signals.proto']);
    registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(out)));
    rmSync(dir, { recursive: true });
  }
  const descriptor = registry.getMessage(`edgespan.tests.${type}`);
  assert.ok(descriptor);
  return fromJsonString(descriptor, new TextDecoder('utf-8', { fatal: true }).decode(body)) as unknown as Fields;
}

const attributesOf = (list: Fields[]): Map<string, unknown> =>
  new Map(list.map(({ key, value }) => [key as string, value.value.value]));

function checkId(id: string, digits: number): string {
  assert.match(id, new RegExp(`^([0-9a-f]{${digits}})?$`));
  return id;
}

export function decodeLogs(body: Uint8Array): WireLog[] {
  return read('Logs', body).resourceLogs.flatMap(({ resource, scopeLogs }: Fields) =>
    scopeLogs.flatMap(({ scope, logRecords }: Fields) =>
      logRecords.map((record: Fields) => ({
        time: record.timeUnixNano,
        observed: record.observedTimeUnixNano,
        severity: record.severityNumber,
        severityText: record.severityText,
        body: record.body.value.value,
        attributes: attributesOf(record.attributes),
        traceId: checkId(record.traceId, 32),
        spanId: checkId(record.spanId, 16),
        flags: record.flags,
        resource: attributesOf(resource.attributes),
        scope: scope.name,
      })),
    ),
  );
}

export function decodeMetrics(body: Uint8Array): WirePoint[] {
  return read('Metrics', body).resourceMetrics.flatMap(({ scopeMetrics }: Fields) =>
    scopeMetrics.flatMap(({ metrics }: Fields) =>
      metrics.flatMap(({ name, unit, data }: Fields) =>
        data.value.dataPoints.map((point: Fields) => {
          for (const { traceId, spanId } of point.exemplars) {
            checkId(traceId, 32);
            checkId(spanId, 16);
          }
          return {
            metric: name,
            unit,
            kind: data.case,
            temporality: data.value.aggregationTemporality,
            attributes: attributesOf(point.attributes),
            start: point.startTimeUnixNano,
            time: point.timeUnixNano,
            fields: point,
          };
        }),
      ),
    ),
  );
}
