// A second reader of the tape's grammar (src/edgespan/model/tape.h), for tests of the writer without
// a core; and a stand-in for the core's memory calls. Strict: whatever the grammar forbids throws.
import type { CoreExports } from '../../js/dist/core/core.js';
import * as schema from '../../js/dist/core/schema.gen.js';
import type { Tape } from '../../js/dist/core/tape.js';

// Node's types do not have it, and those of the DOM would give all tests other streams than Node's.
declare const WebAssembly: {
  Memory: new (pages: { initial: number; maximum: number }) => {
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  };
};

const names = new Map<number, string>();
for (const [constant, value] of Object.entries(schema)) {
  if (typeof value !== 'number') continue;
  // KEY_MAX_OUTPUT_TOKENS -> maxOutputTokens, TYPE_AGENT_RUN -> agent_run
  const type = /^TYPE_(\w+)$/.exec(constant)?.[1];
  const key = /^KEY_(?!BITS)(\w+)$/.exec(constant)?.[1];
  if (type) names.set(value, type.toLowerCase());
  if (key) names.set(value, key.toLowerCase().replace(/_(\w)/g, (_, c: string) => c.toUpperCase()));
}
// The two that the mechanical spelling misses.
names.set(schema.KEY_CACHE_WRITE5M, 'cacheWrite5m');
names.set(schema.KEY_CACHE_WRITE1H, 'cacheWrite1h');

/** Memory and key calls as the core answers them, with a budget for the areas. */
export function fakeCore(budget = 1 << 22, growing = false): { x: CoreExports; interned: string[] } {
  const memory = new WebAssembly.Memory({ initial: 32, maximum: 4096 });
  const interned: string[] = [];
  const text = new TextEncoder().encode(
    Array.from({ length: schema.FIRST_DYNAMIC_KEY - 1 }, (_, i) => `${names.get(i + 1)}\n`).join(''),
  );
  let top = 65536;
  new Uint8Array(memory.buffer).set(text, 1024);
  const areas = [4, 8, 1].map((unit) => ({ at: 0, n: 0, unit }));
  const x = {
    memory,
    edgespan_keys: () => 1024,
    edgespan_result: () => 512,
    edgespan_lend(...asked: [number, number, number]) {
      const needed = areas.reduce((sum, { n, unit }, i) => sum + Math.max(n, asked[i]) * unit, 0);
      const least = asked.some((n) => n > 0) ? asked : [1024, 1024, 4096];
      for (const [i, area] of needed > budget ? [] : areas.entries()) {
        if (least[i] <= area.n) continue;
        const at = top;
        top += (least[i] * area.unit + 15) & ~15;
        const missing = top - memory.buffer.byteLength;
        if (missing > 0) memory.grow((missing + 65535) >> 16);
        new Uint8Array(memory.buffer).copyWithin(at, area.at, area.at + area.n * area.unit);
        Object.assign(area, { at, n: least[i] });
      }
      const fields = [...areas.map(({ at }) => at), ...areas.map(({ n }) => n)];
      new Uint32Array(memory.buffer, 512, 6).set(fields);
      return needed > budget ? schema.STATUS_NO_MEMORY : 0;
    },
    edgespan_intern(at: number, size: number) {
      if (growing) memory.grow(1); // as a table of keys does now and then
      const bytes = new Uint8Array(memory.buffer, areas[2].at + at, size);
      const name = new TextDecoder().decode(bytes);
      let index = interned.indexOf(name);
      if (index < 0) index = interned.push(name) - 1;
      names.set(schema.FIRST_DYNAMIC_KEY + index, name);
      return schema.FIRST_DYNAMIC_KEY + index;
    },
  };
  return { x: x as unknown as CoreExports, interned };
}

export interface Item {
  op: 'trace' | 'start' | 'span' | 'config';
  traceId?: string;
  type?: string;
  flags?: number;
  id?: string;
  parent?: string;
  name?: string;
  start?: number;
  end?: number;
  members?: Record<string, unknown>;
}

/** Reads the whole tape. Dates come back as Dates, int64 as bigint, bytes as Uint8Array. */
export function decodeTape(tape: Tape): Item[] {
  const { words, doubles, text } = tape;
  const rope = new Uint8Array(3 * tape.rope.length);
  const ropeText = new TextDecoder().decode(
    rope.subarray(0, new TextEncoder().encodeInto(tape.rope, rope).written),
  );
  if (ropeText.length !== tape.rope.length) throw new Error('rope and units differ');
  let w = 0;
  let d = 0;
  let r = 0;
  const word = (): number => {
    if (w >= tape.w) throw new Error('words exhausted');
    return words[w++];
  };
  const double = (): number => {
    if (d >= tape.d) throw new Error('doubles exhausted');
    return doubles[d++];
  };
  const piece = (units: number): string => {
    if (r + units > tape.rope.length) throw new Error('rope exhausted');
    r += units;
    return ropeText.slice(r - units, r);
  };
  const key = (id: number): string => {
    const name = names.get(id);
    if (name === undefined) throw new Error(`no key ${id}`);
    return name;
  };
  const bytes = (unit: number): Uint8Array => {
    const at = word();
    const size = word() * unit;
    if (at + size > tape.at) throw new Error('text exhausted');
    if (unit === 2 && at % 2 !== 0) throw new Error('odd offset');
    return text.slice(at, at + size);
  };
  const opOf = (v: number): number => v & 15;
  const keyOf = (v: number): number => (v >>> 4) & schema.MAX_KEY;
  const argOf = (v: number): number => v >>> 18;

  function members(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    for (;;) {
      let head = word();
      if (opOf(head) === schema.OP_END) return object;
      let name: string;
      if (opOf(head) === schema.OP_KEY) {
        name = piece(argOf(head));
        head = word();
        if (keyOf(head) !== 0) throw new Error('key twice');
      } else {
        if (keyOf(head) === 0) throw new Error('no key');
        name = key(keyOf(head));
      }
      Object.defineProperty(object, name, {
        value: value(head),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
  }

  function value(head: number): unknown {
    switch (opOf(head)) {
      case schema.OP_OBJECT:
        return members();
      case schema.OP_ARRAY: {
        const list: unknown[] = [];
        for (;;) {
          const next = word();
          if (opOf(next) === schema.OP_END) return list;
          if (keyOf(next) !== 0) throw new Error('key in array');
          list.push(value(next));
        }
      }
      case schema.OP_STRING:
        return piece(argOf(head));
      case schema.OP_UTF8:
        return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes(1));
      case schema.OP_UTF16:
        return new TextDecoder('utf-16le', { ignoreBOM: true }).decode(bytes(2));
      case schema.OP_BYTES:
        return bytes(1);
      case schema.OP_NUMBER: {
        const number = double();
        const units = argOf(head);
        if (units > 0 && piece(units) !== `${number}`) throw new Error('number and text differ');
        const plain =
          !Number.isFinite(number) || (Number.isInteger(number) && Math.abs(number) <= 2 ** 53);
        if (plain !== (units === 0)) throw new Error(`text of number ${number}: ${units} units`);
        return number;
      }
      case schema.OP_DATE: {
        const date = new Date(double());
        const text = piece(argOf(head));
        if (text !== (date.toJSON() ?? '')) throw new Error(`date and text differ: ${text}`);
        return date;
      }
      case schema.OP_INT64: {
        const low = BigInt.asUintN(32, BigInt(word()));
        return BigInt.asIntN(64, (BigInt(word()) << 32n) | low);
      }
      case schema.OP_LITERAL:
        return [null, false, true][argOf(head)];
      default:
        throw new Error(`op ${opOf(head)}`);
    }
  }

  const items: Item[] = [];
  while (w < tape.w) {
    const head = word();
    switch (opOf(head)) {
      case schema.OP_TRACE:
        items.push({ op: 'trace', traceId: piece(argOf(head)) });
        break;
      case schema.OP_CONFIG:
        items.push({ op: 'config', members: members() });
        break;
      case schema.OP_START:
      case schema.OP_SPAN: {
        const envelope = word();
        const flags = argOf(head);
        const item: Item = {
          op: opOf(head) === schema.OP_START ? 'start' : 'span',
          type: key(keyOf(head)),
          flags,
        };
        item.id = piece((envelope >>> 16) & 255);
        item.parent = piece(envelope >>> 24);
        item.name = piece(envelope & 0xffff);
        item.start = double();
        if (flags & schema.FLAG_HAS_END) item.end = double();
        item.members = members();
        items.push(item);
        break;
      }
      default:
        throw new Error(`item ${opOf(head)}`);
    }
  }
  if (d !== tape.d || r !== tape.rope.length) throw new Error('something is left over');
  return items;
}
