/**
 * Traced views of a Worker's bindings. Each call's span is a child of the active one; where the platform
 * keeps no active context across an `await`, of the invocation whose `env` it is.
 * @module
 */
import type { Current } from './call.js';
import { given, isPlain } from './carrier.js';
import { Invocation } from './invocation.js';
import { namespace, remote } from './remote.js';
import { tabled } from './tabled.js';
import * as tables from './tables.js';
import { view } from './view.js';

/** What a binding is, by the name that its class has on the platform. */
export type BindingClass =
  | 'Ai'
  | 'AnalyticsEngine'
  | 'D1Database'
  | 'DurableObjectNamespace'
  | 'Fetcher'
  | 'Hyperdrive'
  | 'KvNamespace'
  | 'R2Bucket'
  | 'RateLimit'
  | 'SendEmail'
  | 'VectorizeIndexImpl'
  | 'WorkerLoader'
  | 'WorkerQueue'
  | 'WorkflowImpl';

type Make = (target: any, label: string, current: Current) => unknown;

const by =
  (table: () => tables.Table): Make =>
  (target, label, current) => tabled(target, label, current, table);

/** What runs others' code, and hands bindings to it. */
const loader: Make = (target) =>
  view(target, (key, value) => {
    if (typeof value !== 'function') return undefined;
    const own = (one: unknown): unknown => (typeof one === 'function' ? async () => given(await one()) : given(one));
    return (...args: unknown[]) => target[key](...args.map(own));
  });

const CLASSES: Readonly<Record<BindingClass, Make>> = {
  Ai: by(tables.ai),
  AnalyticsEngine: by(tables.analytics),
  D1Database: by(tables.d1),
  DurableObjectNamespace: namespace,
  Fetcher: remote,
  // Where it connects to, without whom as.
  Hyperdrive: (target, label, current) =>
    tabled(target, label, current, tables.hyperdrive, {
      'server.address': target.host,
      'server.port': +target.port,
      'db.namespace': target.database,
    }),
  KvNamespace: by(tables.kv),
  R2Bucket: by(tables.r2),
  RateLimit: by(tables.rateLimit),
  SendEmail: by(tables.email),
  VectorizeIndexImpl: by(tables.vectorize),
  WorkerLoader: loader,
  WorkerQueue: by(tables.queue),
  WorkflowImpl: by(tables.workflow),
};

/** A view of `env` in which each binding of a known kind is traced. */
export function bound<T extends object>(env: T, current: Current): T {
  if (typeof env !== 'object' || env === null) return env;
  return view(env, (label, binding) => {
    if (typeof binding !== 'object' || binding === null) return undefined;
    const told = (Invocation.active ?? current())?.settings.options.bindings as Record<string, string>;
    // Its own `constructor` is never asked for: a service has a method of any name. Miniflare has
    // stand-ins, LocalAnalyticsEngineDataset and Ratelimit.
    const own: string = Object.getPrototypeOf(binding)?.constructor?.name ?? '';
    const found = own.replace(/^Local|Dataset$/g, '').replace('Ratelimit', 'RateLimit');
    const name = (isPlain(told) && told[label]) || found;
    const make = Object.hasOwn(CLASSES, name) && CLASSES[name as BindingClass];
    return make ? make(binding, label, current) : undefined;
  });
}
