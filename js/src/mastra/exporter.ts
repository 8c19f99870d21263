/**
 * The Mastra exporter. Handlers note plain data and return; a run's trace is sent by itself when its
 * root ends, after the response, in the platform's waitUntil.
 *
 * An exporter may be shared by requests or built for each: no promise of one request is awaited in
 * another unless the process itself must be kept alive for it (a Node server, where nobody else does).
 * @module
 */
import { keepAlive } from '#wait-until';
import { abandonCore } from '../core/core.js';
import { type Pipeline, pipelineFor, type SpanLimits } from '../core/pipeline.js';
import { LOSS_DISABLED, LOSS_FAILED, LOSS_MEMORY } from '../core/schema.gen.js';
import type { Destination } from '../destinations/destination.js';
import { EdgespanError } from '../errors.js';
import { Log, type Logger, type LogLevel } from '../log.js';
import { cure, deliver, pause } from '../transport/deliver.js';
import { type Receipt, Tally } from '../transport/receipt.js';
import { VERSION } from '../version.js';
import { recordEnd, recordStart } from './record.js';
import type { MastraInitOptions, MastraSpan, MastraTracingEvent } from './types.js';

export interface EdgespanExporterOptions {
  /** Where spans go; made by `otlp()` and its kin. */
  destinations: readonly Destination[];
  /** `service.name`; otherwise `resourceAttributes['service.name']`, otherwise Mastra's serviceName. */
  serviceName?: string;
  /** Attributes of the resource: they win over ours (`telemetry.sdk.*`). */
  resourceAttributes?: Record<string, unknown>;
  /**
   * Changes a span's content before it is recorded: name, attributes, input and so on, not ids,
   * parents and times. Gets a shallow copy. Where it throws, or takes over 2 seconds after the run's
   * end, the span leaves without content.
   */
  customSpanFormatter?(span: MastraSpan): MastraSpan | Promise<MastraSpan>;
  /** Limits of a span's content. */
  limits?: SpanLimits;
  /** Told what became of each run that was sent. */
  onReceipt?(receipt: Receipt): void;
  /** Keeps a promise alive after the response; found by itself on Cloudflare and Vercel. */
  waitUntil?(promise: Promise<unknown>): void;
  /** `warn` by default. */
  logLevel?: LogLevel;
}

const FORMATTER_MS = 2_000;
const FLUSH_MS = 30_000;
const MAX_DESTINATIONS = 8; // the core's kMaxDestinations
const MAX_OPEN_TRACES = 4096;
const LATE_MS = 1_000;

/** An ended span that waits for its formatter; a root also for those of its trace. */
interface Waiting {
  readonly span: MastraSpan;
  content: MastraSpan | undefined;
  settled: Promise<void>;
  done: boolean;
}

/**
 * Sends Mastra's spans to OTLP receivers from edge functions and servers.
 *
 * @example
 * new Observability({ configs: { default: { serviceName: 'my-agent', exporters: [
 *   new EdgespanExporter({ destinations: [otlp({ endpoint, headers })] }),
 * ] } } })
 */
export class EdgespanExporter {
  /** Mastra's name for this exporter. */
  readonly name: string = 'edgespan';
  // Everything else is private: Mastra copies public fields into log events.
  readonly #options: EdgespanExporterOptions;
  readonly #destinations: Destination[] = [];
  readonly #problems: string[] = [];
  readonly #log: Log;
  #serviceName: string | undefined;
  #pipeline: Pipeline | undefined;
  #off = false;
  // Open roots by trace id: a span that ends without one must go by itself.
  readonly #open = new Map<string, number>();
  readonly #waiting = new Map<string, Set<Waiting>>();
  #lateSince = Number.NEGATIVE_INFINITY;
  // Deliveries that no platform keeps alive.
  readonly #running = new Set<Promise<void>>();
  // What was lost before the core could count it, and what became of spans since the last flush().
  #lost = new Tally();
  #since = new Tally();

  constructor(options: EdgespanExporterOptions) {
    this.#options = { ...options };
    this.#log = new Log(this.#options.logLevel);
    const { destinations } = this.#options;
    for (const destination of Array.isArray(destinations) ? (destinations as Destination[]) : []) {
      if (typeof destination?.post !== 'function') {
        this.#problems.push('`destinations` holds something that otlp() did not make; it is ignored');
      } else if (destination.problem !== undefined) {
        const { name, problem } = destination;
        this.#problems.push(`Destination "${name}" is disabled: ${problem}; its spans are dropped`);
      } else if (this.#destinations.length === MAX_DESTINATIONS) {
        const { name } = destination;
        this.#problems.push(`Destination "${name}" is one too many (${MAX_DESTINATIONS} at most)`);
      } else {
        this.#destinations.push(destination);
      }
    }
    if (this.#destinations.length + this.#problems.length === 0) {
      this.#problems.push('`destinations` is missing or empty; all spans are dropped');
    }
  }

  /** Called by Mastra with each configuration that lists this exporter. */
  init(options?: MastraInitOptions): void {
    this.#complain();
    const name = options?.config?.serviceName;
    if (!name || this.#explicitName) return;
    this.#serviceName ??= name;
    if (name !== this.#serviceName) {
      this.#log.warn(
        `name ${name}`,
        `One exporter serves the configurations "${this.#serviceName}" and "${name}", and spans do ` +
          `not say which is theirs: all go out as "${this.#serviceName}". Give each configuration ` +
          'its own exporter, or set `serviceName` on this one.',
        true,
      );
    }
  }

  /** Called by Mastra with its logger. */
  __setLogger(logger: Logger): void {
    this.#log.logger = logger;
  }

  /** Takes an event; never throws, never waits. */
  onTracingEvent(event: MastraTracingEvent): void {
    try {
      this.#take(event);
    } catch (error) {
      this.#fail(error, event?.type === 'span_ended');
    }
  }

  /** The same, in the shape that Mastra's interface requires. */
  exportTracingEvent(event: MastraTracingEvent): Promise<void> {
    this.onTracingEvent(event);
    return Promise.resolve();
  }

  /**
   * Sends what has ended and resolves when all is answered or given up; never rejects. Runs that are
   * still going on stay. User code needs no call: each run is sent when its root ends.
   */
  async flush(): Promise<Receipt & void> {
    return (await this.#flush(false)) as Receipt & void;
  }

  /** Sends everything, runs that did not end included; later spans are dropped and counted. */
  async shutdown(): Promise<Receipt & void> {
    return (await this.#flush(true)) as Receipt & void;
  }

  /** What Mastra may copy into its logs. */
  serializeForSpan(): { name: string } {
    return { name: this.name };
  }

  toJSON(): { name: string } {
    return { name: this.name };
  }

  get #explicitName(): string | undefined {
    const { serviceName, resourceAttributes } = this.#options;
    return serviceName || (resourceAttributes?.['service.name'] as string | undefined);
  }

  // ---- Events ------------------------------------------------------------------------------------

  #take(event: MastraTracingEvent): void {
    const { type, exportedSpan: span } = event;
    const ended = type === 'span_ended';
    if (!ended && type !== 'span_started') return;
    const pipeline = this.#off ? undefined : this.#ready();
    if (pipeline?.tape.busy) {
      // Called from a getter of the object that is being walked: afterwards.
      queueMicrotask(() => this.onTracingEvent(event));
      return;
    }
    if (ended) this.#lose(pipeline ? this.#problems.length : this.#shares);
    if (!pipeline) return;
    if (!ended) {
      if (span.isRootSpan) this.#opened(span.traceId);
      recordStart(pipeline, span);
    } else if (this.#options.customSpanFormatter || this.#waiting.has(span.traceId)) {
      this.#format(pipeline, span);
    } else {
      recordEnd(pipeline, span, span);
      this.#recorded(pipeline, span);
    }
  }

  /** A span is on the tape: a root sends its trace, a span without an open root sends itself. */
  #recorded(pipeline: Pipeline, span: MastraSpan): void {
    if (span.isRootSpan) {
      this.#closed(span.traceId);
      const trace = pipeline.commit();
      this.#run(async () => {
        await pause(0); // the response goes first
        await this.#deliver(pipeline, Math.max(0, trace));
      });
    } else if (!this.#open.has(span.traceId)) {
      this.#late(pipeline);
    }
  }

  /** Sends what ended after its root; spans of one moment go together. */
  #late(pipeline: Pipeline): void {
    const now = Date.now(); // guards against a request that died before its turn
    if (now - this.#lateSince < LATE_MS) return;
    this.#lateSince = now;
    this.#run(async () => {
      await pause(0); // the response goes first
      this.#lateSince = Number.NEGATIVE_INFINITY;
      pipeline.commit();
      await this.#deliver(pipeline, 0);
    });
  }

  #opened(traceId: string): void {
    if (this.#open.size >= MAX_OPEN_TRACES) {
      const [oldest] = this.#open.keys();
      this.#open.delete(oldest);
    }
    this.#open.set(traceId, (this.#open.get(traceId) ?? 0) + 1);
  }

  #closed(traceId: string): void {
    const roots = this.#open.get(traceId) ?? 0;
    if (roots > 1) this.#open.set(traceId, roots - 1);
    else this.#open.delete(traceId);
  }

  // ---- The user's formatter ----------------------------------------------------------------------

  #format(pipeline: Pipeline, span: MastraSpan): void {
    let result: unknown = span;
    try {
      const { customSpanFormatter } = this.#options;
      if (customSpanFormatter) result = customSpanFormatter({ ...span });
    } catch {
      result = undefined; // the envelope leaves, marked and counted as withheld
    }
    const later = typeof (result as Promise<unknown> | undefined)?.then === 'function';
    const others = this.#waiting.get(span.traceId);
    if (!later && !(span.isRootSpan && others)) {
      recordEnd(pipeline, span, object(result));
      this.#recorded(pipeline, span);
      return;
    }
    const entry: Waiting = { span, content: undefined, settled: Promise.resolve(), done: false };
    entry.settled = Promise.resolve(result)
      .then((content) => {
        entry.content = object(content);
      })
      .catch(() => {})
      .then(() => {
        if (!span.isRootSpan) this.#formatted(pipeline, entry);
      });
    const before = [...(others ?? [])];
    const all = others ?? new Set<Waiting>();
    this.#waiting.set(span.traceId, all.add(entry));
    if (!span.isRootSpan) return;
    // The root's end closes the trace in the core: it goes last.
    this.#run(async () => {
      await pause(0); // the response goes first
      await within([entry.settled, ...before.map((one) => one.settled)], FORMATTER_MS);
      for (const one of before) this.#formatted(pipeline, one);
      const trace = this.#formatted(pipeline, entry);
      await this.#deliver(pipeline, trace);
    });
  }

  /** Records a span that waited, once, with what its formatter gave by now; a root's trace handle. */
  #formatted(pipeline: Pipeline, entry: Waiting): number {
    if (entry.done) return 0;
    entry.done = true;
    const { traceId, isRootSpan } = entry.span;
    const all = this.#waiting.get(traceId);
    all?.delete(entry);
    if (all?.size === 0) this.#waiting.delete(traceId);
    try {
      recordEnd(pipeline, entry.span, entry.content);
      if (isRootSpan) {
        this.#closed(traceId);
        return Math.max(0, pipeline.commit());
      }
      if (!this.#open.has(traceId)) this.#late(pipeline);
    } catch (error) {
      this.#fail(error, true);
    }
    return 0;
  }

  // ---- Sending -----------------------------------------------------------------------------------

  /** Runs a task that outlives the handler, and the response where the platform lets it. */
  #run(task: () => Promise<void>): void {
    const promise = task().catch((error: unknown) => this.#fail(error, false));
    let kept = false;
    try {
      const { waitUntil } = this.#options;
      if (waitUntil) waitUntil(promise);
      kept = waitUntil !== undefined || keepAlive(promise);
    } catch (error) {
      this.#log.warn('waitUntil', `waitUntil threw (${error}); traces may be lost`);
    }
    if (kept) return;
    this.#running.add(promise);
    promise.then(() => this.#running.delete(promise));
  }

  async #deliver(pipeline: Pipeline, trace: number): Promise<void> {
    const tally = new Tally();
    await deliver(pipeline, this.#destinations, trace, tally);
    if (this.#lost.lost > 0) {
      tally.add(this.#lost);
      this.#lost = new Tally();
    }
    this.#since.add(tally);
    const { lost, errors, requests, accepted } = tally;
    if (lost > 0 || errors.length > 0) this.#warn(tally);
    if (requests + lost === 0) return;
    this.#log.debug(`${requests} requests: ${accepted} spans accepted, ${lost} lost`);
    try {
      const { onReceipt } = this.#options;
      if (onReceipt) onReceipt(tally.receipt(this.#pending));
    } catch (error) {
      this.#log.warn('onReceipt', `onReceipt threw (${error})`);
    }
  }

  #warn(tally: Tally): void {
    const [first] = tally.errors;
    const { dropped } = tally.receipt(0);
    const spans = tally.lost > 0 ? `${tally.lost} spans lost` : 'a receiver complained';
    if (first) {
      const { destination, status = 0, message } = first;
      const what = status === 0 ? message : `HTTP ${status}`;
      const text = `${spans}: destination "${destination}": ${what}; ${cure(status)}.`;
      this.#log.warn(`${destination} ${status}`, text);
    } else if (tally.lost > tally.dropped[LOSS_DISABLED]) {
      this.#log.warn('lost', `${spans}: ${JSON.stringify(dropped)}.`);
    }
  }

  async #flush(final: boolean): Promise<Receipt> {
    try {
      const pipeline = this.#pipeline;
      if (pipeline && final && !this.#off) {
        const waiting = [...this.#waiting.values()].flatMap((all) => [...all]);
        if (waiting.length > 0) await within(waiting.map((one) => one.settled), FORMATTER_MS);
        for (const one of waiting) this.#formatted(pipeline, one);
        pipeline.close();
      }
      if (final) this.#off = true;
      pipeline?.commit();
      const own = pipeline ? this.#deliver(pipeline, 0) : Promise.resolve();
      await within([own, ...this.#running], FLUSH_MS);
    } catch (error) {
      this.#fail(error, false);
    }
    this.#since.add(this.#lost);
    this.#lost = new Tally();
    const receipt = this.#since.receipt(this.#pending);
    this.#since = new Tally();
    return receipt;
  }

  get #pending(): number {
    let waiting = 0;
    for (const all of this.#waiting.values()) waiting += all.size;
    return (this.#pipeline?.pending ?? 0) + waiting * this.#destinations.length;
  }

  // ---- What can go wrong -------------------------------------------------------------------------

  #ready(): Pipeline | undefined {
    if (this.#pipeline) return this.#pipeline;
    this.#complain();
    if (this.#destinations.length === 0) return undefined;
    const { resourceAttributes, limits } = this.#options;
    const serviceName = this.#explicitName || this.#serviceName || 'unknown_service';
    this.#serviceName = serviceName;
    this.#pipeline = pipelineFor({
      serviceName,
      resource: {
        'telemetry.sdk.name': 'edgespan',
        'telemetry.sdk.version': VERSION,
        'telemetry.sdk.language': 'nodejs',
        ...resourceAttributes,
        'service.name': serviceName,
      },
      scope: { name: 'edgespan/mastra', version: VERSION },
      limits: { ...limits },
      destinations: this.#destinations,
    });
    return this.#pipeline;
  }

  #complain(): void {
    for (const problem of this.#problems) this.#log.warn(problem, `${problem}.`, true);
  }

  /** A span's shares: one for each destination that it was meant for. */
  get #shares(): number {
    return Math.max(1, this.#destinations.length + this.#problems.length);
  }

  #lose(shares: number): void {
    this.#lost.dropped[LOSS_DISABLED] += shares;
  }

  #fail(error: unknown, ended: boolean): void {
    const { code, message } = error as { code?: string; message?: string };
    const trap = error instanceof WebAssembly.RuntimeError;
    if (trap) abandonCore(error);
    if (trap || (error instanceof EdgespanError && code !== 'EDGESPAN_NO_MEMORY')) this.#off = true;
    const reason = code === 'EDGESPAN_NO_MEMORY' ? LOSS_MEMORY : LOSS_FAILED;
    if (ended) this.#lost.dropped[reason] += this.#destinations.length;
    const state = this.#off ? 'Tracing is off; spans are dropped' : 'A span was dropped';
    this.#log.warn(`fail ${code ?? message}`, `${state}: ${message ?? error}`);
  }
}

/** What a formatter gave, if it is a span at all. */
function object(value: unknown): MastraSpan | undefined {
  return typeof value === 'object' && value !== null ? (value as MastraSpan) : undefined;
}

/** Resolves when all promises have, or after `limit` milliseconds. */
async function within(promises: Promise<unknown>[], limit: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    try {
      timer = setTimeout(resolve, limit);
    } catch {
      resolve();
    }
  });
  await Promise.race([Promise.allSettled(promises), late]);
  clearTimeout(timer);
}
