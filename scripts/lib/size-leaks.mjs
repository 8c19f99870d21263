// What must not be in a bundle: tests/size/forbidden.json names it by strings that survive minifying,
// and which rows of scripts/size may have it. Everything is forbidden to everybody else, so that a new
// entry is looked through as well.
//
// A string that is nowhere would forbid nothing: each is also looked for in the bundle of a `witness`,
// which must have it.

/** The rules as a list: of `destinations` and `dialects` there is a string for each. */
export function rules({ parts, destinations, dialects }) {
  const ownOf = (kind, from, ownRow) => ([name, rule]) => {
    const { string, may = [] } = typeof rule === 'string' ? { string: rule } : rule;
    const witness = `export { ${name} } from '${from}';`;
    return { name: `${kind} ${name}`, strings: [string], witness, may: [from, ownRow(name), ...may] };
  };
  return [
    ...Object.entries(parts).map(([name, rule]) => ({ may: [], ...rule, name })),
    ...Object.entries(destinations).map(
      ownOf('destination', 'edgespan/destinations', (name) => `${name}() over otlp()`),
    ),
    ...Object.entries(dialects).map(
      ownOf('dialect', 'edgespan/dialects', (name) => `dialect ${name}`),
    ),
  ];
}

/** `*` at the end, or at the beginning, stands for any. */
const matches = (row, pattern) => {
  if (pattern.endsWith('*')) return row.startsWith(pattern.slice(0, -1));
  return pattern.startsWith('*') ? row.endsWith(pattern.slice(1)) : row === pattern;
};

/** What the bundle of a row has and may not have, as sentences. */
export function leaks(row, bytes, list) {
  const text = new TextDecoder().decode(bytes);
  return list
    .filter(({ may }) => !may.some((pattern) => matches(row, pattern)))
    .flatMap(({ name, strings }) =>
      strings.filter((string) => text.includes(string)).map((string) => ({ name, string })),
    )
    .map(({ name, string }) => `${row}: its bundle has ${name} (${string})`);
}

/** Rules whose witness lacks what they look for. `bundle` makes the bytes of a source. */
export async function stale(list, bundle) {
  const problems = [];
  for (const { name, strings, witness, conditions } of list) {
    const text = new TextDecoder().decode((await bundle(witness, conditions)).bytes);
    for (const string of strings) {
      if (!text.includes(string)) problems.push(`forbidden.json: ${name} has no ${string} any more`);
    }
  }
  return problems;
}
