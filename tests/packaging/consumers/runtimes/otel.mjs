// otel.mjs: a server of the runtime's own, traced, whose code knows OpenTelemetry's API alone. Asks
// itself once on behalf of a caller, and tells in a line `asked {text, spans}` what came of it.
import { trace } from '@opentelemetry/api';
import { registerEdgespan, withTracing } from 'edgespan/vercel';

const registration = registerEdgespan({ serviceName: 'packaging' });
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const work = (name) =>
  trace.getTracer('app').startActiveSpan(name, async (span) => {
    await later(5);
    trace.getActiveSpan().setAttribute('active', name);
    span.end();
  });

/** Answers piece by piece, with work before the last. */
async function* pieces() {
  await Promise.all([work('one'), work('two')]);
  yield 'piece 1;';
  await later(50);
  await work('last');
  yield 'piece 2;';
}

function answer() {
  const source = pieces();
  const body = new ReadableStream({
    async pull(controller) {
      const { done, value } = await source.next();
      if (done) controller.close();
      else controller.enqueue(new TextEncoder().encode(value));
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/plain' } });
}

async function serve() {
  if (globalThis.Deno) {
    const server = Deno.serve({ port: 0, hostname: '127.0.0.1', onListen() {} }, withTracing(answer));
    return { port: server.addr.port, close: () => server.shutdown() };
  }
  if (globalThis.Bun) {
    const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: withTracing(answer) });
    return { port: server.port, close: () => server.stop() };
  }
  const { createServer } = await import('node:http');
  const handler = async (_, response) => {
    for await (const piece of pieces()) response.write(piece);
    response.end();
  };
  const server = createServer(withTracing(handler));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: server.address().port, close: () => server.close() };
}

const { port, close } = await serve();
const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
const response = await fetch(`http://127.0.0.1:${port}/orders?token=s3cret`, { headers });
const text = await response.text();
await later(50); // its span ends after its last byte
const { accepted, pending, dropped } = await registration.forceFlush();
console.log(`asked ${JSON.stringify({ text, accepted, pending, dropped })}`);
await close();
