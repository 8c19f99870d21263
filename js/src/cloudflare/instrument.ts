/**
 * Traced handlers, classes and functions of a Worker. Whatever goes wrong with the tracing, the user's
 * code is called as if there were none.
 * @module
 */
import { isKept } from '../otel/context.js';
import { bound } from './bindings.js';
import { nowhere } from './call.js';
import { classOf } from './classes.js';
import { install } from './globals.js';
import { type Config, settingsOf } from './options.js';
import { exported } from './remote.js';
import { begin, type Host, TRIGGERS } from './triggers.js';
import { view } from './view.js';

/**
 * Traces a Worker's handlers, by whatever they are triggered, and what they do with their bindings: an
 * object with handlers (an app of Hono, say), a class that extends `WorkerEntrypoint`, or a function of
 * Pages. The spans of an invocation leave together, after its answer and what was given to `waitUntil`.
 *
 * @example
 * export default instrument({ async fetch(request, env, ctx) { … } }, (env) => ({
 *   serviceName: 'shop',
 *   destinations: [otlp({ endpoint: env.OTLP_ENDPOINT })],
 * }));
 */
export function instrument<T extends object>(handler: T, config: Config): T {
  install();
  const traced: Traced = { config, envs: new WeakMap() };
  if (typeof handler !== 'function') {
    return view(handler, (name, value) => {
      if (typeof value !== 'function' || !Object.hasOwn(TRIGGERS, name)) return undefined;
      return (event: unknown, env: object, ctx: Host) =>
        serve(traced, name, [event], env, ctx, (seen, around) => value.call(handler, event, seen, around));
    });
  }
  // A class of the platform's extends another; a function of Pages has one argument with all in it.
  const base: unknown = Object.getPrototypeOf(handler);
  if (typeof base === 'function' && base !== Function.prototype) return classOf(handler as never, config) as T;
  const page = (event: { request: Request; env: object } & Host): unknown =>
    serve(traced, 'fetch', [event.request], event.env, event, (env, around) =>
      (handler as unknown as (event: object) => unknown)(
        view(around, (key) => (key === 'env' ? env : undefined)),
      ),
    );
  return page as unknown as T;
}

/**
 * The same for a Durable Object's class: `fetch`, `alarm`, its methods and hibernating WebSockets.
 *
 * @example
 * export const Counter = instrumentDurableObject(class extends DurableObject { … }, config);
 */
export function instrumentDurableObject<T extends object>(Class: T, config: Config): T {
  install();
  return classOf(Class as never, config) as T;
}

interface Traced {
  readonly config: Config;
  /** Views of them. */
  readonly envs: WeakMap<object, object>;
}

/** One invocation of a handler. */
function serve<E extends object, H extends Host>(
  { config, envs }: Traced,
  name: string,
  args: unknown[],
  env: E,
  host: H,
  call: (env: E, host: H) => unknown,
): unknown {
  const invocation = begin(settingsOf(config, env, args[0]), host, ({ options }) => TRIGGERS[name](options, ...args));
  if (!invocation) return call(env, host);
  const around =
    host &&
    view(host, (key, value) => {
      if (key === 'waitUntil') return invocation.waitUntil;
      return key === 'exports' && value ? exported(value, () => invocation) : undefined;
    });
  // One view for all invocations, where they tell themselves: users keep what they made of a binding.
  const isShared = isKept() && typeof env === 'object' && env !== null;
  let seen = isShared ? (envs.get(env) as E | undefined) : bound(env, () => invocation);
  if (isShared && !seen) envs.set(env, (seen = bound(env, nowhere)));
  return invocation.run(() => call(seen as E, around));
}
