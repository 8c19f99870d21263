// One Hono app on Workers, traced in three ways, by the first part of the path:
//   /own     by tracing() alone
//   /below   by tracing() below instrument()
//   /otel    by @hono/otel, unmodified, below instrument()
import { httpInstrumentationMiddleware } from '@hono/otel';
import { trace } from '@opentelemetry/api';
import { instrument } from 'edgespan/cloudflare';
import { tracingOptions } from 'edgespan/context';
import { otlp } from 'edgespan/destinations';
import { tracing } from 'edgespan/hono';
import { register } from 'edgespan/otel';
import { Hono, type MiddlewareHandler } from 'hono';
import { streamText } from 'hono/streaming';

interface Env {
  readonly SINK: string;
}
type Bindings = { Bindings: Env };

const make = ({ SINK }: Env) => ({
  serviceName: 'hono',
  destinations: [otlp({ endpoint: `${SINK}/ok` })],
});
let options: ReturnType<typeof make> | undefined;
const config = (env: Env): ReturnType<typeof make> => (options ??= make(env));

// What follows knows nothing of this package.
function shop(base: string, middleware: MiddlewareHandler): Hono<Bindings> {
  const app = new Hono<Bindings>().basePath(base);
  app.use(middleware);
  app.get('/users/:id', async (c) => {
    await new Promise((resolve) => setTimeout(resolve, 2));
    return trace.getTracer('app').startActiveSpan('load', (span) => {
      span.end();
      return c.json({ id: c.req.param('id'), ...tracingOptions() });
    });
  });
  app.get('/words', (c) =>
    streamText(c, async (stream) => {
      for (const word of ['one ', 'two']) {
        await stream.sleep(30);
        await stream.write(word);
      }
    }),
  );
  return app;
}

register();
const own = shop('/own', tracing<Env>(config));
const below = instrument(shop('/below', tracing()), config);
const otel = instrument(shop('/otel', httpInstrumentationMiddleware() as unknown as MiddlewareHandler), config);

export default {
  fetch(request: Request, env: Env, ctx: never): Response | Promise<Response> {
    const [, way] = new URL(request.url).pathname.split('/');
    const app = { own, below, otel }[way] as { fetch(...args: unknown[]): Response };
    return app.fetch(request, env, ctx);
  },
};
