// What the candidates are fed: Mastra's tracing events, made up with a seed (W1 to W3) or recorded in
// real runs (W4). A source is made once; fresh.ts makes one run's events of it.
//
// The made-up runs have the shapes of one agent turn (W1), a long turn (W2, W2U) and a document-heavy
// session (W3): so many spans, attributes and units of text in all inputs and outputs. Sizes of texts
// are skewed, a few large and many small; a share of words lies beyond ASCII, which makes their
// strings two-byte in V8.
import { readFileSync } from 'node:fs';
import type { MastraTracingEvent } from 'edgespan/mastra';
import { type Fields, hex, random, type Source } from './fresh.ts';

export { fresh } from './fresh.ts';

export type Workload = 'W1' | 'W2' | 'W2U' | 'W3' | 'W4';

interface Shape {
  spans: number;
  /** UTF-16 units of all inputs and outputs. */
  text: number;
  /** The share of words beyond ASCII. */
  foreign: number;
  /** Members of a span's metadata: as many as make 12 (W1) or 20 attributes of a span on average, as the
   *  official exporter counts them. */
  metadata: number;
}

export const SHAPES: Record<Exclude<Workload, 'W4'>, Shape> = {
  W1: { spans: 8, text: 2_000, foreign: 0, metadata: 1 },
  W2: { spans: 30, text: 60_000, foreign: 0, metadata: 9 },
  W2U: { spans: 30, text: 60_000, foreign: 0.02, metadata: 9 },
  W3: { spans: 200, text: 1_000_000, foreign: 0.12, metadata: 9 },
};

/** Different inputs of a workload; one input over and over would teach the branch predictor its text. */
const SEEDS: Record<Exclude<Workload, 'W4'>, number> = { W1: 8, W2: 8, W2U: 8, W3: 4 };

/**
 * The recorded runs: all in which Mastra emitted spans, but for the one that hides its input and output, of
 * which ours leaves out more (docs/privacy.md): that would not be the same work.
 */
const RECORDED = [
  'agent-custom-spans-logs-metrics',
  'agent-error',
  'agent-generate-tool',
  'agent-generate-tool-opts',
  'agent-stream-text',
  'agent-stream-tool',
  'agent-tool-error',
  'score-and-feedback',
  'workflow-2-steps',
  'workflow-error',
  'workflow-stream',
];

/** The runs of a workload. */
export function sources(workload: Workload): Source[] {
  if (workload === 'W4') return RECORDED.map(recorded);
  return Array.from({ length: SEEDS[workload] }, (_, i) => generated(workload, i + 1));
}

function recorded(name: string): Source {
  const file = new URL(`../data/mastra-events/${name}.json`, import.meta.url);
  const events = (JSON.parse(readFileSync(file, 'utf8')) as Partial<MastraTracingEvent>[])
    .filter((event) => event.exportedSpan !== undefined)
    .map(({ type, exportedSpan }) => ({ type, exportedSpan }));
  const spans = events.filter(({ type }) => type === 'span_ended').length;
  return { name, spans, json: JSON.stringify(events) };
}

// ---- Made-up runs ----------------------------------------------------------------------------------

const PLAIN =
  `the agent answers with a table of trains from Porto to Madrid and a note that seat prices
  rise after Thursday so please book early because the query for hotels near the station gave
  twelve results of which three allow pets "free cancellation" (until 18:00) costs 4.50 more per
  night; context score 0.83 retrieved from index travel-docs chunk 17 means`.split(/\s+/);
const FOREIGN = 'façade Zürich 旅行 予約 билет поезд 🚆 🏨 señor – „Gleis“ قطار 기차 ticket’s'.split(' ');

function prose(next: () => number, units: number, foreign: number): string {
  let text = '';
  while (text.length < units) {
    const words = foreign > 0 && next() < foreign ? FOREIGN : PLAIN;
    text += words[Math.floor(next() * words.length)];
    text += next() < 0.07 ? '.\n' : ' ';
  }
  return text.slice(0, units).replace(/[\ud800-\udbff]$/, '.');
}

/** `count` sizes with the sum `total`: a tenth of them takes about half. */
function sizes(next: () => number, total: number, count: number): number[] {
  const weights = Array.from({ length: count }, () => 0.2 + 3 * next() ** 4);
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => Math.max(16, Math.round((total * weight) / sum)));
}

function first(count: number, members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).slice(0, count));
}

/** A turn below the root: a generation with one step, whose calls and tools follow; a processor. */
const TURN = [
  'model_generation',
  'model_step',
  'model_inference',
  'tool_call',
  'model_inference',
  'tool_call',
  'processor_run',
];
const DEPTH: Record<string, number> = {
  model_generation: 1,
  processor_run: 1,
  model_step: 2,
  model_inference: 3,
  tool_call: 3,
};

function generated(workload: Exclude<Workload, 'W4'>, seed: number): Source {
  const { spans: count, text, foreign, metadata } = SHAPES[workload];
  const next = random(seed * 1_000 + count);
  const lengths = sizes(next, text, 2 * count);
  const shared = {
    runId: `${hex(next, 8)}-${hex(next, 4)}-4${hex(next, 3)}-8${hex(next, 3)}-${hex(next, 12)}`,
    resourceId: `user-${hex(next, 8)}`,
    threadId: `thread-${hex(next, 24)}`,
    requestId: hex(next, 32),
    environment: 'production',
    region: 'cdg1',
  };
  let clock = 1_763_625_600_000 + Math.floor(next() * 1e9);

  const open: Fields[] = [];
  const events: { type: string; exportedSpan: Fields }[] = [];
  const start = (span: Fields): void => {
    const { output: _, errorInfo: __, endTime: ___, ...early } = span;
    events.push({ type: 'span_started', exportedSpan: early });
    open.push(span);
  };
  const end = (): void => {
    const span = open.pop() as Fields;
    clock += 1 + Math.floor(next() * 40);
    (span as Record<string, unknown>).endTime = new Date(clock).toISOString();
    events.push({ type: 'span_ended', exportedSpan: span });
  };

  for (let i = 0; i < count; i++) {
    let type = i === 0 ? 'agent_run' : TURN[(i - 1) % TURN.length];
    // The last turn may be cut short, but a generation without a call would be one itself.
    if (type === 'model_generation' && i + 2 >= count) type = 'processor_run';
    while (open.length > (DEPTH[type] ?? 0)) end();
    clock += Math.floor(next() * 20);
    const [asked, answered] = [lengths[2 * i], lengths[2 * i + 1]];
    start({
      id: hex(next, 16),
      parentSpanId: open.at(-1)?.id,
      isRootSpan: i === 0,
      isEvent: false,
      type,
      startTime: new Date(clock).toISOString() as unknown as Date,
      metadata: first(metadata, {
        ...shared,
        messageCount: i + 2,
        cost: 0.0021 + i / 65536,
        flags: ['beta', 'long-context'],
      }),
      ...content(type, i, asked, answered, next, foreign),
      ...(i % 11 === 7 ? { errorInfo: FAILURE } : {}),
    });
  }
  while (open.length > 0) end();
  return { name: `${workload}, seed ${seed}`, spans: count, json: JSON.stringify(events) };
}

const FAILURE = {
  message: 'no answer from the booking service within 3000 ms',
  id: 'BOOKING_TIMEOUT',
  domain: 'TOOL',
  category: 'THIRD_PARTY',
  details: { stack: 'Error: no answer\n    at book (worker.js:1:9123)\n    at async step (worker.js:7:42)' },
};
const MODEL = 'gpt-4o-mini-2024-07-18';

/** What differs by type: names, input, output and attributes. */
function content(
  type: string,
  index: number,
  asked: number,
  answered: number,
  next: () => number,
  foreign: number,
): Record<string, unknown> {
  const write = (units: number): string => prose(next, Math.max(4, Math.floor(units)), foreign);
  if (type === 'tool_call') {
    return {
      name: "tool: 'find_trains'",
      entityType: 'tool',
      entityId: 'find_trains',
      entityName: 'findTrains',
      input: { from: write(asked * 0.3), request: write(asked * 0.7), limit: 10 },
      output: { result: write(answered), score: 0.83, complete: true },
      attributes: {
        toolType: 'tool',
        toolDescription: 'Finds trains between two cities',
        toolCallId: `call_${hex(next, 20)}`,
        success: true,
      },
    };
  }
  const messages = [
    { role: 'system', content: write(asked * 0.4) },
    { role: 'user', content: [{ type: 'text', text: write(asked * 0.6) }] },
  ];
  const common = {
    entityType: 'agent',
    entityId: 'travel-agent',
    entityName: 'Travel Agent',
    input: { messages },
    output: { text: write(answered) },
  };
  if (type === 'agent_run') {
    return {
      ...common,
      name: "agent run: 'travel-agent'",
      tags: ['prod', 'travel'],
      attributes: {
        conversationId: `thread-${hex(next, 8)}`,
        instructions: 'You are a travel assistant. Answer briefly and name your sources.',
        maxSteps: 5,
        availableTools: ['find_trains', 'find_hotels'],
      },
    };
  }
  if (type === 'model_step') {
    const attributes = { stepIndex: index, isContinued: index % 2 === 0, finishReason: 'stop' };
    return { ...common, name: `step: ${index}`, attributes };
  }
  if (type === 'processor_run') {
    return { ...common, name: 'processor: trim', attributes: { processorIndex: index } };
  }
  return {
    ...common,
    name: `llm: '${MODEL}'`,
    attributes: {
      model: MODEL,
      provider: 'openai.chat',
      responseModel: MODEL,
      responseId: `chatcmpl-${hex(next, 24)}`,
      finishReason: 'stop',
      streaming: true,
      usage: {
        inputTokens: 400 + Math.floor(next() * 4000),
        outputTokens: Math.floor(next() * 900),
        inputDetails: { cacheRead: Math.floor(next() * 300) },
        outputDetails: { reasoning: Math.floor(next() * 100) },
      },
      parameters: { temperature: 0.7, maxOutputTokens: 2048, topP: 0.95 },
    },
  };
}
