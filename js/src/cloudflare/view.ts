/**
 * Views of objects that are the platform's: a view looks like its object, and each call reaches the object
 * itself, which may have private fields or be no object of JavaScript's at all.
 * @module
 */

import type { Attributes } from '../otel/api.js';

const views = new WeakMap<object, { target: object; about: Attributes | undefined }>();

/** What a view is of; anything else as it is. */
export function original<T>(value: T): T {
  return (views.get(value as object)?.target as T | undefined) ?? value;
}

/** What is to be said of a view's object. */
export function aboutOf(value: unknown): Attributes | undefined {
  return views.get(value as object)?.about;
}

/** What stands in a view in place of a member; undefined: the member, and a function bound to its object. */
export type Replace = (key: string, value: unknown) => unknown;

/** A view of `target`. Each member is replaced once, so that functions stay the same. */
export function view<T extends object>(target: T, replace: Replace, about?: Attributes): T {
  const members = new Map<PropertyKey, { value: unknown; shown: unknown }>();
  const base = thawed(target);
  const seen = new Proxy(base, {
    get(_, key) {
      const value: unknown = Reflect.get(target, key);
      const known = members.get(key);
      if (known && known.value === value) return known.shown;
      // A member that can never change must be shown as it is.
      const own = Reflect.getOwnPropertyDescriptor(base, key);
      if (own && !own.configurable && !own.writable) return value;
      let shown = typeof key === 'string' ? replace(key, value) : undefined;
      if (shown === undefined && typeof value === 'function' && key !== 'constructor') {
        // Not by its own bind(): on a service that would be a method of the other side.
        shown = (...args: unknown[]) => Reflect.apply(value, target, args);
      }
      shown ??= value;
      members.set(key, { value, shown });
      return shown;
    },
    set: (_, key, value) => Reflect.set(target, key, value),
  });
  return viewOf(seen, target, about);
}

/** Of a frozen object, of which a proxy may show nothing else, one that looks like it. */
function thawed<T extends object>(target: T): T {
  if (!Object.isFrozen(target)) return target;
  const own = Object.getOwnPropertyDescriptors(target);
  for (const one of Object.values<PropertyDescriptor>(own)) one.configurable = true;
  return Object.create(Object.getPrototypeOf(target), own);
}

/** Has a proxy be known as a view of `target`. */
export function viewOf<T extends object>(seen: T, target: object, about?: Attributes): T {
  views.set(seen, { target, about });
  return seen;
}

/**
 * The same for contexts, which classes of the platform want to be their own: an object that inherits from
 * `target`, with all of its members bound to it.
 */
export function heir<T extends object>(target: T, replace: Replace): T {
  const made = Object.create(target) as T;
  const shown = view(target, replace);
  for (let at: object | null = target; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const key of Reflect.ownKeys(at)) {
      if (key === 'constructor' || Object.hasOwn(made, key)) continue;
      Object.defineProperty(made, key, {
        configurable: true,
        enumerable: true,
        get: () => Reflect.get(shown, key),
        set: (value) => Reflect.set(shown, key, value),
      });
    }
  }
  return made;
}
