// A user's code that knows nothing but OpenTelemetry's API.
import { register } from 'edgespan/otel';
import { SpanStatusCode, trace } from '@opentelemetry/api';

register();

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Several things at once, each with calls before and after the others'. */
export async function branches(kv: { get(key: string): Promise<unknown> }): Promise<void> {
  const branch = (n: number): Promise<void> =>
    trace.getTracer('user').startActiveSpan(`branch ${n}`, async (span) => {
      await kv.get(`${n}`);
      await sleep(10 * (4 - n));
      await Promise.all([kv.get(`${n}`), sleep(5).then(() => kv.get(`${n}`))]);
      span.end();
    });
  await Promise.all([1, 2, 3].map(branch));
}

export async function work(kv: { get(key: string): Promise<unknown> }): Promise<string> {
  return trace.getTracer('user').startActiveSpan('work', async (span) => {
    span.setAttribute('user.attribute', 1);
    await kv.get('within');
    const id = trace.getActiveSpan()?.spanContext().spanId;
    span.setStatus({ code: SpanStatusCode.OK });
    span.end();
    return `${id === span.spanContext().spanId}`;
  });
}
