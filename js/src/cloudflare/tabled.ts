/**
 * Views of bindings that tables describe.
 * @module
 */
import { PRODUCER } from '../http/span.js';
import { type Call, within } from '../http/within.js';
import type { Attributes, Context } from '../otel/api.js';
import { type Current, place } from './call.js';
import { beside, given, isPlain } from './carrier.js';
import { type Invocation, tracer } from './invocation.js';
import { has } from './options.js';
import type { Row, Table } from './tables.js';
import { view } from './view.js';

// Built when first used: at import nothing runs.
const built = new Map<() => Table, Table>();

/** A view of an object by its table; `about`: what its spans say of how it was made. */
export function tabled<T extends object>(
  target: T,
  label: string,
  current: Current,
  by: () => Table,
  about?: Attributes,
): T {
  const table = built.get(by) ?? by();
  built.set(by, table);
  const { makes = {}, rows } = table;
  const show = (key: string, value: unknown): unknown => {
    const make = Object.hasOwn(makes, key) ? makes[key] : undefined;
    const row = Object.hasOwn(rows, key) ? rows[key] : undefined;
    const made = (one: any, more = about): any => make && one && tabled(one, label, current, make, more);
    if (typeof value !== 'function') return made(value);
    if (!make && !row) return undefined;
    return (...args: unknown[]) => {
      const callsBack = make && typeof args[0] === 'function';
      const sent = args.map(
        callsBack
          ? (fn) => (inner: unknown) => (fn as (inner: unknown) => unknown)(made(inner))
          : (value) => given(value, 1), // statements in a batch
      );
      const at = row && place(current, label);
      const result = at
        ? within(tracer, at[1], callOf(at[0], key, args, row), (context) =>
            Reflect.apply(value, target, table.kind === PRODUCER ? carried(at[0], label, key, sent, context) : sent),
          )
        : Reflect.apply(value, target, sent);
      if (!make || callsBack) return result;
      const more = table.about?.[key]?.(args, false) ?? about;
      return result instanceof Promise ? result.then((one) => made(one, more)) : made(result, more);
    };
  };
  const callOf = ({ settings }: Invocation, key: string, args: unknown[], [before, after]: Row): Call => {
    let said: Attributes = {};
    try {
      said = before?.(args, settings.options.capture?.keys === true) ?? {};
    } catch {
      // Arguments of another form than the table knows: the call will tell.
    }
    const { name = `${key} ${label}`, ...rest } = said;
    const attributes = {
      ...table.attributes,
      [table.operation]: key,
      'cloudflare.binding.name': label,
      ...rest,
      ...about,
    };
    return {
      name: name as string,
      kind: table.kind,
      attributes,
      after: after && ((result, span) => void span.setAttributes(after(result))),
    };
  };
  return view(target, show, about);
}

/** A queue's messages with the context beside, if the user wants that. */
function carried(
  { settings }: Invocation,
  label: string,
  method: string,
  args: unknown[],
  context: Context,
): unknown[] {
  if (!has(settings.options.propagate?.queues, label)) return args;
  const tell = <T>(body: T): T => (isPlain(body) ? { ...body, ...beside(settings.options, context) } : body);
  const [first, ...rest] = args;
  const sent = method === 'sendBatch'
    ? Array.from(first as Iterable<{ body: unknown }>, (one) => ({ ...one, body: tell(one.body) }))
    : tell(first);
  return [sent, ...rest];
}
