/**
 * A run's spans as a tree for human eyes.
 * @module
 */
import { readSpans, type ReadSpan } from '../transport/otlp_read.js';

export interface TreeOptions {
  /** Colours and weights, as terminals have them. */
  readonly color: boolean;
  /** The most characters of a text: an argument, a result, an error. */
  readonly width: number;
}

const KINDS = ['', '', 'server', 'client', 'producer', 'consumer'];
const ms = (span: ReadSpan): string => `${Number((span.end - span.start) / 1_000_000n)} ms`;

/** On one line, and no longer than that; nothing in it moves a terminal's cursor. */
function short(value: unknown, width: number): string {
  const whole = typeof value === 'string' ? value : JSON.stringify(value);
  // Not more of a long text than what can be shown is looked at.
  const line = whole.slice(0, 4 * width).replace(/[\s\p{Cc}]+/gu, ' ').trim();
  const cut = Array.from(line);
  return cut.length > width || whole.length > 4 * width
    ? `${cut.slice(0, width - 1).join('')}…`
    : line;
}

function tokensOf(spans: readonly ReadSpan[]): string {
  const sums = ['input', 'output'].map((end) => {
    const of = spans.map(({ attributes }) => attributes[`gen_ai.usage.${end}_tokens`]);
    return of.some((n) => n !== undefined) && of.reduce((sum: number, n) => sum + Number(n ?? 0), 0);
  });
  return sums.some((n) => n !== false) ? `${sums[0] || 0} → ${sums[1] || 0} tokens` : '';
}

/** A line, or some, for each span; '' for a body without spans. */
export function treeText(body: Uint8Array, { color, width }: TreeOptions): string {
  const spans = readSpans(body).sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  const known = new Set(spans.map(({ spanId }) => spanId));
  const below = new Map<string, ReadSpan[]>();
  for (const span of spans) {
    const parent = known.has(span.parentSpanId) ? span.parentSpanId : '';
    below.set(parent, [...(below.get(parent) ?? []), span]);
  }
  const paint = (code: number, text: string): string =>
    color && text !== '' ? `\x1b[${code}m${text}\x1b[0m` : text;
  const lines: string[] = [];

  function tell(span: ReadSpan, before: string, indent: string): void {
    const { attributes, kind, message, name, status } = span;
    const facts = [KINDS[kind], ms(span), tokensOf([span])].filter(Boolean).join(' · ');
    const failed = status === 2 ? `  ${paint(31, `error: ${short(message, width)}`)}` : '';
    lines.push(`${before}${paint(1, short(name, width))}  ${paint(2, facts)}${failed}`);
    const children = below.get(span.spanId) ?? [];
    const stem = `${indent}${children.length > 0 ? '│' : ' '}  `;
    for (const [mark, key] of [
      ['args', 'gen_ai.tool.call.arguments'],
      ['gave', 'gen_ai.tool.call.result'],
    ]) {
      const said = attributes[key];
      if (said !== undefined) lines.push(paint(2, `${stem}${mark} ${short(said, width)}`));
    }
    children.forEach((child, i) => {
      const last = i === children.length - 1;
      tell(child, `${indent}${last ? '└─ ' : '├─ '}`, `${indent}${last ? '   ' : '│  '}`);
    });
  }

  for (const root of below.get('') ?? []) tell(root, '', '');
  if (spans.length === 0) return '';
  const calls = spans.filter(({ attributes }) => attributes['gen_ai.operation.name'] === 'chat');
  const sum = [
    `trace ${spans[0].traceId}`,
    `${spans.length} ${spans.length === 1 ? 'span' : 'spans'}`,
    calls.length > 0 ? `${calls.length} model ${calls.length === 1 ? 'call' : 'calls'}` : '',
    tokensOf(calls),
  ];
  return [paint(2, sum.filter(Boolean).join(' · ')), ...lines].join('\n');
}
