// Proves that the package works wherever it is installed: packs it once, and for each consumer
// installs the tarball into a copy of consumers/NAME outside of the repository, builds, runs, and
// checks the trace that reached a local receiver. scripts/packaging prepares what this needs.
//
//   node tests/packaging/run.mjs [--only A,B] [--full] [--keep] [--list]
//
//   --only A,B   these consumers (folders), slow ones included
//   --full       also the slow ones
//   --keep       leave the consumers' folders, to look at
//   --list       names and rows
//
// consumers/NAME/consumer.mjs exports `{ packages, base?, slow?, install?, prepare?(lab), rows }`: the
// packages whose versions the table names; a consumer whose files it uses where it has none of its
// own; whether only --full runs it; options of Lab.install, or what is done in its place; what is done
// once after that; and the rows. A row is `{ name, run(lab), packages?, slow?, broken? }`. `run` builds,
// runs and checks, or throws; `throw new Skip(why)` says that this machine cannot run it. `packages`:
// only these are named. `broken: { because, error }` marks a row that fails for a reason of its own: it
// must fail with that error, and so must a control run, the same without this package.
//
// Keeps build/packaging.json, of which scripts/lib/figures.mjs makes the table of docs/packaging.md: what
// came of each row with this very tarball, in whichever run. Logs are in build/packaging/. Last line:
// `N passed, M failed, K skipped`; exit 0 if nothing failed.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { Lab, root, Skip } from './lib/lab.mjs';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    full: { type: 'boolean' },
    keep: { type: 'boolean' },
    list: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (options.help) {
  console.log('usage: run.mjs [--only A,B] [--full] [--keep] [--list]   (see the comment at its top)');
  process.exit();
}

const folder = join(root, 'tests/packaging/consumers');
const consumers = [];
for (const name of readdirSync(folder).sort()) {
  const { default: consumer } = await import(join(folder, name, 'consumer.mjs'));
  consumers.push({ name, ...consumer });
}
const only = options.only?.split(',');
const missing = only?.filter((name) => !consumers.some((consumer) => consumer.name === name)) ?? [];
if (missing.length > 0) throw new Error(`no consumer ${missing.join(', ')} (--list)`);
if (options.list) {
  for (const { name, rows, slow } of consumers) {
    for (const row of rows) {
      console.log(`${name.padEnd(24)} ${row.name}${slow || row.slow ? '  (--full)' : ''}`);
    }
  }
  process.exit();
}
const isWanted = (consumer, row) =>
  only ? only.includes(consumer.name) : options.full || !(consumer.slow || row.slow);

const build = join(root, 'build/packaging');
mkdirSync(join(build, 'bin'), { recursive: true });
rmSync(join(build, 'bin/node'), { force: true });
symlinkSync(process.execPath, join(build, 'bin/node'));
const scratch = mkdtempSync(join(tmpdir(), 'edgespan-packaging-'));

const npm = join(build, 'tools/node_modules/npm/bin/npm-cli.js');
const pack = await promisify(execFile)(
  process.execPath,
  [npm, 'pack', join(root, 'js'), '--json', '--pack-destination', scratch],
  { cwd: root },
);
const [{ filename }] = JSON.parse(pack.stdout);
const tarball = join(scratch, filename);
const digest = createHash('sha256').update(readFileSync(tarball)).digest('hex');

const results = [];

// What runs ends with this process, however that ends.
let current;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await current?.close();
    if (!options.keep) rmSync(scratch, { recursive: true, force: true });
    process.exit(1);
  });
}

function report(consumer, row, versions, result, started, detail) {
  const seconds = Math.round((performance.now() - started) / 1000);
  const entry = { consumer: consumer.name, row: row.name, versions, result, seconds, detail };
  results.push(entry);
  save();
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  console.log(`${result.padEnd(7)} ${row.name} (${list.join(', ')}) ${seconds} s`);
  if (detail) console.log(detail.replace(/^/gm, '        '));
}

// What was not run now is as it was, if that was the same package.
const file = join(root, 'build/packaging.json');
const before = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
const known = before.digest === digest ? before.results : [];

function save() {
  const table = consumers.flatMap((consumer) =>
    consumer.rows.map((row) => {
      const isRow = (one) => one.consumer === consumer.name && one.row === row.name;
      const unknown = { consumer: consumer.name, row: row.name, versions: {}, result: 'not run' };
      return results.find(isRow) ?? known.find(isRow) ?? unknown;
    }),
  );
  writeFileSync(file, `${JSON.stringify({ digest, results: table }, null, 2)}\n`);
}

async function open(consumer, suffix = '', control = false) {
  const name = consumer.name + suffix;
  const log = join(build, `${name}.log`);
  rmSync(log, { force: true });
  const sources = [consumer.base ?? [], consumer.name].flat().map((from) => join(folder, from));
  const lab = await Lab.open({ sources, dir: join(scratch, name), log, tarball, control });
  current = lab;
  try {
    if (typeof consumer.install === 'function') await consumer.install(lab);
    else await lab.install(consumer.install);
    await consumer.prepare?.(lab);
  } catch (error) {
    await lab.close();
    throw error;
  }
  return lab;
}

/** Runs a row that should fail; returns the complaint when it does not fail as it should. */
async function failure(lab, row) {
  try {
    await row.run(lab);
  } catch (error) {
    if (row.broken.error.test(error.message)) return undefined;
    return `fails otherwise than with ${row.broken.error}: ${error.message}`;
  }
  return 'works now: delete the mark `broken`';
}

async function runRow(consumer, lab, row) {
  if (!row.broken) {
    await row.run(lab);
    return ['ok'];
  }
  const own = await failure(lab, row);
  if (own) return ['FAILED', own];
  const control = await open(consumer, '-control', true);
  try {
    const without = await failure(control, row);
    if (without) return ['FAILED', `without this package the row ${without}`];
  } finally {
    await control.close();
    current = lab;
    if (!options.keep) await control.remove();
  }
  return ['broken', `${row.broken.because}. Without this package it fails likewise.`];
}

for (const consumer of consumers) {
  const rows = consumer.rows.filter((row) => isWanted(consumer, row));
  if (rows.length === 0) continue;
  let started = performance.now();
  let lab;
  try {
    lab = await open(consumer);
  } catch (error) {
    const result = error instanceof Skip ? 'skipped' : 'FAILED';
    for (const row of rows) report(consumer, row, {}, result, started, error.message);
    continue;
  }
  for (const row of rows) {
    const versions = {};
    try {
      for (const name of row.packages ?? consumer.packages) versions[name] = await lab.version(name);
      const [result, detail] = await runRow(consumer, lab, row);
      report(consumer, row, versions, result, started, detail);
    } catch (error) {
      const skipped = error instanceof Skip;
      const detail = skipped ? error.message : (error.stack ?? String(error));
      report(consumer, row, versions, skipped ? 'skipped' : 'FAILED', started, detail);
    }
    await lab.settle();
    started = performance.now();
  }
  await lab.close();
  if (!options.keep) await lab.remove();
}

if (options.keep) console.log(`kept: ${scratch}`);
else rmSync(scratch, { recursive: true, force: true });

const count = (...kinds) => results.filter(({ result }) => kinds.includes(result)).length;
const failed = count('FAILED');
console.log(`${count('ok')} passed, ${failed} failed, ${count('skipped', 'broken')} skipped`);
process.exit(failed === 0 && count('ok') > 0 ? 0 : 1);
