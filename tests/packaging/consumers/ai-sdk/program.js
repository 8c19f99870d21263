// What users of the AI SDK do, with its own mock models: the same program for its majors 6 and 7 (whose
// modules it is given), and whoever records what it does. Also run by tests/js/ai_sdk.test.ts.
import { trace } from '@opentelemetry/api';

const usage = {
  inputTokens: { total: 10, noCache: 7, cacheRead: 3, cacheWrite: 0 },
  outputTokens: { total: 20, text: 15, reasoning: 5 },
};
const finished = (reason) => ({ finishReason: { unified: reason, raw: reason }, usage, warnings: [] });
const response = { id: 'resp_1', modelId: 'mock-1', timestamp: new Date(0) };
const CALL = { type: 'tool-call', toolCallId: 'call_1', toolName: 'weather', input: '{"city":"Zürich"}' };

/** @returns programs by name; each may reject, as its user would see it. */
export function programsOf({ ai, test, zod }) {
  const { embed, embedMany, generateText, stepCountIs, isStepCount, streamText, tool } = ai;
  const { MockEmbeddingModelV3, MockLanguageModelV3, simulateReadableStream } = test;
  const steps = (isStepCount ?? stepCountIs)(3);
  // Named as each major names it.
  const telemetry = (functionId) => {
    const settings = { isEnabled: true, functionId };
    return { experimental_telemetry: { ...settings, metadata: { tenant: 'acme' } }, telemetry: settings };
  };

  const toolsThat = (execute) => ({
    weather: tool({
      description: 'The weather of a city',
      inputSchema: zod.object({ city: zod.string() }),
      execute: (input) =>
        trace.getTracer('app').startActiveSpan('lookup', async (span) => {
          try {
            return await execute(input);
          } finally {
            span.setAttribute('city', input.city).end();
          }
        }),
    }),
  });
  const tools = toolsThat(async ({ city }) => ({ city, celsius: -5 }));

  const answers = () => {
    let turn = 0;
    const next = () => turn++ === 0;
    return new MockLanguageModelV3({
      provider: 'mock',
      modelId: 'mock-1',
      doGenerate: async () =>
        next()
          ? { content: [CALL], response, ...finished('tool-calls') }
          : { content: [{ type: 'text', text: 'It snows.' }], response, ...finished('stop') },
      doStream: async () => {
        const parts = next()
          ? [CALL, { type: 'finish', ...finished('tool-calls') }]
          : [
              { type: 'text-start', id: 't' },
              { type: 'text-delta', id: 't', delta: 'It ' },
              { type: 'text-delta', id: 't', delta: 'snows.' },
              { type: 'text-end', id: 't' },
              { type: 'finish', ...finished('stop') },
            ];
        const chunks = [{ type: 'stream-start', warnings: [] }, { type: 'response-metadata', ...response }, ...parts];
        return { stream: simulateReadableStream({ chunks, initialDelayInMs: 1, chunkDelayInMs: 1 }) };
      },
    });
  };
  const failing = () => {
    const fail = async () => {
      throw new TypeError('model overloaded');
    };
    return new MockLanguageModelV3({ provider: 'mock', modelId: 'mock-1', doGenerate: fail, doStream: fail });
  };
  const embedding = () =>
    new MockEmbeddingModelV3({
      provider: 'mock',
      modelId: 'embed-1',
      maxEmbeddingsPerCall: 2,
      doEmbed: async ({ values }) => ({ embeddings: values.map(() => [0.5, -1]), usage: { tokens: 4 }, warnings: [] }),
    });
  const quiet = { onError() {} };

  return {
    async generateText() {
      const model = answers();
      const { text } = await generateText({ model, tools, stopWhen: steps, prompt: 'Weather?', ...telemetry('ask') });
      return text;
    },
    async streamText() {
      const model = answers();
      const { textStream } = streamText({ model, tools, stopWhen: steps, prompt: 'Weather?', ...telemetry('ask') });
      let text = '';
      for await (const part of textStream) text += part;
      return text;
    },
    async embed() {
      const { embedding: found } = await embed({ model: embedding(), value: 'one', ...telemetry('embed') });
      return found.length;
    },
    async embedMany() {
      const values = ['one', 'two', 'three'];
      const { embeddings } = await embedMany({ model: embedding(), values, ...telemetry('embed') });
      return embeddings.length;
    },
    async 'a failing model'() {
      return generateText({ model: failing(), maxRetries: 0, prompt: 'Weather?', ...telemetry('ask') });
    },
    async 'a failing model, streamed'() {
      const result = streamText({
        model: failing(),
        maxRetries: 0,
        prompt: 'Weather?',
        ...quiet,
        ...telemetry('ask'),
      });
      await result.consumeStream(quiet);
    },
    async 'a failing tool'() {
      const broken = toolsThat(async () => {
        throw new RangeError('station unreachable');
      });
      const model = answers();
      const { text } = await generateText({ model, tools: broken, stopWhen: steps, prompt: '?', ...telemetry('ask') });
      return text;
    },
    async abort() {
      const controller = new AbortController();
      const { textStream } = streamText({
        model: answers(),
        prompt: 'Weather?',
        abortSignal: controller.signal,
        tools,
        stopWhen: steps,
        ...quiet,
        ...telemetry('ask'),
      });
      try {
        for await (const part of textStream) if (part) controller.abort(new Error('enough'));
      } catch {
        // Some majors end the stream, others break it.
      }
    },
    async 'two at once, in a span of the user\'s'() {
      await trace.getTracer('app').startActiveSpan('request', async (span) => {
        const both = ['a', 'b'].map((name) =>
          generateText({ model: answers(), tools, stopWhen: steps, prompt: name, ...telemetry(name) }),
        );
        await Promise.all(both);
        span.end();
      });
    },
  };
}
