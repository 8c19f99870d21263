// Writes docs/destinations.md: what each function of edgespan/destinations is. Nothing in it is typed
// by hand: each is made, with nothing but the variables it asks for, and asked what it is; where it
// posts to is what it posts to. What it is made from, and what is not known, are tags of its JSDoc
// (@source, @unverified); how it was tried is what tests name it.
//
//   node scripts/lib/destinations.mjs       after scripts/build
//
// tests/js/destinations.test.ts compares the file.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as destinations from '../../js/dist/destinations/index.js';
import * as dialects from '../../js/dist/destinations/dialects.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const read = (path) => readFileSync(join(root, path), 'utf8');

export const DESTINATIONS = join(root, 'docs/destinations.md');

// They are what their options say: README.md has those.
const GENERAL = ['otlp', 'otlpJson'];

const sources = globSync('js/src/destinations/*.ts', { cwd: root }).map(read).join('\n');
const tests = globSync('tests/{runtime,interop}/**/*.{ts,mjs}', { cwd: root })
  .sort()
  .map((path) => [path, read(path)]);

/** The functions that make a destination. */
export const NAMES = Object.keys(destinations)
  .filter((name) => new RegExp(`^export function ${name}\\(.*\\): Destination `, 'm').test(sources))
  .sort();

/** The JSDoc of an exported function: its words, and its tags by name. */
function documentation(name) {
  const end = sources.indexOf(`\nexport function ${name}(`);
  const text = sources.slice(sources.lastIndexOf('/**', end) + 3, sources.lastIndexOf('*/', end));
  const [words, ...tags] = text
    .replace(/^ *\* ?/gm, '')
    .trim()
    .split(/^@/m);
  const pairs = tags.map((tag) => /^(\w+)\s+([\s\S]*)$/.exec(tag.trim()) ?? []);
  return { words: words.trim(), ...Object.fromEntries(pairs.map(([, tag, said]) => [tag, flat(said)])) };
}
const flat = (text = '') => text.replace(/\s+/g, ' ').trim();

/** A value that would do for a variable. */
function sample(variable) {
  if (/DSN/.test(variable)) return 'https://KEY@o1.ingest.us.sentry.io/42';
  if (/^OTEL_EXPORTER_OTLP_ENDPOINT/.test(variable)) {
    return 'https://otlp-gateway-prod-us-west-0.grafana.net/otlp';
  }
  if (/ENDPOINT|URL|URI|HOST/.test(variable)) return 'https://ENDPOINT';
  return '1234';
}

/** What a destination is when it has what it needs and nothing else. */
function make(name) {
  const variables = new Set();
  const needed = new Set();
  const given = {};
  for (let tries = 0; tries < 9; tries++) {
    const env = new Proxy(given, {
      get(values, variable) {
        if (typeof variable === 'string') variables.add(variable);
        return values[variable];
      },
    });
    const destination = destinations[name]({ env, log: () => {} }); // which prints is told to keep it
    if (!destination.problem) return { destination, variables, needed };
    const [, first] = /\(or (\w+)/.exec(destination.problem) ?? [];
    if (!first || first in given) throw new Error(`${name}: ${destination.problem}`);
    given[first] = sample(first);
    needed.add(first);
  }
  throw new Error(`${name} is never satisfied`);
}

/** What it posts to, with which headers beside the content type. */
async function target(destination) {
  const { fetch } = globalThis;
  let target = { url: '', headers: {}, type: '' };
  globalThis.fetch = async (url, { headers }) => {
    const { 'content-type': type, ...rest } = headers;
    target = { url, headers: rest, type };
    return new Response(null, { status: 200 });
  };
  try {
    await destination.post({ bytes: new Uint8Array(0), gzip: false }, 1000);
  } finally {
    globalThis.fetch = fetch;
  }
  return target;
}

function dialectOf({ dialect }) {
  const found = Object.values(dialects).find(({ table }) => table === dialect);
  return found?.name ?? dialect;
}

/** A dialect's flags follow its mark; the first bit says that parents elsewhere are left out. */
function detaches({ dialect, remoteParent }) {
  if (remoteParent) return remoteParent === 'detach';
  return dialect !== 'genai' && ((dialect.charCodeAt(1) - 33) & 1) === 1;
}

function limitsOf({ maxBytes, maxSpans, whole, limits = {} }) {
  const said = [];
  if (!whole && maxSpans !== 512) said.push(`${maxSpans} spans a request`);
  if (maxBytes !== 4_000_000) said.push(`${maxBytes / 1e6} MB a request`);
  const words = {
    attributeCountLimit: 'attributes a span',
    attributeValueLengthLimit: 'bytes a value',
    eventCountLimit: 'events',
    linkCountLimit: 'links',
  };
  for (const [limit, word] of Object.entries(words)) {
    if (limits[limit] !== undefined) said.push(`${limits[limit]} ${word}`);
  }
  return said.join(', ') || '-';
}

function triedBy(name) {
  const call = new RegExp(`\\b${name}\\(`);
  const kinds = [];
  if (tests.some(([path, text]) => path.startsWith('tests/runtime') && call.test(text))) kinds.push('wire test');
  const server = tests.some(([path]) => path.startsWith('tests/interop') && path.includes(name.toLowerCase()));
  if (server) kinds.push('real server');
  return kinds.join(', ') || 'documentation';
}

/** The page. */
export async function page() {
  const names = NAMES.filter((name) => !GENERAL.includes(name));
  const where = [];
  const how = [];
  const unknown = [];
  for (const name of names) {
    const { destination, variables, needed } = make(name);
    const { settings } = destination;
    const { url, headers, type } = await target(destination);
    const { source = '-', unverified } = documentation(name);
    const asked = [...variables].map((v) => (needed.has(v) ? `**\`${v}\`**` : `\`${v}\``));
    const sent = Object.keys(headers).map((header) => `\`${header}\``);
    const address = url.replaceAll('1234', '…').replace(/ENDPOINT/i, '…');
    where.push(`| \`${name}()\` | ${address ? `\`${address}\`` : '-'} | ${sent.join(', ') || '-'} | ${asked.join(', ') || '-'} |`);
    const threshold = parseInt(destination.coding, 10); // of which the coding begins with the number
    const format = type === 'application/x-protobuf' || type === '' ? dialectOf(settings) : `${dialectOf(settings)}, ${type}`;
    how.push(
      `| \`${name}()\` | ${format} | ${settings.whole ? 'whole' : 'incremental'} | ${limitsOf(settings)} | ${threshold ? `from ${threshold / 1024} KiB on` : 'off'} | ${detaches(settings) ? 'left out' : 'kept'} | ${source} | ${triedBy(name)} |`,
    );
    if (unverified) unknown.push(`- \`${name}()\`: ${unverified}`);
  }
  return `# Destinations

Generated by \`node scripts/lib/destinations.mjs\` from the destinations themselves; do not edit. The options of each are in its declarations, with an example.

## Where, with what, by which variables

Without options of its own a destination is configured by these variables; those in bold are needed, for which the first of several names stands. An option goes before a variable. The address is the one without further settings; regions and addresses of one's own are options.

| destination | address | headers | variables |
|---|---|---|---|
${where.join('\n')}

## What, and how

*Words* is the dialect, or \`genai\`, OpenTelemetry's own. *Parents elsewhere* is what becomes of a run's parent in another process. *Known from* is what was read. *Tried by*: a **wire test** is a real run of Mastra in workerd, of which the request and the decoded body are compared with what the backend reads; a **real server** was sent runs, which were then read back from it. None was tried against a vendor's own cloud.

| destination | words | delivery | limits | gzip | parents elsewhere | known from | tried by |
|---|---|---|---|---|---|---|---|
${how.join('\n')}

Where no limit is said, a request has at most 512 spans and 4 MB.

## Unverified

${unknown.join('\n')}
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(DESTINATIONS, await page());
