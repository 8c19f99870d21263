/**
 * The Mastra exporter. Handlers note plain data and return; a run's trace is sent by itself when its
 * root ends, after the response, in the platform's waitUntil.
 *
 * An exporter may be shared by requests or built for each: no promise of one request is awaited in
 * another unless the process itself must be kept alive for it (a Node server, where nobody else does).
 * @module
 */
import { keepAlive } from '#wait-until';
import { putLast } from '../bounded.js';
import { abandonCore } from '../core/core.js';
import { type Pipeline, pipelineFor, type SpanLimits } from '../core/pipeline.js';
import {
  LOSS_DISABLED,
  LOSS_FAILED,
  LOSS_MEMORY,
  STAT_ACCEPTED,
  STAT_DROPPED,
} from '../core/schema.gen.js';
import type { Destination } from '../destinations/destination.js';
import { EdgespanError } from '../errors.js';
import { FLUSH_MS, LATE_MS, MAX_DESTINATIONS, MAX_OPEN_TRACES } from '../limits.js';
import { Log, type Logger, type LogLevel } from '../log.js';
import { cure, deliver, within } from '../transport/deliver.js';
import { type Receipt, Tally } from '../transport/receipt.js';
import { VERSION } from '../version.js';
import { Formatter } from './formatter.js';
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
  readonly #formatter: Formatter | undefined;
  #serviceName: string | undefined;
  #pipeline: Pipeline | undefined;
  #off = false;
  // Open roots by trace id: a span that ends without one must go by itself.
  readonly #open = new Map<string, number>();
  #lateSince = 0;
  // Deliveries that no platform keeps alive.
  readonly #running = new Set<Promise<void>>();
  // What was lost before the core could count it, and what became of spans since the last flush().
  #lost = new Tally();
  #since = new Tally();

  constructor(options: EdgespanExporterOptions) {
    this.#options = { ...options };
    const { destinations, serviceName, resourceAttributes, customSpanFormatter, logLevel } =
      this.#options;
    this.#log = new Log(logLevel);
    this.#options.serviceName =
      serviceName || (resourceAttributes?.['service.name'] as string | undefined);
    if (customSpanFormatter) {
      this.#formatter = new Formatter(customSpanFormatter, (span, content) => {
        try {
          return this.#record(span, content);
        } catch (error) {
          this.#fail(error, true);
          return 0;
        }
      });
    }
    for (const destination of Array.isArray(destinations) ? (destinations as Destination[]) : []) {
      const known = typeof destination?.post === 'function';
      const full = this.#destinations.length === MAX_DESTINATIONS;
      const problem = full ? `over ${MAX_DESTINATIONS} destinations` : destination?.problem;
      if (!known) this.#problems.push('`destinations` holds what otlp() did not make');
      else if (problem) this.#problems.push(`Destination "${destination.name}" is off: ${problem}`);
      else this.#destinations.push(destination);
    }
    if (this.#shares === 0) this.#problems.push('`destinations` is missing or empty');
  }

  /** Called by Mastra with each configuration that lists this exporter. */
  init(options?: MastraInitOptions): void {
    this.#complain();
    const name = options?.config?.serviceName;
    if (!name || this.#options.serviceName) return;
    this.#serviceName ??= name;
    if (name === this.#serviceName) return;
    const both = `Spans of "${this.#serviceName}" and "${name}" leave under the first name`;
    this.#log.warn(both, `${both}: give each an exporter, or set \`serviceName\`.`, true);
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
  async exportTracingEvent(event: MastraTracingEvent): Promise<void> {
    this.onTracingEvent(event);
  }

  /** Called by Mastra 0.x in place of the above: its spans are of another kind. Says so, once. */
  async exportEvent(): Promise<void> {
    this.#log.warn('mastra 0', 'Nothing is traced: @mastra/core is older than 1.0.', true);
  }

  /**
   * Sends what has ended and resolves when all is answered or given up; never rejects. Runs that are
   * still going on stay. User code needs no call: each run is sent when its root ends.
   */
  flush(): Promise<Receipt & void> {
    return this.#flush(false);
  }

  /** Sends everything, runs that did not end included; later spans are dropped and counted. */
  shutdown(): Promise<Receipt & void> {
    return this.#flush(true);
  }

  /** What Mastra may copy into its logs. */
  serializeForSpan(): { name: string } {
    return { name: this.name };
  }

  // ---- Events ------------------------------------------------------------------------------------

  #take(event: MastraTracingEvent): void {
    const { type, exportedSpan: span } = event;
    const ended = type === 'span_ended';
    if (!ended && type !== 'span_started') return;
    const pipeline = this.#ready();
    if (pipeline?.tape.busy) {
      // Called from a getter of the object that is being walked: afterwards.
      queueMicrotask(() => this.onTracingEvent(event));
      return;
    }
    if (!pipeline) {
      if (ended) this.#lost.lose(LOSS_DISABLED, this.#shares);
    } else if (!ended) {
      if (span.isRootSpan) this.#count(span.traceId, 1);
      recordStart(pipeline, span);
    } else {
      this.#lost.lose(LOSS_DISABLED, this.#problems.length);
      const formatter = this.#formatter;
      const trace = formatter ? formatter.take(span) : this.#record(span, span);
      if (span.isRootSpan) this.#send(() => trace ?? formatter?.finish(span.traceId) ?? 0);
    }
  }

  /** Writes an ended span; a root's end closes its trace, whose handle is returned (else 0). */
  #record(span: MastraSpan, content: MastraSpan | undefined): number {
    const pipeline = this.#pipeline as Pipeline;
    recordEnd(pipeline, span, content);
    if (span.isRootSpan) {
      this.#count(span.traceId, -1);
      return pipeline.commit();
    }
    if (this.#open.has(span.traceId)) return 0;
    // Its root ended before: it goes by itself, those of one moment together.
    const now = Date.now(); // guards against a request that died before its turn
    if (now - this.#lateSince >= LATE_MS) {
      this.#lateSince = now;
      this.#send(() => {
        this.#lateSince = 0;
        pipeline.commit();
        return 0;
      });
    }
    return 0;
  }

  /** Counts the open roots of a trace. */
  #count(traceId: string, by: number): void {
    const roots = (this.#open.get(traceId) ?? 0) + by;
    if (roots > 0) putLast(this.#open, traceId, roots, MAX_OPEN_TRACES);
    else this.#open.delete(traceId);
  }

  // ---- Sending -----------------------------------------------------------------------------------

  /** After the response: closes what is to be sent (0: all that is closed) and delivers it. */
  #send(close: () => number | Promise<number>): void {
    const promise = within(0) // the response goes first
      .then(close)
      .then((trace) => this.#deliver(trace))
      .catch((error: unknown) => this.#fail(error, false));
    try {
      const { waitUntil } = this.#options;
      if (waitUntil) return waitUntil(promise);
      if (keepAlive(promise)) return;
    } catch (error) {
      this.#log.warn('waitUntil', `waitUntil threw (${error}); traces may be lost`);
    }
    this.#running.add(promise);
    promise.then(() => this.#running.delete(promise));
  }

  async #deliver(trace: number): Promise<void> {
    const tally = new Tally();
    const pipeline = this.#pipeline;
    if (pipeline) {
      const send = (to: Destination, i: number) => deliver(pipeline, to, i, trace, tally);
      await Promise.all(this.#destinations.map(send));
      pipeline.settle(tally);
    }
    this.#tell(tally);
    this.#since.add(tally);
    const { lost, requests, spans } = tally;
    if (requests + lost === 0) return;
    this.#warn(tally, lost);
    this.#log.debug(
      () => `${requests} requests: ${spans[STAT_ACCEPTED]} spans accepted, ${lost} lost`,
    );
    try {
      this.#options.onReceipt?.(tally.receipt(this.#pending));
    } catch (error) {
      this.#log.warn('onReceipt', `onReceipt threw (${error})`);
    }
  }

  /** Hands on what was lost before the core could count it. */
  #tell(tally: Tally): void {
    if (this.#lost.lost === 0) return;
    tally.add(this.#lost);
    this.#lost = new Tally();
  }

  #warn(tally: Tally, lost: number): void {
    const [first] = tally.errors;
    if (first) {
      const { destination, status = 0, message } = first;
      const cause = status === 0 ? message : `HTTP ${status}`;
      const text = `${lost} spans lost: destination "${destination}": ${cause}; ${cure(status)}.`;
      this.#log.warn(`${destination} ${status}`, text);
    } else if (lost > tally.spans[STAT_DROPPED + LOSS_DISABLED]) {
      this.#log.warn('lost', `${lost} spans lost: ${JSON.stringify(tally.dropped)}.`);
    }
  }

  async #flush(final: boolean): Promise<Receipt & void> {
    try {
      if (final && !this.#off) {
        await this.#formatter?.finish();
        this.#pipeline?.close();
        this.#off = true;
      }
      this.#pipeline?.commit();
      await within(FLUSH_MS, Promise.all([this.#deliver(0), ...this.#running]));
    } catch (error) {
      this.#fail(error, false);
    }
    this.#tell(this.#since);
    const receipt = this.#since.receipt(this.#pending);
    this.#since = new Tally();
    return receipt as Receipt & void;
  }

  get #pending(): number {
    const waiting = (this.#formatter?.size ?? 0) * this.#destinations.length;
    return waiting + (this.#pipeline?.pending ?? 0);
  }

  // ---- What can go wrong -------------------------------------------------------------------------

  #ready(): Pipeline | undefined {
    if (this.#off) return undefined;
    if (this.#pipeline) return this.#pipeline;
    this.#complain();
    if (this.#destinations.length === 0) return undefined;
    const { resourceAttributes, limits, serviceName } = this.#options;
    this.#serviceName = serviceName || this.#serviceName || 'unknown_service';
    this.#pipeline = pipelineFor({
      resource: {
        'telemetry.sdk.name': 'edgespan',
        'telemetry.sdk.version': VERSION,
        'telemetry.sdk.language': 'nodejs',
        ...resourceAttributes,
        'service.name': this.#serviceName,
      },
      scope: { name: 'edgespan/mastra', version: VERSION },
      limits: { ...limits },
      destinations: this.#destinations,
    });
    return this.#pipeline;
  }

  #complain(): void {
    for (const problem of this.#problems) {
      this.#log.warn(problem, `${problem}; spans are dropped.`, true);
    }
  }

  /** How many destinations a span is meant for, those with a problem included. */
  get #shares(): number {
    return this.#destinations.length + this.#problems.length;
  }

  #fail(error: unknown, ended: boolean): void {
    const { code, message = String(error) } = error as { code?: string; message?: string };
    const memory = code === 'EDGESPAN_NO_MEMORY';
    const trap = error instanceof WebAssembly.RuntimeError;
    if (trap) abandonCore(error);
    if (trap || (error instanceof EdgespanError && !memory)) this.#off = true;
    if (ended) this.#lost.lose(memory ? LOSS_MEMORY : LOSS_FAILED, this.#destinations.length);
    const state = this.#off ? 'Tracing is off; spans are dropped' : 'A span was dropped';
    this.#log.warn(`fail ${code ?? message}`, `${state}: ${message}`);
  }
}
