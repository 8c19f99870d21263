// What must have arrived for one run of the application (tests/packaging/app): judged from the bodies
// on the wire alone, by a decoder that is not ours (tests/support/otlp.ts).
import { lint, plain } from '../../support/otlp.ts';

const operation = (span) => span.attributes.get('gen_ai.operation.name');
const parsed = (value) => (typeof value === 'string' ? JSON.parse(value) : value);

/**
 * What is wrong with the trace of one run; empty when it is whole.
 *
 * `spans`: all spans that arrived under its trace id. `expected`: how many there must be (`spans`), how
 * many of them are calls of the model (`calls`), and how many input tokens each of these names
 * (`tokens`).
 */
export function faultsOfRun(spans, expected) {
  const faults = spans.flatMap(lint);
  const ids = new Set(spans.map((span) => span.spanId));
  if (ids.size !== spans.length) faults.push(`${spans.length - ids.size} spans arrived twice`);
  if (spans.length !== expected.spans) {
    faults.push(`${spans.length} spans (${spans.map((s) => s.name)}), not ${expected.spans}`);
  }
  for (const span of spans) {
    if (span.parentSpanId && !ids.has(span.parentSpanId)) faults.push(`${span.name}: no parent`);
    const service = span.resource.get('service.name');
    if (service !== 'packaging') faults.push(`${span.name}: service.name is ${service}`);
  }
  const roots = spans.filter((span) => span.parentSpanId === '');
  if (roots.length !== 1) faults.push(`${roots.length} roots`);
  for (const root of roots) {
    if (operation(root) !== 'invoke_agent') faults.push(`the root is no agent run: ${root.name}`);
  }
  const calls = spans.filter((span) => operation(span) === 'chat');
  if (calls.length !== expected.calls) faults.push(`${calls.length} model calls`);
  for (const call of calls) {
    const tokens = call.attributes.get('gen_ai.usage.input_tokens');
    if (tokens !== expected.tokens) faults.push(`${call.name}: input tokens ${tokens}`);
    const model = call.attributes.get('gen_ai.request.model');
    if (model !== 'scripted-1') faults.push(`${call.name}: model ${model}`);
  }
  const tools = spans.filter((span) => operation(span) === 'execute_tool');
  if (tools.length !== 1) faults.push(`${tools.length} tool calls`);
  for (const tool of tools) {
    const input = parsed(plain(tool.attributes.get('gen_ai.tool.call.arguments')));
    if (input?.city !== 'Zürich') faults.push(`${tool.name}: arguments ${JSON.stringify(input)}`);
    const output = parsed(plain(tool.attributes.get('gen_ai.tool.call.result')));
    if (output?.celsius !== -5) faults.push(`${tool.name}: result ${JSON.stringify(output)}`);
    if (output?.source !== 'asked with [REDACTED:api-key]') faults.push(`${tool.name}: ${output?.source}`);
  }
  return faults;
}
