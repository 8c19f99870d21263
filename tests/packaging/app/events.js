// The application without Mastra, for runtimes and bundlers that Mastra itself does not run in: plays
// one agent run to the exporter as Mastra would. Needs no platform API but fetch and crypto.
import { SECRET } from './secret.js';

const hex = (bytes) =>
  Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');

function spansOfRun() {
  const traceId = hex(16);
  const now = Date.now();
  const make = (type, name, parent, fields) => ({
    id: hex(8),
    traceId,
    type,
    name,
    startTime: new Date(now),
    endTime: new Date(now + 1),
    isEvent: false,
    isRootSpan: !parent,
    parentSpanId: parent?.id,
    ...fields,
  });
  const agent = { entityType: 'agent', entityId: 'reporter', entityName: 'reporter' };
  const question = [{ role: 'user', content: 'Weather in Zürich?' }];
  const text = 'It snows in Zürich 🌨️.';
  const root = make('agent_run', "agent run: 'reporter'", undefined, { ...agent, input: question });
  const generation = make('model_generation', "llm: 'scripted-1'", root, {
    attributes: { model: 'scripted-1', provider: 'scripted' },
    input: { messages: question },
    output: { text },
  });
  const step = make('model_step', 'step: 0', generation, { attributes: { stepIndex: 0 } });
  const call = make('model_inference', "inference: 'scripted-1'", step, {
    attributes: {
      model: 'scripted-1',
      provider: 'scripted',
      usage: { inputTokens: 300, outputTokens: 17 },
      finishReason: 'tool-calls',
    },
    input: { messages: question },
    output: { text },
  });
  const tool = make('tool_call', "tool: 'weather'", step, {
    entityId: 'weather',
    entityName: 'weather',
    attributes: { toolType: 'tool', toolDescription: 'Weather in a city' },
    input: { city: 'Zürich' },
    output: { city: 'Zürich', celsius: -5, source: `asked with ${SECRET}` },
  });
  return { text, traceId, spans: [root, generation, step, call, tool] };
}

/** Takes the exporters as `new Mastra` does; returns what plays one run to them. */
export function player(exporters) {
  for (const exporter of exporters) exporter.init?.({ config: { serviceName: 'packaging' } });
  const tell = (type, exportedSpan) => {
    for (const exporter of exporters) exporter.onTracingEvent?.({ type, exportedSpan });
  };
  return () => {
    const { text, traceId, spans } = spansOfRun();
    for (const span of spans) tell('span_started', { ...span, endTime: undefined, output: undefined });
    for (const span of spans.reverse()) tell('span_ended', span);
    return { text, traceId }; // what the harness wants as the JSON answer of a request
  };
}
