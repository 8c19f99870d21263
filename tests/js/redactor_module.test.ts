// core.wasm and redactor.wasm, from either toolchain, beside each other in one memory: the way that
// wasm/README.md describes, without the package. The tape is written by hand.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Where the redactor's stack is in memory, and its size (wasm/CMakeLists.txt). */
const PLACE = 32768;
const STACK = 16384;

/** In the order of src/edgespan/privacy/hooks.h. */
const HOOKS = ['open', 'redact', 'key'];

type Call = (...numbers: number[]) => number;
interface Table {
  grow(by: number): number;
  set(at: number, value: unknown): void;
}
interface Core extends Record<string, unknown> {
  memory: WebAssembly.Memory;
  __indirect_function_table: Table;
}

const load = (toolchain: string, name: string) =>
  new WebAssembly.Module(readFileSync(`${root}/build/${toolchain}/wasm/${name}.wasm`));

/** A core with a redactor; `settings` are a destination's, as JSON has them. */
function lab(toolchain: string, settings: (hooks: number) => object) {
  const core = new WebAssembly.Instance(load(toolchain, 'core')).exports as unknown as Core;
  const call = (name: string, ...numbers: number[]) =>
    (core[`edgespan_${name}`] as Call)(...numbers);
  const table = core.__indirect_function_table;
  const redactor = new WebAssembly.Instance(load(toolchain, 'redactor'), {
    env: { memory: core.memory },
  }).exports;
  const hooks = table.grow(HOOKS.length);
  HOOKS.forEach((name, i) => {
    table.set(hooks + i, redactor[`edgespan_redactor_${name}`]);
  });

  call('lend', 0, 0, 1 << 20);
  const result = (fields: number) =>
    new Uint32Array(core.memory.buffer, call('result'), fields).slice();
  const lent = () => {
    call('lend', 0, 0, 1 << 20);
    return result(6);
  };
  const keys = new TextDecoder()
    .decode(new Uint8Array(core.memory.buffer, call('keys'), 1 << 14))
    .split('\0')[0]
    .split('\n');
  const write = (text: string, at = 0) =>
    new TextEncoder().encodeInto(text, new Uint8Array(core.memory.buffer, lent()[2] + at)).written;

  // The config item: words of `op | key << 4 | arg << 18` (src/edgespan/model/tape.h).
  const words: number[] = [];
  let rope = '';
  const value = (what: unknown, key: number): void => {
    const word = (op: number, arg = 0) => words.push((op | (key << 4) | (arg << 18)) >>> 0);
    if (typeof what === 'string') {
      word(3, what.length);
      rope += what;
    } else if (typeof what === 'number') {
      word(9);
      words.push(what, 0);
    } else if (Array.isArray(what)) {
      word(2);
      for (const element of what) value(element, 0);
      words.push(0);
    } else {
      word(1);
      members(what as object);
    }
  };
  const members = (object: object): void => {
    for (const [name, member] of Object.entries(object)) {
      const key = keys.indexOf(name) + 1;
      assert.ok(key > 0, `no key ${name}`);
      value(member, key);
    }
    words.push(0);
  };
  words.push(15);
  members({ destinations: [{ dialect: 'genai', ...settings(hooks) }] });
  const [at] = lent();
  new Uint32Array(core.memory.buffer, at, words.length).set(words);
  const bytes = write(rope);
  const exporter = call('open_exporter', words.length, 0, 0, bytes, rope.length);

  /** What may leave of a text. */
  const redact = (text: string) => {
    const status = call('redact', exporter, 0, write(text));
    const [offset, size, found] = result(3);
    const left = new TextDecoder().decode(new Uint8Array(core.memory.buffer, offset, size));
    return { status, left, found };
  };
  return { core, redactor, table, hooks, exporter, redact };
}

const MASK_ALL = { actions: '22222222222' };
const masking = (hooks: number) => ({ redact: { hooks, ...MASK_ALL } });

for (const toolchain of ['wasi', 'wasm']) {
  describe(`redactor.wasm (${toolchain})`, () => {
    test('redacts what the core hands it, in the core memory', () => {
      const { redact } = lab(toolchain, masking);
      assert.deepEqual(redact('write to jane@example.com'), {
        status: 0,
        left: 'write to [REDACTED:email]',
        found: 1,
      });
      assert.deepEqual(redact('nothing here'), { status: 0, left: 'nothing here', found: 0 });
      const json = redact('{"password":"x","inner":"{\\"k\\":\\"mail jane@example.com\\"}"}');
      assert.deepEqual(JSON.parse(json.left), {
        password: '[REDACTED:key]',
        inner: '{"k":"mail [REDACTED:email]"}',
      });
      assert.equal(json.found, 2);
    });

    test('grows the memory of both', () => {
      const { core, redact } = lab(toolchain, masking);
      const before = core.memory.buffer.byteLength;
      const text = `${'"line\\n" '.repeat(60_000)}jane@example.com`;
      const { left } = redact(JSON.stringify(text));
      assert.ok(JSON.parse(left).endsWith('[REDACTED:email]'));
      assert.ok(core.memory.buffer.byteLength > before);
    });

    test('hashes with the key of the settings', () => {
      const { redact } = lab(toolchain, (hooks) => ({
        redact: { hooks, actions: '44444444444', hashKey: 'k' },
      }));
      const { left } = redact('jane@example.com');
      assert.match(left, /^\[REDACTED:email:[0-9a-f]{16}\]$/);
    });

    test('refuses what is no policy, and what no redactor is there for', () => {
      const BAD_CONFIG = -5;
      const open = (redact: (hooks: number) => object) => lab(toolchain, (h) => redact(h)).exporter;
      assert.ok(open(masking) > 0);
      assert.equal(open((hooks) => ({ redact: { hooks, actions: '2222222222' } })), BAD_CONFIG);
      assert.equal(open((hooks) => ({ redact: { hooks, actions: '22222222225' } })), BAD_CONFIG);
      assert.equal(open(() => ({ redact: MASK_ALL })), BAD_CONFIG);
      assert.equal(open(() => ({ content: { policy: 'hashed' } })), BAD_CONFIG);
      assert.equal(open(() => ({ content: { policy: 'some' } })), BAD_CONFIG);
      assert.ok(open(() => ({ content: { policy: 'off' } })) > 0);
    });

    // Emscripten's is at the end of the place, and does not ship.
    test('its stack has room to spare', { skip: toolchain !== 'wasi' }, () => {
      const { core, redact } = lab(toolchain, masking);
      const stack = () => new Uint8Array(core.memory.buffer, PLACE, STACK);
      stack().fill(0xa5);
      // The deepest that it goes: JSON in strings of JSON, and something to find in each.
      let text = 'bearer Zm9vYmFyMTIzNDU2Nzg5, jane@example.com, 4111 1111 1111 1111';
      for (let level = 0; level < 9; ++level) text = JSON.stringify({ text, password: 'x', level });
      assert.ok(redact(text).found > 0);
      const untouched = stack().findIndex((byte) => byte !== 0xa5);
      assert.ok(untouched > STACK / 2, `${STACK - untouched} bytes of ${STACK} are used`);
    });
  });
}
