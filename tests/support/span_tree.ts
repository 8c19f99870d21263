// A trace as it is drawn: a line for each span, indented below its parent's, in the order of their starts.
// Clocks count milliseconds, and workerd's stands still between two events: what starts in the same one
// stands as it came, which is as it ended. Only a tool of Mastra's comes after the call that asked for it,
// which goes on while its answer is streamed.
import type { WireSpan } from './otlp.ts';

const isTool = ({ name }: WireSpan): boolean => name.startsWith('execute_tool ');

/** Roots are spans whose parent did not arrive; one that names a parent says so: `name <- id`. */
export function treeOf(spans: readonly WireSpan[]): string[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const lines: string[] = [];
  const draw = (parent: string, depth: number): void => {
    const below = spans.filter(({ parentSpanId }) =>
      depth === 0 ? !ids.has(parentSpanId) : parentSpanId === parent,
    );
    below.sort((a, b) =>
      a.start === b.start ? Number(isTool(a)) - Number(isTool(b)) : a.start < b.start ? -1 : 1,
    );
    for (const { name, spanId, parentSpanId } of below) {
      const remote = depth === 0 && parentSpanId !== '' ? ` <- ${parentSpanId}` : '';
      lines.push(`${'  '.repeat(depth)}${name}${remote}`);
      draw(spanId, depth + 1);
    }
  };
  draw('', 0);
  return lines;
}
