/**
 * Hono, wherever it runs: Workers, Vercel, Node, Deno, Bun.
 * @module
 */
import { traceFetch } from '../hosts/fetch.js';
import { begin, fail, finish, isWithin } from '../hosts/handler.js';
import { type HandlerOptions, type Tracing, tracingOf } from '../hosts/options.js';
import { Requests } from '../hosts/requests.js';
import { SERVER } from '../http/span.js';
import type { Span } from '../otel/api.js';
import { active, SPAN, withContext } from '../otel/context.js';

export type { HandlerOptions } from '../hosts/options.js';
export type { Propagate } from '../http/propagate.js';

/** Hono's context, as far as it is used here. */
interface HonoContext {
  readonly req: { readonly raw: Request; readonly method: string; readonly routePath?: string };
  readonly env: any;
  readonly error: Error | undefined;
  get res(): Response;
  set res(response: Response | undefined);
}

/** Options, or what they are by the app's bindings (a Worker's `env`). */
export type TracingConfig<Env = any> = HandlerOptions | ((env: Env) => HandlerOptions);

const known = new WeakMap<HandlerOptions, Tracing>();

function tracingFor(config: TracingConfig, env: unknown): Tracing {
  const options = typeof config === 'function' ? config(env) : config;
  let found = known.get(options);
  if (!found) {
    const { propagate = false, fetch = true, spanProcessors = [] } = options;
    if (fetch) traceFetch(propagate);
    const settled = { ...options, spanProcessors: [new Requests(), ...spanProcessors] };
    known.set(options, (found = tracingOf(settled)));
  }
  return found;
}

/**
 * A middleware that makes a span of each request, named by its route (`GET /users/:id`), which ends with
 * the answer's last byte; what was recorded is sent after it. Where the host has made one (`instrument()`
 * of `edgespan/cloudflare`, `withTracing()`, Next.js), that one gets the route, and needs no options here.
 *
 * @example
 * const app = new Hono<{ Bindings: Env }>();
 * app.use(tracing((env) => ({ serviceName: 'shop', destinations: [otlp({ env })] })));
 */
export function tracing<Env = any>(
  config?: TracingConfig<Env>,
): (c: any, next: () => Promise<void>) => Promise<void> {
  return async (c: HonoContext, next) => {
    const here = active();
    if (isWithin(here)) {
      await next();
      return named(here.getValue(SPAN) as Span, c);
    }
    const begun = config && open(config, c);
    if (!begun) return next();
    const { span, context, tracing } = begun;
    try {
      await withContext(context, next);
    } catch (error) {
      fail(span, error);
      throw error;
    }
    named(span, c);
    const answer = finish(begun, tracing, c.res, c.error && { error: c.error }) as Response;
    if (answer === c.res) return;
    c.res = undefined; // else Hono adds the one's headers to the other's
    c.res = answer;
  };
}

function open(config: TracingConfig, c: HonoContext) {
  try {
    const tracing = tracingFor(config, c.env);
    const begun = begin(tracing, () => c.req.raw, {});
    return begun && { ...begun, tracing };
  } catch (error) {
    console.warn(`[edgespan] A request is not traced: tracing()'s options threw (${error})`);
    return undefined;
  }
}

/** Names a request's span by the route that answered; of what none did, by its method. */
function named(span: Span & { kind?: number }, { req }: HonoContext): void {
  const { routePath } = req;
  if (span.kind !== SERVER || !routePath || /^\/?\*$/.test(routePath)) return;
  span.setAttribute('http.route', routePath).updateName(`${req.method} ${routePath}`);
}
