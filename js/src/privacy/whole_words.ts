/**
 * Where a text that is too long for the core may be cut if it is to be redacted.
 * @module
 */

const SPACE = /[\s\u3001\u3002\uff0c]/;
/** What numbers are made of that are written in groups: of cards, of telephones. */
const NUMBER = /[\d()+-]/;

/**
 * The longest part of a text's first `limit` units that ends with whole words: half a secret is not found.
 * Nothing of a text that is one long word. REQUIRES: it is longer.
 */
export function wholeWords(text: string, limit: number): string {
  let next = text[limit];
  for (let i = limit - 1; i > 0; i--) {
    const [last, one] = [text[i - 1], text[i]];
    if (one === ',' && '"}]'.includes(last)) return text.slice(0, i + 1); // JSON without spaces
    if (!SPACE.test(one)) next = one;
    else if (!SPACE.test(last) && !(NUMBER.test(last) && (NUMBER.test(next) || SPACE.test(next)))) {
      return text.slice(0, i + 1);
    }
  }
  return '';
}
