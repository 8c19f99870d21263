// Reads what callgrind dumped under tests/bench/native/run and compares it with instructions.txt, or
// (--update) writes that.
//
// Counts are of the native core at -O3: not what a Worker executes, but they move with what the code
// does, they are the same on every x86-64 with the same compiler, and no load of the machine touches
// them. A count that rose by more than TOLERANCE fails; one that fell by more is told, so that the log
// can be written anew and the gain is kept.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Per cent. Code that nobody touched moves by one or two when the compiler inlines differently. */
const TOLERANCE = 3;
const PHASES = ['commit', 'cut', 'judge'];
const LOG = new URL('instructions.txt', import.meta.url);

const [dumps, mode] = process.argv.slice(2);

/** Rows by name ("W1 genai"): spans, bytes and the instructions of each phase, of all runs. */
function measured() {
  const rows = new Map();
  for (const line of readFileSync(join(dumps, 'lines'), 'utf8').trim().split('\n')) {
    const [workload, config, , spans, bytes] = line.split(' ');
    rows.set(`${workload} ${config}`, { spans: Number(spans), bytes: Number(bytes) });
  }
  for (const file of readdirSync(dumps).filter((name) => /^out\.\d+$/.test(name))) {
    const text = readFileSync(join(dumps, file), 'utf8');
    const name = /^desc: Trigger: Client Request: (\S+ \S+) (\S+)$/m.exec(text);
    const total = /^totals: (\d+)$/m.exec(text);
    if (name && total) rows.get(name[1])[name[2]] = Number(total[1]);
  }
  for (const [name, row] of rows) {
    for (const phase of PHASES) {
      // A run that is left out has no batch.
      if (phase === 'judge' && name.endsWith(' tail')) row[phase] ??= 0;
      else if (!(row[phase] > 0)) throw new Error(`callgrind counted nothing of ${name} ${phase}`);
      row[phase] = Math.round(row[phase] / row.spans);
    }
    row.bytes = Math.round(row.bytes / row.spans);
  }
  return rows;
}

function compiler() {
  const [line] = execFileSync('clang++-19', ['--version'], { encoding: 'utf8' }).split('\n');
  return line.trim();
}

const COLUMNS = ['spans', 'bytes', ...PHASES];

function print(rows) {
  const table = [...rows].map(([name, row]) =>
    [name.padEnd(20), ...COLUMNS.map((column) => String(row[column]).padStart(8))].join(''),
  );
  const head = [
    '# Instructions of the native core for one span, by phase, and bytes of its OTLP (for all',
    '# destinations): tests/bench/native/run --instructions compares, --update writes this file.',
    '# limits: values of at most 256 bytes. two: genai and langfuse. redaction: genai, of what redact()',
    '# finds. tail: genai, and a tail that leaves every run out.',
    `# ${compiler()}`,
    `# ${'run'.padEnd(18)}${COLUMNS.map((column) => column.padStart(8)).join('')}`,
  ];
  return `${[...head, ...table].join('\n')}\n`;
}

function kept() {
  const text = readFileSync(LOG, 'utf8');
  const rows = new Map();
  for (const line of text.split('\n').filter((line) => line && !line.startsWith('#'))) {
    const [workload, config, ...numbers] = line.split(/\s+/);
    rows.set(
      `${workload} ${config}`,
      Object.fromEntries(COLUMNS.map((column, i) => [column, Number(numbers[i])])),
    );
  }
  return { rows, sameCompiler: text.includes(`# ${compiler()}\n`) };
}

const now = measured();
if (mode === '--update') {
  writeFileSync(LOG, print(now));
  console.log(`instructions.txt: ${now.size} lines`);
} else {
  const { rows, sameCompiler } = kept();
  const worse = [];
  const better = [];
  for (const name of new Set([...rows.keys(), ...now.keys()])) {
    const [before, after] = [rows.get(name), now.get(name)];
    if (!before || !after) {
      worse.push(`${name}: ${before ? 'no longer measured' : 'not in instructions.txt'}`);
      continue;
    }
    for (const phase of PHASES) {
      // A handful of instructions is no regression, whatever share of judging it is.
      const more = after[phase] - before[phase];
      if (Math.abs(more) < 10 || Math.abs(more) * 100 <= TOLERANCE * before[phase]) continue;
      const change = `${((100 * more) / before[phase]).toFixed(1)} %`;
      const line = `${name} ${phase}: ${before[phase]} -> ${after[phase]} instructions a span, ${change}`;
      (more > 0 ? worse : better).push(line);
    }
  }
  process.stdout.write(print(now));
  for (const line of better) console.log(`better: ${line} (keep it: --update)`);
  for (const line of worse) console.log(`WORSE: ${line}`);
  if (worse.length > 0 && !sameCompiler) {
    console.log('not judged: instructions.txt is of another compiler');
  } else if (worse.length > 0) {
    process.exitCode = 1;
  }
}
