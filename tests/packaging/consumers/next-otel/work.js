// Code that knows OpenTelemetry's API alone.
import { trace } from '@opentelemetry/api';

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The id of the trace, after some work in a span of that name. */
export const work = (name) =>
  trace.getTracer('app').startActiveSpan(name, async (span) => {
    await later(5);
    span.end();
    return trace.getActiveSpan().spanContext().traceId;
  });

/** A model's answer, say: three pieces in 150 ms, and work before the last. */
export const stream = () =>
  new ReadableStream({
    async start(controller) {
      for (let i = 0; i < 3; i++) {
        await later(50);
        if (i === 2) await work('work in the stream');
        controller.enqueue(new TextEncoder().encode(`piece ${i};`));
      }
      controller.close();
    },
  });
