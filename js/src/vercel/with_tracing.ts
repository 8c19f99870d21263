/**
 * Handlers with a trace for each request.
 * @module
 */
import { type Incoming, isWithin, type Outgoing, serve, serveNode } from '../hosts/handler.js';
import type { Tracing } from '../hosts/options.js';
import { active } from '../otel/context.js';
import { make } from './make.js';
import type { VercelOptions } from './options.js';
import { routeOf } from './platform.js';
import { made, shared, sharedTracing } from './shared.js';

type Handler = (...args: any[]) => any;

/**
 * A handler within a trace: of a function or route (`(request) => response`), of Routing Middleware, an
 * object that has one as `fetch`, or of Node (`(request, response)`, an Express app included). Its span
 * is a child of the caller's; it ends with the last byte of the answer, and what was recorded is sent
 * after it, kept alive by the platform's `waitUntil`.
 *
 * Where the host has made a span of the request (Next.js, with `registerEdgespan()`), that one stays the
 * only one.
 *
 * @param options by default those of `registerEdgespan()`, else the environment's.
 * @example
 * export const GET = withTracing((request: Request) => Response.json({ ok: true }));
 */
export function withTracing<H extends Handler | { fetch: Handler }>(handler: H, options?: VercelOptions): H {
  shared().make ??= make;
  if (typeof handler !== 'function') {
    if (typeof handler?.fetch !== 'function') return handler;
    return tracedApp(handler as { fetch: Handler }, options) as H;
  }
  return new Proxy(handler, {
    apply(target, self, args: unknown[]) {
      const call = (): unknown => Reflect.apply(target, self, args);
      return traced(args, options, call);
    },
    // Deno gives no request to a handler that does not ask for one.
    get(target, name) {
      const value = Reflect.get(target, name) as unknown;
      const isFixed = Object.getOwnPropertyDescriptor(target, name)?.configurable === false;
      return name === 'length' && !isFixed ? Math.max(1, value as number) : value;
    },
  });
}

/**
 * An app whose `fetch` is traced: its members are its own, and run on it, where their private fields are.
 * The proxy's target is another object, since of a frozen one nothing could be shown otherwise.
 */
function tracedApp(app: { fetch: Handler }, options: VercelOptions | undefined): object {
  const fetch = withTracing((...args: unknown[]): unknown => app.fetch(...args), options);
  return new Proxy(Object.create(Object.getPrototypeOf(app) as object | null) as object, {
    get(_, name) {
      if (name === 'fetch') return fetch;
      const value = Reflect.get(app, name) as unknown;
      if (typeof value !== 'function' || name === 'constructor') return value;
      return (...args: unknown[]): unknown => Reflect.apply(value, app, args);
    },
    set: (_, name, value) => Reflect.set(app, name, value),
    has: (_, name) => name in app,
    ownKeys: () => Reflect.ownKeys(app),
    getOwnPropertyDescriptor(_, name) {
      const found = Reflect.getOwnPropertyDescriptor(app, name);
      return found && { ...found, configurable: true };
    },
  });
}

function traced(args: unknown[], options: VercelOptions | undefined, call: () => unknown): unknown {
  const [request, response] = args as [(Request & Incoming) | undefined, Outgoing | undefined];
  const isWeb = typeof request?.headers?.get === 'function';
  const isNode = !isWeb && request?.headers !== undefined && typeof response?.once === 'function';
  if ((!isWeb && !isNode) || isWithin(active())) return call();
  const tracing = options ? tracingWith(options) : sharedTracing();
  if (!tracing) return call();
  return isWeb
    ? serve(tracing, request as Request, routeOf(), call)
    : serveNode(tracing, request as Incoming, response as Outgoing, routeOf(), call);
}

const known = new WeakMap<VercelOptions, Tracing | undefined>();

/** Those of one object are made once. */
function tracingWith(options: VercelOptions): Tracing | undefined {
  if (!known.has(options)) known.set(options, made(make, options));
  return known.get(options);
}
