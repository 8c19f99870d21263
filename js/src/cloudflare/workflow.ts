/**
 * Traced Workflows. An instance lives through hibernations and replays: each time `run` begins anew, and
 * steps that are done give their results without being called. So trace and root span have ids made of the
 * instance's: spans of steps leave as they end, in whatever life, and have their parent once `run` ends.
 * @module
 */
import { failed } from '../http/span.js';
import { within } from '../http/within.js';
import type { Attributes, Span, SpanContext } from '../otel/api.js';
import { ROOT } from '../otel/context.js';
import { followParent, RECORD_AND_SAMPLED } from '../otel/sampler.js';
import { RecordingSpan } from '../otel/span.js';
import { NonRecordingSpan, SAMPLED } from '../otel/span_context.js';
import { bound } from './bindings.js';
import { install } from './globals.js';
import { Invocation, scope, tracer } from './invocation.js';
import { type Config, type Settings, settingsOf } from './options.js';
import { exported } from './remote.js';
import { heir, view } from './view.js';

interface Event {
  readonly instanceId: string;
  readonly timestamp: Date;
}

type Class = new (...args: any[]) => object;

/**
 * Traces a Workflow's class: `run`, and within it each call of a step, each sleep and each wait, as one
 * trace through all of the instance's lives.
 *
 * @example
 * export const Orders = instrumentWorkflow(class extends WorkflowEntrypoint { … }, config);
 */
export function instrumentWorkflow<T extends object>(Workflow: T, config: Config): T {
  install();
  return new Proxy(Workflow as unknown as Class, {
    construct(target, [ctx, env, ...rest], newTarget) {
      let invocation: Invocation | undefined;
      const current = (): Invocation | undefined => invocation;
      const around = heir(ctx, (key, value) => (key === 'exports' && value ? exported(value, current) : undefined));
      const instance = Reflect.construct(target, [around, bound(env, current), ...rest], newTarget);
      return view(instance, (key, value) => {
        if (key !== 'run' || typeof value !== 'function') return undefined;
        return async (event: Event, step: object) => {
          const settings = settingsOf(config, env, event);
          const life = settings && (await Life.begin(settings, event, target.name, ctx));
          invocation = life?.invocation;
          if (!life) return value.call(instance, event, step);
          return life.run(() => value.call(instance, event, life.steps(step)));
        };
      });
    },
  }) as unknown as T;
}

/** From the beginning of `run` to its end, or to hibernation. */
class Life {
  readonly invocation: Invocation;
  readonly #root: SpanContext;
  readonly #threshold: number | undefined;
  readonly #event: Event;
  readonly #attributes: Attributes;
  // The last pause that was over at once. It was over in an earlier life, unless a step is called next.
  #woken: (() => void) | undefined;

  private constructor(
    { options, setup }: Settings,
    root: SpanContext,
    threshold: number | undefined,
    event: Event,
    name: string,
    ctx: any,
  ) {
    // An instance is sampled as a whole.
    const settings = { options, setup: { ...setup, sampler: followParent } };
    this.#root = root;
    this.#threshold = threshold;
    this.#event = event;
    this.#attributes = {
      'faas.trigger': 'other',
      'cloudflare.entrypoint': name,
      'cloudflare.workflow.instance_id': event.instanceId,
    };
    // For its steps it is in another process: each of them goes by itself.
    const span = new NonRecordingSpan({ ...root, isRemote: true });
    this.invocation = new Invocation(settings, span, ROOT, (promise) => ctx.waitUntil(promise));
  }

  /** undefined: it is not traced. */
  static async begin(settings: Settings, event: Event, name: string, ctx: any): Promise<Life | undefined> {
    try {
      // An instance's id is the user's: another Workflow may have the same, and so has it when it is restarted.
      const text = new TextEncoder().encode(`${name}\n${event.instanceId}\n${+event.timestamp}`);
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', text));
      const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
      const traceId = hex.slice(0, 32);
      const told = settings.setup.sampler.shouldSample(ROOT, traceId, 'run', 0, {}, []);
      const root = {
        traceId,
        spanId: hex.slice(32, 48),
        traceFlags: told.decision === RECORD_AND_SAMPLED ? SAMPLED : 0,
        traceState: told.traceState,
      };
      return new Life(settings, root, told.threshold, event, name, ctx);
    } catch (error) {
      settings.setup.engine?.log.warn('workflow', `A workflow is not traced (${error})`);
      return undefined;
    }
  }

  /** Its root span is told when it is over: a life that ends before that tells nothing of it. */
  async run<T>(call: () => T | Promise<T>): Promise<T> {
    let note: ((span: Span) => void) | undefined;
    try {
      return await this.invocation.run(call);
    } catch (error) {
      note = (span) => failed(span, error);
      throw error;
    } finally {
      this.#end(note);
    }
  }

  #end(note?: (span: Span) => void): void {
    this.#wake();
    if (!(this.#root.traceFlags & SAMPLED)) return;
    const span = new RecordingSpan({
      setup: this.invocation.settings.setup,
      scope,
      name: `${this.#attributes['cloudflare.entrypoint']}/run`,
      kind: 0,
      context: this.#root,
      parent: undefined,
      tree: undefined,
      startTime: new Date(this.#event.timestamp),
      dropped: 0,
      threshold: this.#threshold,
    });
    span.setAttributes(this.#attributes);
    span.begin(ROOT);
    note?.(span);
    span.end();
  }

  #wake(): void {
    this.#woken?.();
    this.#woken = undefined;
  }

  /** The `step` that the user's `run` gets. */
  steps<T extends object>(step: T): T {
    return view(step, (key, value) => {
      if (typeof value !== 'function') return undefined;
      const call = (args: unknown[]): any => (step as Record<string, any>)[key](...args);
      if (key === 'do') return (...args: any[]) => call([...args.slice(0, -1), this.#step(args[0], args.at(-1))]);
      return /^(sleep|wait)/.test(key)
        ? (...args: unknown[]) => this.#pause(key, args, () => call(args))
        : undefined;
    });
  }

  /** Called once for each attempt. */
  #step(name: string, callback: unknown): unknown {
    if (typeof callback !== 'function') return callback;
    return (...args: any[]) => {
      this.#wake();
      const attributes = { ...this.#said('do', name), 'cloudflare.workflow.step.attempt': args[0]?.attempt };
      return within(tracer, this.invocation.context, { name, attributes }, () => callback(...args));
    };
  }

  #said(kind: string, name: unknown): Attributes {
    return { ...this.#attributes, 'cloudflare.workflow.step.type': kind, 'cloudflare.workflow.step.name': name };
  }

  #pause<T>(key: string, [name, until]: unknown[], call: () => Promise<T>): Promise<T> {
    const start = Date.now();
    const tell = (startTime: number, error?: unknown): void => {
      const options = { startTime, attributes: this.#said(key, name) };
      const span = tracer.startSpan(`${name}`, options, this.invocation.context);
      if (error !== undefined) failed(span, error);
      span.end();
    };
    const result = call();
    result.then(
      (event) => {
        const here =
          key === 'sleep'
            ? Date.now() - start >= milliseconds(until)
            : +new Date((key === 'sleepUntil' ? until : (event as Event)?.timestamp) as Date) > start;
        this.#woken = here ? undefined : () => tell(Date.now());
        if (here) tell(start);
      },
      (error: unknown) => tell(start, error),
    );
    return result;
  }
}

const UNITS: Readonly<Record<string, number>> = {
  second: 1e3,
  minute: 6e4,
  hour: 36e5,
  day: 864e5,
  week: 6048e5,
  month: 2592e6,
  year: 31536e6,
};

/** Of a number of them, or of words like "10 minutes". */
function milliseconds(duration: unknown): number {
  const [count, unit = ''] = `${duration}`.split(' ');
  return +count * (UNITS[unit.replace(/s$/, '')] ?? 1);
}
