/**
 * Traced classes of the platform: entrypoints and Durable Objects.
 * @module
 */
import { bound } from './bindings.js';
import { takeLast } from './carrier.js';
import { Invocation } from './invocation.js';
import { type Config, settingsOf } from './options.js';
import { exported } from './remote.js';
import { storage } from './tables.js';
import { tabled } from './tabled.js';
import { begin, rpcTrigger, TRIGGERS } from './triggers.js';
import { heir, view } from './view.js';

export type Class = new (...args: any[]) => object;

/** Instances serve the platform through a view; within them, methods call each other as they always did. */
export function classOf(Class: Class, config: Config): Class {
  return new Proxy(Class, {
    construct(target, [ctx, env, ...rest], newTarget) {
      const running = new Set<Invocation>();
      // Without an active context there is no telling which of several it is: then it is none.
      const current = (): Invocation | undefined => (running.size === 1 ? [...running][0] : undefined);
      const around = heir(ctx, (key, value) => {
        if (key === 'storage') return tabled(value as object, key, current, storage);
        if (key === 'exports' && value) return exported(value, current);
        if (key !== 'waitUntil') return undefined;
        return (promise: Promise<unknown>) => ((Invocation.active ?? current()) ?? ctx).waitUntil(promise);
      });
      const instance = Reflect.construct(target, [around, bound(env, current), ...rest], newTarget);
      return view(instance, (key, value) => {
        const isTrigger = Object.hasOwn(TRIGGERS, key);
        // Who calls from outside finds no method in the instance itself.
        const isMethod = !Object.hasOwn(instance, key) && !UNTRACED.test(key);
        if (typeof value !== 'function' || !(isTrigger || isMethod)) return undefined;
        return (...args: unknown[]) => {
          const carrier = isTrigger ? undefined : takeLast(args);
          const invocation = begin(settingsOf(config, env, isTrigger ? args[0] : key), ctx, ({ options }) => {
            const trigger = isTrigger
              ? TRIGGERS[key](options, ...args)
              : rpcTrigger(options, Class.name, key, carrier);
            const attributes = {
              ...trigger.attributes,
              'cloudflare.entrypoint': Class.name,
              'cloudflare.durable_object.id': ctx.id && `${ctx.id}`,
            };
            const name = /^(alarm|web)/.test(key) ? `${Class.name}/${key}` : trigger.name;
            return { ...trigger, name, attributes };
          });
          const call = (): unknown => value.apply(instance, args);
          if (!invocation) return call();
          running.add(invocation);
          return invocation.run(call, () => running.delete(invocation));
        };
      });
    },
  });
}

const UNTRACED = /^(constructor|connect|tailStream|trace|test)$/;
