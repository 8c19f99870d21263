// Writes docs/coverage.md: what every field of Mastra's spans becomes in each dialect. Nothing in
// it is typed by hand: the fields are those that the installed @mastra/core declares, found by the
// TypeScript compiler; the attributes are those that appear when a span has the field, and are not
// there, or others, when it has not (build/bin/edgespan-replay).
//
//   node scripts/lib/coverage.mjs           after scripts/build
//
// tests/js/coverage.test.ts compares the file: a field that a new @mastra/core brings is a diff.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { API, TypeFlags } from 'typescript/unstable/sync';
import { decodeProtobuf } from '../../tests/support/otlp.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const core = join(root, 'node_modules/@mastra/core');
const declarations = join(core, 'dist/observability/types/tracing.d.ts');

export const COVERAGE = join(root, 'docs/coverage.md');

/**
 * The dialects: those that have goldens, in folders of their names (genai's lie above them). The
 * conventions come first.
 */
const goldens = readdirSync(join(root, 'tests/golden'), { withFileTypes: true });
const folders = goldens.filter((entry) => entry.isDirectory()).map(({ name }) => name);
const CONVENTIONS = ['genai', 'openinference', 'langfuse'].filter(
  (name) => name === 'genai' || folders.includes(name),
);
export const DIALECTS = [...new Set([...CONVENTIONS, ...folders.sort()])];

// ---- The fields ---------------------------------------------------------------------------------

/**
 * What Mastra declares: [path, sample value] of each field that every span has, of each field of the
 * attributes by span type, and of each member of the inputs and outputs to which it gives a shape.
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
    const payloads = new Map();
    for (const [end, map] of Object.entries({ input: 'SpanInputMap', output: 'SpanOutputMap' })) {
      for (const property of checker.getPropertiesOfType(declared(map))) {
        const members = walk.payload(checker.getTypeOfSymbol(property), end);
        payloads.set(property.name, [...(payloads.get(property.name) ?? []), ...members]);
      }
    }
    const shared = walk.fields(declared('ExportedSpan'));
    return { shared, attributes, payloads };
  } finally {
    api.close();
  }
}

/** Values of members whose type says too little: unknown, or lists of it. */
const FILE = { type: 'file', payload: { mimeType: 'image/png', base64: 'iVBORw0KGgo=' } };
const CALL = { toolCallId: 'c', toolName: 'x', args: { a: 1 } };
const SAMPLES = {
  messages: [{ role: 'user', content: 'x' }],
  schema: { type: 'object' },
  object: { a: 1 },
  files: [FILE],
  reasoning: [{ type: 'reasoning', payload: { id: 'r', text: 'x' } }],
  sources: [{ type: 'source', payload: { url: 'https://x.test' } }],
  toolCalls: [CALL],
  warnings: [{ type: 'unsupported', feature: 'x' }],
  steps: [{ text: 'x' }],
  tripwire: { reason: 'x' },
};

const sampleOf = (name) => SAMPLES[name] ?? 'x';

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

  /** The same of what may also be text, a list or a message: [path, sample, first member] of its objects. */
  payload(type, path) {
    const parts = type.isUnionType() ? type.getTypes() : [type];
    const objects = parts.filter((part) => {
      const names = this.#isObject(part) ? this.#checker.getPropertiesOfType(part) : [];
      return names.length > 0 && !names.some(({ name }) => name === 'role');
    });
    const fields = new Map();
    for (const object of objects) {
      const [first, ...rest] = this.#checker.getPropertiesOfType(object);
      for (const { name } of [first, ...rest]) if (!fields.has(name)) fields.set(name, first.name);
    }
    return [...fields].map(([name, first]) => [`${path}.${name}`, sampleOf(name), first]);
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

/** Spans through the core in one dialect, by id. Throws where the core has no such dialect. */
export function replay(dialect, spans) {
  const events = spans.map((exportedSpan) => ({ type: 'span_ended', exportedSpan }));
  const args = ['--dialect', dialect, '--service', 'x', '-'];
  const tool = spawnSync(join(root, 'build/bin/edgespan-replay'), args, {
    input: JSON.stringify(events),
    maxBuffer: 1 << 28,
  });
  if (tool.error) throw tool.error;
  if (tool.status !== 0) throw new Error(`dialect ${dialect}: ${tool.stderr}`);
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

/** Spans of one run to try out, and what to compare of them: `id` has a member that `bare` has not. */
class Scene {
  spans = [];
  cases = [];

  /** Adds a span; a generation without a model call below it is taken for the call itself. */
  add(type, members, call = false) {
    const id = hex(this.spans.length + 1);
    this.spans.push({
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
    if (type === 'model_generation' && !call) {
      this.add('model_inference', { parentSpanId: id });
    }
    return id;
  }

  /** Members of input and output, each beside the first one of its object. */
  payload(type, label, fields, call) {
    for (const [path, sample, first] of fields) {
      const [end, member] = path.split('.');
      const beside = member === first ? {} : { [first]: sampleOf(first) };
      const bare = this.add(type, { [end]: beside }, call);
      const id = this.add(type, { [end]: { ...beside, [member]: sample } }, call);
      this.cases.push({ table: 'payloads', type, row: [label, path], id, bare });
    }
  }
}

/** Of a generation that has no model call below it: there it is the call. */
export const CALL_ITSELF = 'model_generation, a model call itself';

/**
 * What each field becomes: {shared: Map(path -> Map(type -> Map(dialect -> names))),
 * attributes: Map(type -> Map(path -> Map(dialect -> names))), payloads: the same}.
 */
export function coverage() {
  const { shared, attributes, payloads } = declaredFields();
  const scene = new Scene();
  for (const type of attributes.keys()) {
    // A failed span has more to say; the message alone is what the rest of the error is added to.
    const bare = scene.add(type, {});
    const failed = scene.add(type, { errorInfo: { message: 'm' } });
    for (const [path, sample] of shared) {
      if (path in ENVELOPE || path === 'attributes') continue;
      const members = at(path, /ParentSpanId|^parentSpanId/.test(path) ? hex(0xabc) : sample);
      const inError = path.startsWith('errorInfo.') && path !== 'errorInfo.message';
      if (inError) members.errorInfo.message = 'm';
      const id = scene.add(type, members);
      const than = inError ? failed : bare;
      scene.cases.push({ table: 'shared', type, row: [path, type], id, bare: than });
    }
    for (const [path, sample] of attributes.get(type)) {
      const id = scene.add(type, { attributes: at(path, sample) });
      scene.cases.push({ table: 'attributes', type, row: [type, path], id, bare });
    }
    scene.payload(type, type, payloads.get(type) ?? []);
  }
  const other = new Scene();
  other.payload('model_generation', CALL_ITSELF, payloads.get('model_generation'), true);

  for (const { spans } of [scene, other]) spans.push({ ...spans[0], id: hex(0xffff), isRootSpan: true });

  const found = { shared: new Map(), attributes: new Map(), payloads: new Map() };
  for (const dialect of DIALECTS) {
    for (const { spans, cases } of [scene, other]) {
      const wire = replay(dialect, spans);
      for (const { table, type, row: [outer, inner], id, bare } of cases) {
        const rows = found[table];
        if (!rows.has(outer)) rows.set(outer, new Map());
        if (!rows.get(outer).has(inner)) rows.get(outer).set(inner, new Map());
        const names = difference(wire.get(id), wire.get(bare), type);
        rows.get(outer).get(inner).set(dialect, names);
      }
    }
  }
  return found;
}

// ---- The page -----------------------------------------------------------------------------------

/**
 * Fields that are not sent on purpose, and why; one dialect's as "{dialect} {path}". A field that is
 * neither sent nor here is an error.
 */
export const NOT_SENT = {
  isInternal: 'Mastra never sets it',
  isEvent: "it is the span's end that is missing",
  isRootSpan: 'a root is what has no parent',
  'parameters.headers': 'they may hold credentials',
  'parameters.abortSignal': 'a live object',
  ...Object.fromEntries(
    ['provider', 'model', 'estimatedCost', 'costUnit', 'costMetadata'].map((name) => [
      `lemma costContext.${name}`,
      'Lemma computes the cost',
    ]),
  ),
};

const version = () => JSON.parse(readFileSync(join(core, 'package.json'), 'utf8')).version;
const row = (cells) => `| ${cells.join(' | ')} |`;

/** Of what is lost although it should not be: "{type} {path}", and why. To be emptied. */
export const LOST = {};

/** What becomes of a field in each dialect; `type` is that of its span. Notes what is wrong. */
function cellsOf(type, path, names, wrong) {
  const lost = LOST[`${type} ${path}`];
  if (lost && DIALECTS.every((dialect) => names.get(dialect))) {
    wrong.push(`${type} ${path} is not lost: take it out of LOST`);
  }
  return DIALECTS.map((dialect) => {
    if (names.get(dialect)) return names.get(dialect);
    const reason = NOT_SENT[path] ?? NOT_SENT[`${dialect} ${path}`];
    if (reason) return `not sent: ${reason}`;
    if (!lost) wrong.push(`${type} ${path} is lost in the dialect ${dialect}`);
    return `**lost**: ${lost}`;
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

const head = (...names) => [row(names), row(names.map(() => '---'))];
/** Types of a field, shortened where they are all that there are. */
const typesOf = (types, all) => (types.length === all ? 'every type' : types.join(', '));

/** Groups entries [key, value] by key, in the order in which keys come. */
function grouped(entries) {
  const groups = new Map();
  for (const [key, value] of entries) groups.set(key, [...(groups.get(key) ?? []), value]);
  return [...groups];
}

/** What the conventions say, side by side. */
function conventions({ shared, attributes, payloads }) {
  const columns = (cells) => cells.slice(0, CONVENTIONS.length);
  const lines = [
    '## Every span',
    '',
    ...head('field', 'on', ...CONVENTIONS),
    ...Object.entries(ENVELOPE).map(([path, becomes]) =>
      row([`\`${path}\``, 'every type', ...CONVENTIONS.map(() => becomes)]),
    ),
  ];
  for (const [path, byType] of shared) {
    // Types of which the same becomes share a row; what becomes of most of them comes first.
    const groups = grouped([...byType].map(([type, cells]) => [row(columns(cells)), type]));
    groups.sort(([, a], [, b]) => b.length - a.length);
    for (const [i, [cells, types]] of groups.entries()) {
      const others = groups.length > 1 ? 'every other type' : 'every type';
      lines.push(`| \`${path}\` | ${i === 0 ? others : types.join(', ')} ${cells}`);
    }
  }
  const tables = [...attributes].map(([type, fields]) => [
    type,
    [...fields].map(([path, cells]) => [path, columns(cells)]),
  ]);
  // What stands in the attributes of every type, and becomes the same there.
  const everywhere = tables[0][1].filter(([path, cells]) =>
    tables.every(([, fields]) =>
      fields.some(([other, others]) => other === path && row(others) === row(cells)),
    ),
  );
  const common = new Set(everywhere.map(([path]) => path));
  const attribute = head('attribute', ...CONVENTIONS);
  lines.push('', '## Attributes of every type', '', ...attribute, ...rowsOf(everywhere));
  for (const [type, fields] of tables) {
    const own = fields.filter(([path]) => !common.has(path));
    if (own.length > 0) lines.push('', `## ${type}`, '', ...attribute, ...rowsOf(own));
  }
  lines.push('', '## Members of inputs and outputs', '');
  lines.push('Of those to which Mastra gives a shape: each beside the first one of its shape.');
  for (const [type, fields] of payloads) {
    const own = [...fields].map(([path, cells]) => [path, columns(cells)]);
    lines.push('', `### ${type}`, '', ...head('member', ...CONVENTIONS), ...rowsOf(own));
  }
  return lines;
}

/** What an overlay says otherwise than the convention that it lies upon: the one most like it. */
function overlay(name, found) {
  const at = DIALECTS.indexOf(name);
  const all = [];
  for (const [path, byType] of found.shared) {
    for (const [type, cells] of byType) all.push({ path, type, cells });
  }
  for (const [type, fields] of [...found.attributes, ...found.payloads]) {
    for (const [path, cells] of fields) all.push({ path, type, cells });
  }
  const differs = (base) => all.filter(({ cells }) => cells[at] !== cells[base]);
  const bases = CONVENTIONS.map((_, base) => base).sort((a, b) => differs(a).length - differs(b).length);
  const [base] = bases;
  const rows = grouped(
    differs(base).map(({ path, type, cells }) => [row([`\`${path}\``, '@', cells[base], cells[at]]), type]),
  );
  return [
    '',
    `## ${name}, upon ${CONVENTIONS[base]}`,
    '',
    ...head('field', 'on', CONVENTIONS[base], name),
    ...rows.map(([cells, types]) => cells.replace('@', typesOf(types, found.attributes.size))),
  ];
}

/** The page, as it should be. */
export function page() {
  const found = coverage();
  // Each cell as it stands in a table, one for each dialect.
  const wrong = [];
  for (const [path, byType] of found.shared) {
    for (const [type, names] of byType) byType.set(type, cellsOf(type, path, names, wrong));
  }
  for (const [type, fields] of [...found.attributes, ...found.payloads]) {
    for (const [path, names] of fields) fields.set(path, cellsOf(type, path, names, wrong));
  }
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  const lines = [
    '# What every field becomes',
    '',
    `Generated by \`scripts/lib/coverage.mjs\` from the types of @mastra/core ${version()}`,
    'and from what the core writes. `{type}` is the type of the span.',
    '',
    ...conventions(found),
    ...DIALECTS.slice(CONVENTIONS.length).flatMap((name) => overlay(name, found)),
  ];
  return `${lines.join('\n')}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(COVERAGE, page());
