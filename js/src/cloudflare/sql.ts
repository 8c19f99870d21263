/**
 * What of a query may be told: its shape.
 * @module
 */

// In one pass, each alternative without a choice inside: linear whatever the text is. An open quote or
// comment takes the rest with it.
const SECRETS =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[xX]?'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|(?<![?\w])\d[\w.]*/g;

/**
 * A query without its literals and comments. Parameters stay (`?1` as well), as do names in double quotes: SQLite takes
 * `"so and so"` for text where no column is called so, therefore only what looks like a name stays.
 */
export function scrubSql(sql: unknown): string | undefined {
  if (typeof sql !== 'string') return undefined; // the database will say so
  return sql.replace(SECRETS, (part) => {
    if (part.startsWith('-') || part.startsWith('/')) return '';
    return /^"[A-Za-z_]\w*"$/.test(part) ? part : '?';
  });
}
