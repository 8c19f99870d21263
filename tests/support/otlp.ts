// Reads OTLP trace bodies for tests, with readers that are not ours: protobuf-es (strict: unknown
// fields, wrong wire types and invalid UTF-8 fail) for protobuf, plain JSON for OTLP/JSON as the
// OpenTelemetry Collector writes it. Both yield the same plain spans, so that values can be
// compared whatever way they came.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createFileRegistry, type DescMessage, fromBinary, type Message } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** An OTLP AnyValue: int64 is a bigint, double a number, kvlist a Map, the empty value null. */
export type Value =
  string | boolean | bigint | number | Uint8Array | null | Value[] | Map<string, Value>;

export type Attributes = Map<string, Value>;

export interface WireEvent {
  time: bigint;
  name: string;
  attributes: Attributes;
  dropped: number;
}

export interface WireLink {
  traceId: string;
  spanId: string;
  traceState: string;
  attributes: Attributes;
  dropped: number;
  flags: number;
}

/** One span as it arrived. Ids are lower-case hex, '' where absent; times in nanoseconds. */
export interface WireSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  traceState: string;
  flags: number;
  name: string;
  kind: number;
  start: bigint;
  end: bigint;
  attributes: Attributes;
  events: WireEvent[];
  links: WireLink[];
  status: { code: number; message: string };
  dropped: { attributes: number; events: number; links: number };
  resource: Attributes;
  scope: { name: string; version: string; schemaUrl: string; attributes: Attributes };
}

type Fields = Record<string, unknown>;

let requestType: DescMessage | undefined;

function requestDescriptor(): DescMessage {
  if (requestType) return requestType;
  const source = fileURLToPath(new URL('../../src/edgespan/otlp/', import.meta.url));
  const dir = mkdtempSync(join(tmpdir(), 'edgespan-otlp-'));
  const out = join(dir, 'otlp.desc');
  execFileSync('protoc', [`-I${source}`, `--descriptor_set_out=${out}`, 'otlp.proto']);
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(out)));
  rmSync(dir, { recursive: true });
  requestType = registry.getMessage('edgespan.otlp.pb.ExportTraceServiceRequest');
  if (!requestType) throw new Error('otlp.proto has no ExportTraceServiceRequest');
  return requestType;
}

/** Spans of an `application/x-protobuf` body. Throws on anything that is not exactly OTLP. */
export function decodeProtobuf(body: Uint8Array): WireSpan[] {
  const request = fromBinary(requestDescriptor(), body, { readUnknownFields: true });
  refuseUnknown(request, 'ExportTraceServiceRequest');
  return spansOf(request as unknown as Fields, protobufReader);
}

/** Spans of an OTLP/JSON body (text or parsed). */
export function decodeJson(body: string | Fields): WireSpan[] {
  return spansOf(typeof body === 'string' ? (JSON.parse(body) as Fields) : body, jsonReader);
}

function refuseUnknown(message: Message, path: string): void {
  if (message.$unknown?.length) {
    throw new Error(`unknown field ${message.$unknown.map((f) => f.no).join(', ')} in ${path}`);
  }
  for (const [key, field] of Object.entries(message as unknown as Fields)) {
    for (const item of (Array.isArray(field) ? field : [field]) as (Fields | undefined)[]) {
      const inner = (item?.case ? item.value : item) as Message | undefined;
      if (inner?.$typeName) refuseUnknown(inner, `${path}.${key}`);
    }
  }
}

// The two encodings differ in ids, 64-bit numbers, bytes and the shape of AnyValue only.
interface Reader {
  id(field: unknown): string;
  value(field: unknown): Value;
}

const protobufReader: Reader = {
  id: (field) => Buffer.from((field as Uint8Array | undefined) ?? []).toString('hex'),
  value(field) {
    const one = (field as { value: { case?: string; value?: unknown } }).value;
    if (one.case === 'arrayValue') return list(one.value).map((v) => this.value(v));
    if (one.case === 'bytesValue') return new Uint8Array(one.value as Uint8Array); // no Buffer
    if (one.case === 'kvlistValue') return attributesOf(list(one.value), this);
    return (one.value ?? null) as Value;
  },
};

const jsonReader: Reader = {
  id: (field) => ((field as string | undefined) ?? '').toLowerCase(),
  value(field) {
    const any = field as Fields;
    if (any.stringValue !== undefined) return any.stringValue as string;
    if (any.boolValue !== undefined) return any.boolValue as boolean;
    if (any.intValue !== undefined) return BigInt(any.intValue as string);
    if (any.doubleValue !== undefined) return Number(any.doubleValue);
    if (any.bytesValue !== undefined) {
      return new Uint8Array(Buffer.from(any.bytesValue as string, 'base64'));
    }
    if (any.arrayValue !== undefined) return list(any.arrayValue).map((v) => this.value(v));
    if (any.kvlistValue !== undefined) return attributesOf(list(any.kvlistValue), this);
    return null;
  },
};

function list(holder: unknown): unknown[] {
  return ((holder as { values?: unknown[] }).values ?? []) as unknown[];
}

function attributesOf(pairs: unknown, reader: Reader): Attributes {
  const attributes: Attributes = new Map();
  for (const pair of (pairs ?? []) as Fields[]) {
    const key = (pair.key as string | undefined) ?? '';
    if (attributes.has(key)) throw new Error(`duplicate attribute key ${JSON.stringify(key)}`);
    if (pair.value === undefined) throw new Error(`attribute ${JSON.stringify(key)} has no value`);
    attributes.set(key, reader.value(pair.value));
  }
  return attributes;
}

function spansOf(request: Fields, reader: Reader): WireSpan[] {
  const spans: WireSpan[] = [];
  for (const perResource of (request.resourceSpans ?? []) as Fields[]) {
    const resource = attributesOf((perResource.resource as Fields | undefined)?.attributes, reader);
    for (const perScope of (perResource.scopeSpans ?? []) as Fields[]) {
      const scope = (perScope.scope ?? {}) as Fields;
      for (const span of (perScope.spans ?? []) as Fields[]) {
        spans.push({
          ...spanOf(span, reader),
          resource,
          scope: {
            name: (scope.name ?? '') as string,
            version: (scope.version ?? '') as string,
            schemaUrl: (perScope.schemaUrl ?? '') as string,
            attributes: attributesOf(scope.attributes, reader),
          },
        });
      }
    }
  }
  return spans;
}

const nanos = (field: unknown): bigint => BigInt((field ?? 0) as string | bigint | number);
const count = (field: unknown): number => Number(field ?? 0);
const text = (field: unknown): string => (field ?? '') as string;

function spanOf(span: Fields, reader: Reader): Omit<WireSpan, 'resource' | 'scope'> {
  const status = (span.status ?? {}) as Fields;
  return {
    traceId: reader.id(span.traceId),
    spanId: reader.id(span.spanId),
    parentSpanId: reader.id(span.parentSpanId),
    traceState: text(span.traceState),
    flags: count(span.flags),
    name: text(span.name),
    kind: count(span.kind),
    start: nanos(span.startTimeUnixNano),
    end: nanos(span.endTimeUnixNano),
    attributes: attributesOf(span.attributes, reader),
    events: ((span.events ?? []) as Fields[]).map((event) => ({
      time: nanos(event.timeUnixNano),
      name: text(event.name),
      attributes: attributesOf(event.attributes, reader),
      dropped: count(event.droppedAttributesCount),
    })),
    links: ((span.links ?? []) as Fields[]).map((link) => ({
      traceId: reader.id(link.traceId),
      spanId: reader.id(link.spanId),
      traceState: text(link.traceState),
      attributes: attributesOf(link.attributes, reader),
      dropped: count(link.droppedAttributesCount),
      flags: count(link.flags),
    })),
    status: { code: count(status.code), message: text(status.message) },
    dropped: {
      attributes: count(span.droppedAttributesCount),
      events: count(span.droppedEventsCount),
      links: count(span.droppedLinksCount),
    },
  };
}

/** What a span breaks of the rules that no receiver checks (ids, times, keys); empty when sound. */
export function lint(span: WireSpan): string[] {
  const faults: string[] = [];
  const at = `${span.name} (${span.spanId})`;
  const id = (name: string, hex: string, digits: number): void => {
    if (hex.length !== digits || /^0+$/.test(hex)) faults.push(`${at}: ${name} '${hex}'`);
  };
  id('trace id', span.traceId, 32);
  id('span id', span.spanId, 16);
  if (span.parentSpanId !== '') id('parent span id', span.parentSpanId, 16);
  if (span.parentSpanId === span.spanId) faults.push(`${at}: is its own parent`);
  if (span.name === '') faults.push(`${at}: empty name`);
  if (span.kind < 0 || span.kind > 5) faults.push(`${at}: kind ${span.kind}`);
  if (span.end < span.start) faults.push(`${at}: ends before it starts`);
  const year2020 = 1_577_836_800_000_000_000n;
  if (span.start < year2020) faults.push(`${at}: start ${span.start} is not in nanoseconds`);
  for (const attributes of [span.attributes, span.resource, span.scope.attributes]) {
    if (attributes.has('')) faults.push(`${at}: empty attribute key`);
  }
  return faults;
}

/** The value as plain JSON data: Maps as objects, bigints as numbers where exact, else text. */
export function plain(value: Value | undefined): unknown {
  if (value === undefined) return undefined;
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  }
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return Object.fromEntries([...value].map(([k, v]) => [k, plain(v)]));
  return value;
}
