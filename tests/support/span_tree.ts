// A trace as it is drawn: a line for each span, indented below its parent's, in the order of their starts;
// Mastra's clock counts milliseconds, and what starts in the same one stands in the order of its names.
import type { WireSpan } from './otlp.ts';

/** Roots are spans whose parent did not arrive; one that names a parent says so: `name <- id`. */
export function treeOf(spans: readonly WireSpan[]): string[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const lines: string[] = [];
  const draw = (parent: string, depth: number): void => {
    const below = spans.filter(({ parentSpanId }) =>
      depth === 0 ? !ids.has(parentSpanId) : parentSpanId === parent,
    );
    const order = <T>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);
    below.sort((a, b) => order(a.start, b.start) || order(a.name, b.name));
    for (const { name, spanId, parentSpanId } of below) {
      const remote = depth === 0 && parentSpanId !== '' ? ` <- ${parentSpanId}` : '';
      lines.push(`${'  '.repeat(depth)}${name}${remote}`);
      draw(spanId, depth + 1);
    }
  };
  draw('', 0);
  return lines;
}
