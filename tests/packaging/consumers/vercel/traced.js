// A handler that streams, and knows OpenTelemetry's API alone.
import { trace } from '@opentelemetry/api';

const work = (name) =>
  trace.getTracer('app').startActiveSpan(name, async (span) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    span.end();
    return trace.getActiveSpan().spanContext().traceId;
  });

export async function answer() {
  const traceId = await work('work');
  const body = new ReadableStream({
    async start(controller) {
      await new Promise((resolve) => setTimeout(resolve, 60)); // the platform stops after what it waits for
      controller.enqueue(new TextEncoder().encode(JSON.stringify({ traceId })));
      controller.close();
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/plain' } });
}
