/**
 * Where a call is made.
 * @module
 */
import type { Context } from '../otel/api.js';
import { active } from '../otel/context.js';
import { Invocation } from './invocation.js';

/** The invocation that a binding is used in, if any. */
export type Current = () => Invocation | undefined;

/** Of what belongs to no invocation: it is traced where one is active. */
export const nowhere: Current = () => undefined;

/** In which context a call of a binding, or a global, is made; undefined: it is not traced. */
export function place(current: Current, label: string): [Invocation, Context] | undefined {
  const here = Invocation.active;
  const invocation = here ?? current();
  const bindings = invocation?.settings.options.bindings;
  if (!invocation || bindings === false || (!here && invocation.isOver)) return undefined;
  if (Array.isArray(bindings) && !bindings.includes(label)) return undefined;
  return [invocation, here ? active() : invocation.context];
}
