// Writes docs/coverage.md: what every field of Mastra's spans becomes in each dialect. Nothing in
// it is typed by hand: the fields are those that the installed @mastra/core declares, found by the
// TypeScript compiler; the attributes are those that appear when a span has the field, and are not
// there, or others, when it has not (build/bin/edgespan-replay).
//
//   node scripts/lib/coverage.mjs           after scripts/build
//
// tests/js/coverage.test.ts compares the file: a field that a new @mastra/core brings is a diff.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { API, TypeFlags } from 'typescript/unstable/sync';
import { decodeProtobuf } from '../../tests/support/otlp.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const core = join(root, 'node_modules/@mastra/core');
const declarations = join(core, 'dist/observability/types/tracing.d.ts');

export const COVERAGE = join(root, 'docs/coverage.md');

/** Dialects that are columns; those that this core does not have are left out. */
const DIALECTS = ['genai', 'openinference', 'langfuse'];

// ---- The fields ---------------------------------------------------------------------------------

/**
 * What Mastra declares: [path, sample value] of each field that every span has, and of each field
 * of the attributes by span type.
 */
export function declaredFields() {
  const api = new API({ cwd: root });
  try {
    const snapshot = api.updateSnapshot({ openFiles: [declarations] });
    const { program, checker } = snapshot.getDefaultProjectForFile(declarations);
    const module = checker.getSymbolAtLocation(program.getSourceFile(declarations));
    const declared = (name) => {
      const symbol = checker.getExportsOfModule(module).find((s) => s.name === name);
      if (!symbol) throw new Error(`@mastra/core no longer exports ${name}`);
      return checker.getDeclaredTypeOfSymbol(symbol);
    };
    const walk = new Walk(checker);
    const attributes = new Map();
    for (const property of checker.getPropertiesOfType(declared('SpanTypeMap'))) {
      attributes.set(property.name, walk.fields(checker.getTypeOfSymbol(property)));
    }
    const shared = walk.fields(declared('ExportedSpan'));
    return { shared, attributes };
  } finally {
    api.close();
  }
}

class Walk {
  #checker;
  constructor(checker) {
    this.#checker = checker;
  }

  /** [dotted path, sample] of all fields; into objects, not into lists and records. */
  fields(type, path = '') {
    const fields = new Map();
    const parts = type.isUnionType() ? type.getTypes() : [type];
    for (const part of parts) {
      for (const property of this.#checker.getPropertiesOfType(part)) {
        const name = path === '' ? property.name : `${path}.${property.name}`;
        const given = this.#checker.getTypeOfSymbol(property);
        const inner = this.#isObject(given) ? this.fields(this.#bare(given), name) : [];
        if (inner.length > 0) for (const [key, sample] of inner) fields.set(key, sample);
        else if (!fields.has(name)) fields.set(name, this.#sample(given));
      }
    }
    return [...fields];
  }

  #bare(type) {
    return this.#checker.getNonNullableType(type) ?? type;
  }

  /** An object with fields of its own: no list, no record, no Date, nothing generic. */
  #isObject(type) {
    const bare = this.#bare(type);
    if (!bare.isObjectType() || this.#checker.isArrayType(bare)) return false;
    return this.#checker.typeToString(bare) !== 'Date';
  }

  /** A value of that type, as JSON data. */
  #sample(given) {
    const type = this.#bare(given);
    if (type.isUnionType()) {
      const types = type.getTypes();
      // boolean is a union, of its literals.
      const other = types.find((t) => (t.flags & TypeFlags.BooleanLiteral) === 0);
      return this.#sample(other ?? types[0]);
    }
    if (type.isStringLiteralType() || type.isNumberLiteralType()) return type.value;
    if ((type.flags & (TypeFlags.BooleanLiteral | TypeFlags.Boolean)) !== 0) return true;
    if ((type.flags & TypeFlags.Number) !== 0) return 7;
    if ((type.flags & TypeFlags.String) !== 0) return 'x';
    if (this.#checker.isArrayType(type)) {
      const element = this.#checker.getTypeArguments(type)[0];
      return [element ? this.#sample(element) : 'x'];
    }
    if (this.#checker.typeToString(type) === 'Date') return '2026-11-20T07:57:09.125Z';
    const fields = this.fields(type).filter(([name]) => !name.includes('.'));
    return fields.length > 0 ? Object.fromEntries(fields.slice(0, 2)) : { a: 1 };
  }
}

// ---- What they become ---------------------------------------------------------------------------

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const hex = (n) => n.toString(16).padStart(16, '0');

/** Spans through the core in one dialect, by id; undefined where the core has no such dialect. */
export function replay(dialect, spans) {
  const events = spans.map((exportedSpan) => ({ type: 'span_ended', exportedSpan }));
  const args = ['--dialect', dialect, '--service', 'x', '-'];
  const tool = spawnSync(join(root, 'build/bin/edgespan-replay'), args, {
    input: JSON.stringify(events),
    maxBuffer: 1 << 28,
  });
  if (tool.error) throw tool.error;
  if (/refuses the configuration/.test(String(tool.stderr))) return undefined; // no such dialect
  if (tool.status !== 0) throw new Error(String(tool.stderr));
  return new Map(decodeProtobuf(tool.stdout).map((span) => [span.spanId, span]));
}

/** Text that differs where the value does. */
const spell = (value) => JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `${v}n` : v));

/** Names of what `span` says and `bare` does not: attributes, and parts of the OTLP span. */
function difference(span, bare, type) {
  const names = [];
  for (const [key, value] of span.attributes) {
    if (spell(bare.attributes.get(key)) !== spell(value)) names.push(`\`${key}\``);
  }
  const changed = (part) => spell(span[part]) !== spell(bare[part]);
  if (changed('parentSpanId')) names.push('parent');
  if (changed('name')) names.push('span name');
  if (changed('start')) names.push('start');
  if (changed('end')) names.push('end');
  if (span.status.code !== bare.status.code) names.push('status');
  if (span.status.message !== bare.status.message) names.push('status message');
  for (const [key, value] of span.events[0]?.attributes ?? []) {
    if (bare.events[0]?.attributes.get(key) !== value) names.push(`event \`${key}\``);
  }
  return names.sort().join(', ').replaceAll(`mastra.${type}.`, 'mastra.{type}.');
}

/** An object with `value` at a dotted path. */
function at(path, value) {
  return path.split('.').reduceRight((inner, key) => ({ [key]: inner }), value);
}

/** The envelope: told by OTLP's own fields, and tested where those are. */
const ENVELOPE = {
  id: 'span id',
  traceId: 'trace id',
  name: 'span name',
  type: '`mastra.span.type`',
};

/**
 * What each field becomes: {shared: Map(path -> Map(dialect -> Map(type -> names))),
 * attributes: Map(type -> Map(path -> Map(dialect -> names)))}, and the dialects found.
 */
export function coverage() {
  const { shared, attributes } = declaredFields();
  const types = [...attributes.keys()];
  const spans = [];
  const cases = [];
  const span = (type, members) => {
    const id = hex(spans.length + 1);
    spans.push({
      id,
      traceId: TRACE,
      name: 'name',
      type,
      startTime: '2026-11-20T07:57:09.000Z',
      endTime: '2026-11-20T07:57:09.250Z',
      isEvent: false,
      isRootSpan: false,
      ...members,
    });
    // A generation without a model call below it is taken for the call itself.
    if (type === 'model_generation') {
      const call = { type: 'model_inference', attributes: undefined, parentSpanId: id };
      spans.push({ ...spans.at(-1), ...call, id: hex(spans.length + 1), isRootSpan: false });
    }
    return id;
  };
  for (const type of types) {
    // A failed span has more to say; the message alone is what the rest of the error is added to.
    const bare = span(type, {});
    const failed = span(type, { errorInfo: { message: 'm' } });
    for (const [path, sample] of shared) {
      if (path in ENVELOPE || path === 'attributes') continue;
      const members = at(path, /ParentSpanId|^parentSpanId/.test(path) ? hex(0xabc) : sample);
      const inError = path.startsWith('errorInfo.') && path !== 'errorInfo.message';
      if (inError) members.errorInfo.message = 'm';
      const id = span(type, members);
      cases.push({ type, path, shared: true, id, bare: inError ? failed : bare });
    }
    for (const [path, sample] of attributes.get(type)) {
      const id = span(type, { attributes: at(path, sample) });
      cases.push({ type, path, shared: false, id, bare });
    }
  }
  spans.push({ ...spans[0], id: hex(0xffff), isRootSpan: true });
  const found = { dialects: [], shared: new Map(), attributes: new Map() };
  for (const dialect of DIALECTS) {
    const wire = replay(dialect, spans);
    if (!wire) continue;
    found.dialects.push(dialect);
    for (const one of cases) {
      const names = difference(wire.get(one.id), wire.get(one.bare), one.type);
      const [outer, inner] = one.shared ? [one.path, one.type] : [one.type, one.path];
      const table = one.shared ? found.shared : found.attributes;
      if (!table.has(outer)) table.set(outer, new Map());
      if (!table.get(outer).has(inner)) table.get(outer).set(inner, new Map());
      table.get(outer).get(inner).set(dialect, names);
    }
  }
  return found;
}

// ---- The page -----------------------------------------------------------------------------------

/** Fields that no dialect sends, and why; a field that is not sent and not here is an error. */
const NOT_SENT = {
  isInternal: 'Mastra never sets it',
  isEvent: "it is the span's end that is missing",
  isRootSpan: 'a root is what has no parent',
  'parameters.headers': 'they may hold credentials',
  'parameters.abortSignal': 'a live object',
};

const version = () => JSON.parse(readFileSync(join(core, 'package.json'), 'utf8')).version;
const row = (cells) => `| ${cells.join(' | ')} |`;

function cellsOf(dialects, path, names) {
  return dialects.map((dialect) => {
    if (names.get(dialect)) return names.get(dialect);
    if (path in NOT_SENT) return `not sent: ${NOT_SENT[path]}`;
    throw new Error(`${path} is lost in the dialect ${dialect}`);
  });
}

/** Rows of fields; those below one member of which the same becomes share one. */
function rowsOf(fields) {
  const rows = [];
  for (const [path, cells] of fields) {
    const said = cells.join(' | ');
    const stem = path.includes('.') ? path.slice(0, path.indexOf('.')) : undefined;
    const last = rows.at(-1);
    if (last && stem !== undefined && last.stem === stem && last.said === said) {
      last.names.push(`\`${path.slice(stem.length)}\``);
    } else {
      rows.push({ stem, said, names: [`\`${path}\``] });
    }
  }
  return rows.map(({ names, said }) => row([names.join(' '), said]));
}

/** The page, as it should be. */
export function page() {
  const { dialects, shared, attributes } = coverage();
  const head = (...first) => {
    const names = [...first, ...dialects];
    return [row(names), row(names.map(() => '---'))];
  };
  const lines = [
    '# What every field becomes',
    '',
    `Generated by \`scripts/lib/coverage.mjs\` from the types of @mastra/core ${version()}`,
    'and from what the core writes. `{type}` is the type of the span.',
    '',
    '## Every span',
    '',
    ...head('field', 'on'),
    ...Object.entries(ENVELOPE).map(([path, becomes]) =>
      row([`\`${path}\``, 'every type', ...dialects.map(() => becomes)]),
    ),
  ];
  for (const [path, byType] of shared) {
    // Types of which the same becomes share a row; what becomes of most of them comes first.
    const groups = new Map();
    for (const [type, names] of byType) {
      const cells = row(cellsOf(dialects, path, names));
      groups.set(cells, [...(groups.get(cells) ?? []), type]);
    }
    const sorted = [...groups].sort(([, a], [, b]) => b.length - a.length);
    for (const [i, [cells, types]] of sorted.entries()) {
      const others = sorted.length > 1 ? 'every other type' : 'every type';
      lines.push(`| \`${path}\` | ${i === 0 ? others : types.join(', ')} ${cells}`);
    }
  }
  const tables = [...attributes].map(([type, fields]) => [
    type,
    [...fields].map(([path, names]) => [path, cellsOf(dialects, path, names)]),
  ]);
  // What stands in the attributes of every type, and becomes the same there.
  const everywhere = tables[0][1].filter(([path, cells]) =>
    tables.every(([, fields]) =>
      fields.some(([other, others]) => other === path && row(others) === row(cells)),
    ),
  );
  const common = new Set(everywhere.map(([path]) => path));
  lines.push('', '## Attributes of every type', '', ...head('attribute'), ...rowsOf(everywhere));
  for (const [type, fields] of tables) {
    const own = fields.filter(([path]) => !common.has(path));
    if (own.length > 0) lines.push('', `## ${type}`, '', ...head('attribute'), ...rowsOf(own));
  }
  return `${lines.join('\n')}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(COVERAGE, page());
