// The tables of a bench: as text for who runs it, as Markdown for docs/performance.md.

import { AREA_NAMES } from './profile.mjs';

export const WHAT = {
  W1: 'one agent turn: 8 spans, 2 kB of text',
  W2: 'a long turn: 30 spans, 60 kB of text',
  W2U: 'W2 with 2 % of the words beyond ASCII',
  W3: 'documents: 200 spans, 1 MB of text, 12 % of the words beyond ASCII',
  W4: 'recorded runs of Mastra, the mean of all',
};
const LEVELS = {
  full: 'full path',
  encoder: 'encoder',
  cold: 'start and first export, of processors',
  heap: "bytes of JavaScript's heap",
};

const titleOf = ({ level, host, workload }) =>
  host === 'features'
    ? `what features cost, Node, ${workload}`
    : `${LEVELS[level]}, ${host === 'node' ? 'Node' : host}, ${workload}`;
const unitOf = (level) => (level === 'heap' ? 'bytes/run' : 'us/run');
const ratio = (figure) => (figure === undefined ? '–' : `${figure.toFixed(2)}x`);

export function printResult(result) {
  const { level, workload, peer, rounds, rows } = result;
  console.log(`\n${titleOf(result)}: ${WHAT[workload]} (${rounds} samples)`);
  const heads = [unitOf(level), 'p10', 'p90', '/span', 'body kB'].map((head) => head.padStart(10));
  console.log(`${''.padEnd(32)}${heads.join('')}${`${peer}/x`.padStart(16)}`);
  for (const { name, median, p10, p90, perSpan, bodyBytes, ratio: times } of rows) {
    const short = name.length > 30 ? `…${name.slice(-29)}` : name;
    const numbers = [median, p10, p90].map((time) => time.toFixed(1));
    numbers.push(perSpan.toFixed(2), bodyBytes ? (bodyBytes / 1000).toFixed(1) : '');
    const cells = numbers.map((number) => number.padStart(10)).join('');
    console.log(short.padEnd(32) + cells + ratio(times).padStart(16));
  }
}

export function printAcceptance({ acceptance }) {
  const width = Math.max(...acceptance.map(({ what }) => what.length)) + 2;
  console.log('\nacceptance: figure (bar)');
  for (const { what, cells } of acceptance) {
    const texts = cells.map(({ workload, figure, bar, met }) => {
      const verdict = figure === undefined ? '' : met ? '' : ' missed';
      return `${workload} ${ratio(figure)} (${bar})${verdict}`.padEnd(26);
    });
    console.log(what.padEnd(width) + texts.join(''));
  }
}

/** Shares by area, a column for each profile. */
function profileRows(profiles) {
  const percent = (share) => `${Math.round(share * 100)} %`;
  const heads = profiles.map(({ name, workload }) => `${name}, ${workload}`);
  const rows = Object.entries(AREA_NAMES).map(([area, what]) => [
    what,
    ...profiles.map(({ shares }) => percent(shares[area])),
  ]);
  return [['', ...heads], ...rows];
}

export function printProfiles(profiles) {
  console.log('\nwhere the time goes');
  for (const [what, ...cells] of profileRows(profiles)) {
    console.log(what.padEnd(48) + cells.map((cell) => cell.padStart(18)).join(''));
  }
}

export function profileTable(profiles) {
  const [heads, ...rows] = profileRows(profiles);
  const how = '**Where the time goes**, by the profiler, without collections.';
  return `${how}\n\n${table([heads, heads.map(() => '---'), ...rows])}`;
}

const table = (rows) => rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** The acceptance table: a figure that misses its bar says so. */
export function acceptanceTable(acceptance) {
  const rows = [['', 'W1', 'W2', 'W3'], ['---', '---', '---', '---']];
  for (const { what, cells } of acceptance) {
    const text = ({ figure, bar, met }) => {
      if (figure === undefined) return '–';
      const said = `${figure.toFixed(1)} x, of ${bar}`;
      return met ? `**${said}**` : `${said}: missed`;
    };
    rows.push([what, ...cells.map(text)]);
  }
  return table(rows);
}

/** Everything that was measured. */
export function resultTables(results) {
  const parts = [];
  const places = new Map();
  for (const result of results) {
    const place = `${result.level} ${result.host}`;
    places.set(place, [...(places.get(place) ?? []), result]);
  }
  for (const list of places.values()) {
    const [{ level, host, peer }] = list;
    const title = titleOf({ level, host, workload: '' }).replace(/, $/, '');
    const unit = level === 'heap' ? 'kB' : 'µs';
    const rows = [
      ['', ...list.map(({ workload }) => workload)],
      ['---', ...list.map(() => '---')],
    ];
    for (const { name } of list[0].rows.filter((row) => !row.name.includes('='))) {
      const cells = list.map(({ rows }) => {
        const row = rows.find((one) => one.name === name);
        if (!row) return '–';
        const number = level === 'heap' ? row.median / 1000 : row.median;
        const more = Math.round((1 / row.ratio - 1) * 100);
        const told = host === 'features' ? `${more < 0 ? '' : '+'}${more} %` : `${row.ratio.toFixed(2)} x`;
        const times = name === peer ? '' : ` (${told})`;
        return `${number.toFixed(number < 100 ? 1 : 0)}${times}`;
      });
      rows.push([`\`${name}\``, ...cells]);
    }
    const beside = host === 'features' ? 'how much more than without' : `how many times that \`${peer}\` takes`;
    parts.push(`**${title[0].toUpperCase()}${title.slice(1)}**: ${unit} of a run, and ${beside}.\n\n${table(rows)}`);
  }
  return parts.join('\n\n');
}
