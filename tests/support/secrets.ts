// Secrets to plant, made with a seed: tokens in the forms that the native tests have of their issuers
// (redactor_lab.h), and what else the redactor knows.
import { readFileSync } from 'node:fs';

/** `phrase` holds `secret`, which must not survive. */
export interface Planted {
  readonly name: string;
  readonly phrase: string;
  readonly secret: string;
}

const ALNUM = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const SETS: Readonly<Record<string, string>> = {
  A: ALNUM,
  W: `${ALNUM}-_`,
  B: `${ALNUM}+/`,
  H: '0123456789abcdef',
  U: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567',
  D: '0123456789',
};

/** Numbers below a bound, the same for the same seed. */
export function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function tokenForms(): string[] {
  const lab = readFileSync(new URL('redactor_lab.h', import.meta.url), 'utf8');
  const [, list] = /kTokens\[\] = \{([^;]*)\};/.exec(lab) ?? [];
  return [...(list ?? '').matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, form]) => form);
}

/** About 90 kinds; of most `each` secrets. */
export function planted(seed: number, each: number): Planted[] {
  const random = randomOf(seed);
  const fill = (form: string): string =>
    form.replace(/\{([AWBHUD])(\d+)\}/g, (_, set: string, n: string) =>
      Array.from({ length: Number(n) }, () => SETS[set][random(SETS[set].length)]).join(''),
    );
  const all: Planted[] = [];
  const add = (name: string, before: string, secret: string, after = ''): void =>
    void all.push({ name, phrase: before + secret + after, secret });
  const forms = tokenForms();
  if (forms.length < 60) throw new Error('redactor_lab.h has no list of tokens any more');
  for (const form of forms) {
    const before = form.startsWith('https://') ? 'https://' : '';
    for (let i = 0; i < each; i++) add(form.slice(0, 12), before, fill(form).slice(before.length));
  }
  for (let i = 0; i < 2 * each; i++) {
    add('pem', '', fill('-----BEGIN PRIVATE KEY-----\n{B64}\n{B20}=\n-----END PRIVATE KEY-----'));
    add('bearer', 'Authorization: Bearer ', fill('{W32}7'));
    add('basic', 'Authorization: Basic ', fill('{B24}'));
    add('postgres', 'postgres://', fill('app:{A12}'), '@db.internal:5432/main');
    add('userinfo', 'https://', fill('x-token:{A20}'), '@git.internal/repo.git');
    add('query', 'https://app.internal/callback?code=', fill('{W24}'), '&state=1');
    add('cookie', 'Cookie: ', fill('sid={A24}; theme={A5}'));
    add('env', 'DB_PASSWORD=', fill('{A12}'));
    add('api key', 'your API key: ', fill('{A32}7'));
    add('email', '', fill('j.{A6}+tag@mail.{H4}x.co.uk'));
    add('phone', '', fill('+49{D10}'));
    add('iban', '', iban(fill('{D18}')));
    add('card', '', card(fill('4{D14}')));
  }
  return all;
}

/** A card's number, with its check digit. */
export function card(digits: string): string {
  const sum = [...digits].reverse().reduce((all, digit, i) => {
    const value = i % 2 === 0 ? 2 * Number(digit) : Number(digit);
    return all + (value > 9 ? value - 9 : value);
  }, 0);
  return `${digits}${(10 - (sum % 10)) % 10}`;
}

function iban(account: string): string {
  const rest = BigInt(`${account}131400`) % 97n; // DE00
  return `DE${String(98n - rest).padStart(2, '0')}${account}`;
}
