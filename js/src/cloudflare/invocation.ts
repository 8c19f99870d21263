/**
 * One invocation: its root span, and all that has to be over before its trace is.
 *
 * The span's end is that of the answer; it is told when what was given to `waitUntil` has settled too, so
 * that spans of that work find their trace open.
 * @module
 */
import { type End, isStreamed, piped, watched } from '../http/body.js';
import type { Begin } from '../http/server.js';
import { answered, failed } from '../http/span.js';
import type {
  Attributes,
  Context,
  InstrumentationScope,
  Link,
  Span,
  TextMapGetter,
} from '../otel/api.js';
import { active, ROOT, SPAN, withContext } from '../otel/context.js';
import { withSetup } from '../otel/setup.js';
import { spanContextIn } from '../otel/span_context.js';
import { Tracer } from '../otel/tracer.js';
import { VERSION } from '../version.js';
import { given } from './carrier.js';
import { type InstrumentOptions, propagatorOf, type Settings } from './options.js';

/** What our spans are told to come from. */
export const scope: InstrumentationScope = { name: 'edgespan/cloudflare', version: VERSION };
export const tracer: Tracer = /* @__PURE__ */ new Tracer(scope);

/** Of a promise that the platform is to keep alive. */
export type WaitUntil = (promise: Promise<unknown>) => void;

const INVOCATION = Symbol('edgespan.invocation');
const WAIT_MS = 25_000;

let cold = true;

export class Invocation {
  readonly settings: Settings;
  readonly span: Span;
  /** With its span as the active one. */
  readonly context: Context;
  /** The host that is served, of a request. */
  readonly host: string | undefined;
  /** Its trace has been sent: who kept a binding of it is not told of as a part of that. */
  isOver = false;
  readonly #keep: WaitUntil;
  readonly #waiting = new Set<Promise<unknown>>();

  constructor(settings: Settings, span: Span, parent: Context, keep: WaitUntil, host?: string) {
    this.settings = settings;
    this.span = span;
    this.host = host;
    this.#keep = keep;
    this.context = withSetup(parent, settings.setup).setValue(SPAN, span).setValue(INVOCATION, this);
  }

  static begin(settings: Settings, begin: Begin, parent: Context, keep: WaitUntil): Invocation {
    const { name, ...options } = begin;
    const attributes: Attributes = { ...begin.attributes, 'faas.coldstart': cold };
    cold = false;
    const span = tracer.startSpan(name, { ...options, attributes }, withSetup(parent, settings.setup));
    return new Invocation(settings, span, parent, keep, attributes['server.address'] as string);
  }

  /** That of the active context. */
  static get active(): Invocation | undefined {
    return active().getValue(INVOCATION) as Invocation | undefined;
  }

  /** Calls the user's code; what it returns or throws is what the caller gets. `after`: it has settled. */
  run<T>(call: () => T, after?: () => void): T {
    let result: T;
    try {
      result = withContext(this.context, call);
    } catch (error) {
      after?.();
      this.#fail(error);
      throw error;
    }
    if (typeof (result as Promise<T> | undefined)?.then !== 'function') {
      after?.();
      return this.#answer(result);
    }
    return (result as Promise<T>).then(
      (value) => {
        after?.();
        return this.#answer(value);
      },
      (error: unknown) => {
        after?.();
        this.#fail(error);
        throw error;
      },
    ) as T;
  }

  /** The platform's `waitUntil`, which the trace waits for as well. */
  readonly waitUntil: WaitUntil = (promise) => {
    const one = Promise.resolve(promise); // a query, say, which begins whenever it is awaited
    this.#keep(one);
    const settled = one.catch(() => {}); // its failure is the platform's to tell
    this.#waiting.add(settled);
    settled.then(() => this.#waiting.delete(settled));
  };

  #answer<T>(value: T): T {
    if (this.host !== undefined && value instanceof Response) {
      const { span } = this;
      try {
        answered(span, value, 500, this.settings.options.capture);
        if (isStreamed(value)) return this.#watch(value) as T;
      } catch (error) {
        this.settings.setup.engine?.log.warn('answer', `An answer's end is unknown (${error})`);
      }
    }
    this.#over();
    return given(value); // what goes to another Worker must not be a view
  }

  /** The platform must not give up between two pieces, nor between the last one and the trace's end. */
  #watch(response: Response): Response {
    let over: (() => void) | undefined;
    const end = new Promise<void>((resolve) => (over = resolve));
    const ended = ({ error, cancelled }: End): void => {
      if (error !== undefined) failed(this.span, error);
      if (cancelled) this.span.setAttribute('edgespan.response.cancelled', true);
      this.#over();
      over?.();
    };
    const answer = watched(response, ended, piped);
    this.#keep(end);
    return answer;
  }

  #fail(error: unknown): void {
    failed(this.span, error);
    this.#over();
  }

  /** Ends the span as of now, once nothing is waited for any more. */
  #over(): void {
    const now = performance.now();
    if (this.#waiting.size === 0) return this.#end(now);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = new Promise((resolve) => {
      timer = setTimeout(resolve, this.settings.options.waitLimit ?? WAIT_MS, true);
    });
    const settle = async (): Promise<void> => {
      // What is waited for may ask for more.
      for (let late: unknown; this.#waiting.size > 0 && late !== true; ) {
        late = await Promise.race([limit, Promise.all(this.#waiting)]);
      }
      clearTimeout(timer);
      this.#end(now);
    };
    this.#keep(settle());
  }

  #end(time: number): void {
    this.isOver = true;
    this.span.end(time);
  }
}

/** Where a caller's trace goes on, or what a new one links to. */
export function calledBy(
  options: InstrumentOptions,
  carrier: unknown,
  getter: TextMapGetter,
  trusted: boolean,
): { parent: Context; links: Link[] } {
  const parent = propagatorOf(options).extract(ROOT, carrier, getter);
  const caller = spanContextIn(parent);
  return trusted || !caller ? { parent, links: [] } : { parent: ROOT, links: [{ context: caller }] };
}
