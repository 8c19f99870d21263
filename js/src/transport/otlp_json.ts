/**
 * OTLP/JSON, made of a body in protobuf: for receivers that read nothing else. The core encodes once;
 * this rewrites what it wrote by the table below, so that it holds for every dialect, and for bodies that
 * come back from a store. Ids are hex, 64-bit integers text, enumerations numbers (OTLP specification,
 * "JSON Protobuf Encoding").
 *
 * It costs several times what posting protobuf costs, and is here, not in the core, because the engine
 * has what it takes: the shortest text of a double, the escapes of JSON, base64.
 * @module
 */
import type { Wire } from './otlp_http.js';

// Messages by number; their fields in the order of their numbers: a name, then the kind: a digit for the
// message that is nested (after '*', any number of them), else t(ext), h(ex), x (base64), b(ool),
// u(int32), i(nt64), d(ouble), n (fixed64), w (fixed32). '-' is no field.
const MESSAGES =
  'resourceSpans*1|' + // 0 ExportTraceServiceRequest
  'resource2,scopeSpans*3,schemaUrlt|' + // 1 ResourceSpans
  'attributes*8,droppedAttributesCountu|' + // 2 Resource
  'scope4,spans*5,schemaUrlt|' + // 3 ScopeSpans
  'namet,versiont,attributes*8,droppedAttributesCountu|' + // 4 InstrumentationScope
  'traceIdh,spanIdh,traceStatet,parentSpanIdh,namet,kindu,startTimeUnixNanon,endTimeUnixNanon,' +
  'attributes*8,droppedAttributesCountu,events*6,droppedEventsCountu,links*7,droppedLinksCountu,' +
  'status;,flagsw|' + // 5 Span
  'timeUnixNanon,namet,attributes*8,droppedAttributesCountu|' + // 6 Event
  'traceIdh,spanIdh,traceStatet,attributes*8,droppedAttributesCountu,flagsw|' + // 7 Link
  'keyt,value9|' + // 8 KeyValue
  'stringValuet,boolValueb,intValuei,doubleValued,arrayValue:,kvlistValue<,bytesValuex|' + // 9 AnyValue
  'values*9|' + // : ArrayValue
  '-,messaget,codeu|' + // ; Status
  'values*8'; // < KeyValueList; digits go on beyond '9' as ':', ';', '<'

interface Field {
  readonly key: string;
  readonly kind: string;
  readonly many: boolean;
  /** The message that is nested. */
  readonly nested: number;
}

let schema: readonly (readonly Field[])[] | undefined;

function fields(message: number): readonly Field[] {
  schema ??= MESSAGES.split('|').map((all) =>
    all.split(',').map((field) => {
      const kind = field.at(-1) as string;
      const name = field.slice(0, -1);
      const nested = kind <= '<' ? kind.charCodeAt(0) - 48 : -1;
      return { key: `"${name.replace('*', '')}":`, kind, many: name.endsWith('*'), nested };
    }),
  );
  return schema[message];
}

/** OTLP/JSON, as a destination sends it. */
export const JSON_WIRE: Wire = { name: 'json', contentType: 'application/json', encode: toJson };

const decoder = /* @__PURE__ */ new TextDecoder('utf-8', { ignoreBOM: true });

/** The body as OTLP/JSON. REQUIRES: bytes that the core wrote. */
export function toJson(body: Uint8Array): Uint8Array {
  return new TextEncoder().encode(jsonText(body));
}

/** The same as a string. */
export function jsonText(body: Uint8Array): string {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  let at = 0;

  /** A varint; what exceeds 32 bits is in `high`. */
  let high = 0;
  function varint(): number {
    let low = 0;
    high = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = body[at++];
      const bits = byte & 127;
      if (shift < 32) low |= bits << shift;
      if (shift > 24) high |= shift < 32 ? bits >> (32 - shift) : bits << (shift - 32);
      if (byte < 128) return low >>> 0;
    }
  }

  function value({ kind, nested }: Field): string {
    switch (kind) {
      case 'b':
        return `${varint() !== 0}`;
      case 'u':
        return `${varint()}`;
      case 'i': {
        const low = varint();
        return `"${(BigInt(high) << 32n) | BigInt(low)}"`;
      }
      case 'n':
        return `"${view.getBigUint64((at += 8) - 8, true)}"`;
      case 'w':
        return `${view.getUint32((at += 4) - 4, true)}`;
      case 'd': {
        const number = view.getFloat64((at += 8) - 8, true);
        if (!Number.isFinite(number)) return `"${number}"`;
        return Object.is(number, -0) ? '-0.0' : `${number}`;
      }
    }
    const size = varint();
    if (nested >= 0) return message(nested, at + size);
    const bytes = body.subarray(at, (at += size));
    if (kind === 't') return JSON.stringify(decoder.decode(bytes));
    let text = '';
    for (const byte of bytes) {
      text += kind === 'h' ? (byte + 256).toString(16).slice(1) : String.fromCharCode(byte);
    }
    return `"${kind === 'h' ? text : btoa(text)}"`;
  }

  function message(type: number, end: number): string {
    const all = fields(type);
    const found: string[] = [];
    while (at < end) {
      const number = (varint() >>> 3) - 1;
      const text = value(all[number]);
      found[number] = all[number].many && found[number] ? `${found[number]},${text}` : text;
    }
    const members: string[] = [];
    found.forEach((text, i) => members.push(all[i].key + (all[i].many ? `[${text}]` : text)));
    return `{${members.join()}}`;
  }

  return message(0, body.length);
}
