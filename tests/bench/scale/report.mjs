// What tests/bench/scale.mjs measured, as Markdown tables and as a plot.

const SERIES = {
  spans: { name: 'spans, sent as they end (`incremental`)', unit: 'span', colour: '#0969da' },
  whole: { name: 'spans, one request (`whole`)', unit: 'span', colour: '#8250df' },
  text: { name: 'text, ASCII', unit: 'byte', colour: '#1a7f37' },
  mixed: { name: 'text, a fifth of the characters beyond ASCII', unit: 'byte', colour: '#bc4c00' },
};
/** Where fixed costs no longer count: growth is measured from here. */
const MIDDLE = { span: 100, byte: 100_000, redacted: 64_000 };

/** Least squares of the relative error of fixed + each * size; microseconds. */
export function fit(points) {
  const sum = { w: 0, x: 0, y: 0, xx: 0, xy: 0 };
  for (const { size, us } of points) {
    const w = 1 / us ** 2;
    sum.w += w;
    sum.x += w * size;
    sum.y += w * us;
    sum.xx += w * size * size;
    sum.xy += w * size * us;
  }
  const each = (sum.w * sum.xy - sum.x * sum.y) / (sum.w * sum.xx - sum.x ** 2);
  const fixed = (sum.y - each * sum.x) / sum.w;
  const off = points.map(({ size, us }) => Math.abs((fixed + each * size) / us - 1));
  return { fixed, each, worst: Math.max(...off) };
}

/** Of each series: what a span or a byte costs in the largest run, over what it costs in the middle; and
 *  what a run costs beside others, over what it costs alone. */
export function growth({ time, beside, redaction = [] }) {
  const ratio = (points, from) => {
    const middle = points.find(({ size }) => size >= from);
    const last = points.at(-1);
    return last.us / last.size / (middle.us / middle.size);
  };
  return [
    ...Object.entries(time).map(([name, points]) => [name, ratio(points, MIDDLE[SERIES[name].unit])]),
    ['beside', beside.at(-1).us / beside[0].us],
    ...redaction.map(({ name, points }) => [name, ratio(points, MIDDLE.redacted)]),
  ];
}

const table = (rows) => rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
const count = (n) => n.toLocaleString('en-US');
const bytes = (n) =>
  n >= 1e6 ? `${n / 1e6} MB` : n >= 1e3 ? `${n / 1e3} kB` : `${n} B`;
const mib = (n) => `${(n / 2 ** 20).toFixed(1)} MiB`;
const kib = (n) => `${(n / 1024).toFixed(1)} KiB`;

function timeTable(time, [a, b], title, label, per) {
  const rows = [
    [title, ...[a, b].map((name) => SERIES[name].name)],
    ['---', '---', '---'],
    ...time[a].map(({ size, us }, i) => [label(size), per(us, size), per(time[b][i].us, size)]),
  ];
  return table(rows);
}

function besideTable(beside) {
  return table([
    ['runs that are open', ...beside.map(({ size }) => count(size))],
    Array(beside.length + 1).fill('---'),
    ['a run of 8 spans beside them', ...beside.map(({ us }) => `${us.toFixed(0)} µs`)],
  ]);
}

function fits({ time, beside }) {
  const ratios = Object.fromEntries(growth({ time, beside }));
  const rows = [
    ['of a run', 'fixed', 'for each', 'furthest point from that line', 'largest over middle'],
    ['---', '---', '---', '---', '---'],
  ];
  for (const [name, points] of Object.entries(time)) {
    const { fixed, each, worst } = fit(points);
    const { unit } = SERIES[name];
    const cost =
      unit === 'byte' ? `${(each * 1e6).toFixed(0)} µs a MB` : `${each.toFixed(2)} µs a span`;
    const off = `${(worst * 100).toFixed(0)} %`;
    rows.push([SERIES[name].name, `${fixed.toFixed(0)} µs`, cost, off, `${ratios[name].toFixed(2)} x`]);
  }
  return table(rows);
}

/** Nanoseconds a byte: of some sizes, and the largest over the middle. */
function redactionTable({ time, beside, redaction }) {
  const shown = (size) => [1e3, 64e3, 1e6, 8e6].includes(size);
  const ratios = Object.fromEntries(growth({ time, beside, redaction }));
  const sizes = redaction[0].sizes.map((size, i) => [size, i]).filter(([size]) => shown(size));
  const rows = [
    ['one text, ns a byte', ...sizes.map(([size]) => bytes(size)), 'largest over middle'],
    Array(sizes.length + 2).fill('---'),
    ...redaction.map(({ name, points }) => [
      name,
      ...sizes.map(([, i]) => ((points[i].us * 1e3) / points[i].size).toFixed(2)),
      `${ratios[name].toFixed(2)} x`,
    ]),
  ];
  return table(rows);
}

/** What redaction adds to encoding a run, and to the core's part of it. */
function costTable(cost) {
  const us = (n) => `${n.toFixed(n < 100 ? 1 : 0)} µs`;
  const part = (n) => `${(100 * n).toFixed(0)} %`;
  const columns = ({ plain, redacted, share, low, high }) => [
    us(plain),
    us(redacted),
    `${part(share)} (${part(low)} to ${part(high)})`,
  ];
  const rows = [
    ['a run', 'events to a body', 'redacted', 'added', 'of that the core', 'redacted', 'added'],
    Array(7).fill('---'),
    ...cost.map(({ workload, encode, core }) => [workload, ...columns(encode), ...columns(core)]),
  ];
  return table(rows);
}

const OPEN = {
  W1: 'one agent turn: 8 spans, 2 kB of text',
  W2: 'a long turn: 30 spans, 60 kB of text',
  W3: 'documents: 200 spans, 1 MB of text',
};

function memory(open) {
  const rows = [
    ['runs that are open, each all but ended', 'in', 'core, of each', 'fit at once', 'core, then', 'JavaScript, then'],
    ['---', '---', '---', '---', '---', '---'],
  ];
  for (const [workload, runtimes] of Object.entries(open)) {
    for (const [runtime, points] of Object.entries(runtimes)) {
      const [first, , last] = points;
      const each = (last.core - first.core) / (last.size - first.size);
      const fit = last.full ? count(last.size) : `over ${count(last.size)}`;
      rows.push([OPEN[workload], runtime, kib(each), fit, mib(last.core), mib(last.heap)]);
    }
  }
  return table(rows);
}

/** All of it, for docs/scale.md. */
export function tables({ node, time, beside, open, redaction, cost }) {
  const perSpan = (us, size) => `${(us / size).toFixed(2)} µs a span`;
  const perRun = (us) => `${us >= 1000 ? `${(us / 1000).toFixed(2)} ms` : `${us.toFixed(0)} µs`}`;
  return [
    timeTable(time, ['spans', 'whole'], 'spans of a run', count, perSpan),
    timeTable(time, ['text', 'mixed'], 'text of a run of 8 spans', bytes, perRun),
    fits({ time, beside }),
    besideTable(beside),
    memory(open),
    redactionTable({ time, beside, redaction }),
    costTable(cost),
    `Time of a processor in Node ${node.replace(/^v/, '')}, medians.`,
  ].join('\n\n');
}

// ---- The plot: two panels with logarithmic axes, in which a line of slope 1 is linear growth -------

const [WIDTH, HEIGHT, MARGIN] = [360, 300, 52];
const log = Math.log10;

function panel(left, time, names, title, label) {
  const all = names.flatMap((name) => time[name]);
  const [x0, x1] = [log(Math.min(...all.map((p) => p.size))), log(Math.max(...all.map((p) => p.size)))];
  const [y0, y1] = [1, 5];
  const x = (size) => left + MARGIN + ((log(size) - x0) / (x1 - x0)) * (WIDTH - MARGIN - 16);
  const y = (us) => HEIGHT - MARGIN - ((log(us) - y0) / (y1 - y0)) * (HEIGHT - 2 * MARGIN);
  const parts = [`<text x="${left + MARGIN}" y="20" font-weight="bold">${title}</text>`];
  for (const us of [10, 100, 1e3, 1e4, 1e5]) {
    const text = us >= 1000 ? `${us / 1000} ms` : `${us} µs`;
    parts.push(
      `<line x1="${left + MARGIN}" x2="${left + WIDTH - 16}" y1="${y(us)}" y2="${y(us)}" stroke="#d0d7de"/>`,
      `<text x="${left + MARGIN - 6}" y="${y(us) + 4}" text-anchor="end">${text}</text>`,
    );
  }
  for (let power = Math.ceil(x0); power <= x1 + 0.01; power++) {
    const text = label(10 ** power);
    parts.push(`<text x="${x(10 ** power)}" y="${HEIGHT - MARGIN + 18}" text-anchor="middle">${text}</text>`);
  }
  names.forEach((name, i) => {
    const { colour } = SERIES[name];
    const { fixed, each } = fit(time[name]);
    const steps = Array.from({ length: 60 }, (_, n) => 10 ** (x0 + ((x1 - x0) * n) / 59));
    const line = steps.map((s) => `${x(s).toFixed(1)},${y(Math.max(10, fixed + each * s)).toFixed(1)}`);
    parts.push(
      `<polyline points="${line.join(' ')}" fill="none" stroke="${colour}" stroke-opacity="0.5"/>`,
      ...time[name].map(
        (p) => `<circle cx="${x(p.size).toFixed(1)}" cy="${y(p.us).toFixed(1)}" r="3" fill="${colour}"/>`,
      ),
      `<text x="${left + MARGIN + 10}" y="${MARGIN + 2 + 16 * i}" fill="${colour}">${SERIES[name].name.replaceAll('`', '')}</text>`,
    );
  });
  return parts.join('\n');
}

/** Texts through the redactor: the ordinary ones by name, the others in grey. */
function redactionPanel(left, redaction) {
  const [x0, x1] = [3, log(8e6)];
  const [y0, y1] = [-1, 6];
  const x = (size) => left + MARGIN + ((log(size) - x0) / (x1 - x0)) * (WIDTH - MARGIN - 16);
  const y = (us) => HEIGHT - MARGIN - ((log(us) - y0) / (y1 - y0)) * (HEIGHT - 2 * MARGIN);
  const parts = [`<text x="${left + MARGIN}" y="20" font-weight="bold">one text through the redactor, by its bytes</text>`];
  for (const us of [1, 100, 1e4, 1e6]) {
    const text = us >= 1e6 ? `${us / 1e6} s` : us >= 1000 ? `${us / 1000} ms` : `${us} µs`;
    parts.push(
      `<line x1="${left + MARGIN}" x2="${left + WIDTH - 16}" y1="${y(us)}" y2="${y(us)}" stroke="#d0d7de"/>`,
      `<text x="${left + MARGIN - 6}" y="${y(us) + 4}" text-anchor="end">${text}</text>`,
    );
  }
  for (const [size, text] of [[1e3, '1k'], [1e4, '10k'], [1e5, '100k'], [1e6, '1M'], [8e6, '8M']]) {
    parts.push(`<text x="${x(size)}" y="${HEIGHT - MARGIN + 18}" text-anchor="middle">${text}</text>`);
  }
  const colours = ['#1a7f37', '#bc4c00', '#0969da'];
  let named = 0;
  for (const { name, ordinary, points } of [...redaction].reverse()) {
    const colour = ordinary ? colours[named] : '#8c959f';
    const line = points.map((p) => `${x(p.size).toFixed(1)},${y(p.us).toFixed(1)}`).join(' ');
    parts.push(
      `<polyline points="${line}" fill="none" stroke="${colour}" stroke-opacity="${ordinary ? 1 : 0.4}"/>`,
    );
    if (ordinary) {
      parts.push(`<text x="${left + MARGIN + 10}" y="${MARGIN + 2 + 16 * named}" fill="${colour}">${name}</text>`);
      named++;
    }
  }
  parts.push(
    `<text x="${left + MARGIN + 10}" y="${MARGIN + 2 + 16 * named}" fill="#57606a">made to take long, ${redaction.length - named} kinds</text>`,
  );
  return parts.join('\n');
}

/** Points as measured, lines as fitted; an SVG. */
export function plot({ time, redaction }) {
  const short = (n) => (n >= 1e6 ? `${n / 1e6}M` : n >= 1e3 ? `${n / 1e3}k` : `${n}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${3 * WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="#ffffff"/>
${panel(0, time, ['spans', 'whole'], 'a run, by its spans', short)}
${panel(WIDTH, time, ['text', 'mixed'], 'a run of 8 spans, by its bytes of text', short)}
${redactionPanel(2 * WIDTH, redaction)}
</svg>
`;
}
