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
import { type PipelineConfig, pipelineFor } from '../core/pipeline.js';
import {
  LOSS_DISABLED,
  LOSS_FAILED,
  LOSS_MEMORY,
  STAT_ACCEPTED,
  STAT_SPOOLED,
} from '../core/schema.gen.js';
import type { Destination } from '../destinations/destination.js';
import { EdgespanError } from '../errors.js';
import { FLUSH_MS, MAX_DESTINATIONS } from '../limits.js';
import { Log, type Logger } from '../log.js';
import type { SignalHandlers, SignalSinks } from '../signals/signal.js';
import { defaultSpool, type Final, type Spool } from '../spool/spool.js';
import { within } from '../transport/deliver.js';
import { Env } from '../transport/env.js';
import { type Receipt, Tally } from '../transport/receipt.js';
import { warningOf } from '../transport/warning.js';
import { Lane, type Send } from './lane.js';
import { configOf, type EdgespanExporterOptions } from './options.js';
import type { FeedbackInput, ScoreInput } from './recorded.js';
import type { RecordedTrace, TraceFilter, TraceReader } from './traces.js';
import type { MastraInitOptions, MastraTracingEvent, Place } from './types.js';

/** Its handlers beside spans: there with `keepTraces`, and with the `signals` that they belong to. */
export interface EdgespanExporter extends SignalHandlers {}

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
  readonly #lanes: Lane[] = [];
  readonly #problems: string[] = [];
  readonly #log: Log;
  #sinks: SignalSinks | undefined;
  #serviceName: string | undefined;
  #reader: TraceReader | undefined;
  // Deliveries that no platform keeps alive.
  readonly #running = new Set<Promise<void>>();
  // What was lost before the core could count it, and what became of spans since the last flush(), and
  // before it.
  #lost = new Tally();
  #since = new Tally();
  readonly #before = new Tally();
  // Those of deliveries that are under way.
  readonly #active = new Set<Tally>();
  // Destinations that OTEL_SDK_DISABLED turned off.
  #disabled = 0;
  readonly #warnings: string[];
  readonly #env: Record<string, string>;

  constructor(options: EdgespanExporterOptions) {
    this.#options = { ...options };
    const { destinations, serviceName, resourceAttributes, logLevel } = this.#options;
    const { keepTraces, signals, spool } = this.#options;
    this.#log = new Log(logLevel);
    const env = new Env(this.#options.env);
    this.#env = env.pairs('OTEL_RESOURCE_ATTRIBUTES');
    this.#warnings = env.warnings;
    this.#options.serviceName =
      serviceName ||
      (resourceAttributes?.['service.name'] as string | undefined) ||
      env.get('OTEL_SERVICE_NAME') ||
      this.#env['service.name'];
    if (env.get('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') {
      this.#disabled = Array.isArray(destinations) ? destinations.length : 1;
      return;
    }
    let taken = 0;
    for (const destination of Array.isArray(destinations) ? (destinations as Destination[]) : []) {
      const known = typeof destination?.post === 'function';
      const full = taken === MAX_DESTINATIONS;
      const problem = full ? `over ${MAX_DESTINATIONS} destinations` : destination?.problem;
      this.#warnings.push(
        ...(destination?.warnings ?? []).map((what) => `Destination "${destination.name}": ${what}`),
      );
      if (!known) this.#problems.push('`destinations` holds what otlp() did not make');
      else if (problem) this.#problems.push(`Destination "${destination.name}" is off: ${problem}`);
      else {
        taken++;
        const format = destination.customSpanFormatter ?? this.#options.customSpanFormatter;
        this.#laneOf(format).destinations.push(destination);
      }
    }
    if (this.#problems.length + taken === 0) this.#problems.push('`destinations` is missing or empty');
    if (keepTraces?.connect) {
      // Traces can be read where there is nothing to send them to, or nothing that works.
      const first = this.#lanes[0] ?? this.#laneOf(this.#options.customSpanFormatter);
      this.#reader = keepTraces.connect(first, this);
    }
    if (keepTraces && !keepTraces.connect) {
      this.#log.warn('keepTraces', '`keepTraces` is not what traceStore() makes; none is kept.', true);
    }
    this.#sinks = signals?.[0]?.open?.(this, signals, {
      lanes: this.#lanes,
      problems: this.#problems,
      given: destinations,
      log: this.#log,
      spool,
      config: () => this.#config,
      send: () => this.#send([]),
      fail: (error: unknown) => this.#fail(error, false, []),
    }) as SignalSinks | undefined;
  }

  /** One for each distinct formatter. */
  #laneOf(format: Lane['format']): Lane {
    let lane = this.#lanes.find((known) => known.format === format);
    if (!lane) {
      const { spool } = this.#options;
      lane = new Lane(format, this.#options, (error) => this.#fail(error, true, [lane as Lane]));
      lane.spool = spool === false ? undefined : (spool ?? defaultSpool());
      this.#lanes.push(lane);
    }
    return lane;
  }

  /** Called by Mastra with each configuration that lists this exporter. */
  init(options?: MastraInitOptions): void {
    this.#complain();
    this.#reader?.init(options);
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
   * Scores a trace or one of its spans, now or in a later request: with `scores()` among `signals` it is
   * sent to every destination. Never throws, never waits.
   * @example exporter.addScore({ traceId, name: 'relevance', value: 0.9, comment: 'on topic' });
   */
  addScore(score: ScoreInput & Place): void {
    this.#annotate('score', score);
  }

  /** The same for feedback: `addFeedback({ traceId, value: 'up', comment: 'thank you' })`. */
  addFeedback(feedback: FeedbackInput & Place): void {
    this.#annotate('feedback', feedback);
  }

  #annotate(kind: 'score' | 'feedback', given: object): void {
    if (this.#sinks?.annotate(kind, given)) return;
    this.#log.warn(kind, `No ${kind} is sent without scores() among \`signals\`.`, true);
  }

  /**
   * Sends what has ended and resolves when all is answered or given up; never rejects. Of runs that
   * are still going on, destinations that want them whole get nothing, others the spans that have ended
   * and that nothing can change any more; the rest is `pending`. User code needs no call: each run is
   * sent when its root ends, a long one on the way.
   */
  flush(): Promise<Receipt & void> {
    return this.#flush();
  }

  /**
   * Sends everything, runs that did not end included; later spans are dropped and counted. What cannot be
   * sent stays in memory where the isolate goes on, for other exporters with that destination; at the end
   * of a process it is counted as lost.
   */
  shutdown(): Promise<Receipt & void> {
    return this.#flush(this.#isOutlived ? 'exporter' : 'process');
  }

  /**
   * Sends what a store holds for this exporter's destinations, as the exporter does by itself, with
   * its own store, whenever a destination has answered well. For a queue's consumer: `replayQueue()`
   * calls it.
   */
  replay(source: Spool): Promise<Receipt> {
    return this.#flush(undefined, source);
  }

  /**
   * What became of all spans of this exporter (and of those with equal settings, where they were asked
   * last), up to now. What flush() told is in it, too.
   */
  stats(): Receipt {
    const total = new Tally();
    for (const { pipeline } of this.#lanes) pipeline?.settle(total, true);
    for (const part of [this.#before, this.#since, this.#lost, ...this.#active]) total.add(part);
    this.#sinks?.peek(total);
    return this.#receipt(total);
  }

  /**
   * A recent trace by the id that `generate()`, `stream()` or a workflow's run returned: as the first
   * destination got it, whether or not it arrived. null where none is kept: without `keepTraces`, until
   * the run's root has ended, and once newer traces took its place.
   * @example
   * const trace = await exporter.getTrace(result.traceId);
   * console.log(trace?.duration, trace?.usage.totalTokens);
   */
  async getTrace(traceId: string): Promise<RecordedTrace | null> {
    return (await this.#reader?.get(traceId)) ?? null;
  }

  /** Recent traces that fit a filter, newest first; none without `keepTraces`. */
  async findTraces(filter?: TraceFilter): Promise<RecordedTrace[]> {
    return (await this.#reader?.find(filter)) ?? [];
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
    for (const lane of this.#lanes) {
      if (lane.wantsPipeline) this.#openAll();
      // Called from a getter of the object that is being walked: afterwards.
      if (lane.pipeline?.tape.busy) return queueMicrotask(() => this.onTracingEvent(event));
    }
    this.#complain();
    if (ended) this.#lost.lose(LOSS_DISABLED, this.#problems.length + this.#disabled);
    let sending: Send[] | undefined;
    for (const lane of this.#lanes) {
      try {
        if (lane.off) {
          if (ended) this.#lost.lose(LOSS_DISABLED, lane.destinations.length);
        } else if (ended) {
          const send = lane.end(span);
          if (send) (sending ??= []).push(send);
        } else {
          const send = lane.start(span);
          if (send) (sending ??= []).push(send);
        }
      } catch (error) {
        this.#fail(error, ended, [lane]);
      }
    }
    if (sending) this.#send(sending);
  }

  // ---- Sending -----------------------------------------------------------------------------------

  /** After the response. */
  #send(sending: Send[]): void {
    const promise = within(0) // the response goes first
      .then(() => this.#deliver(sending))
      .catch((error: unknown) => this.#fail(error));
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

  /** One receipt for all lanes, none of which waits for another's formatter. */
  async #deliver(sending: Send[], source?: Spool, final?: Final): Promise<void> {
    const tally = new Tally();
    this.#active.add(tally);
    try {
      const work = sending.map((send) => send(tally));
      const beside = this.#sinks?.send(tally, source, final);
      if (beside) work.push(beside as Promise<never>);
      await (work.length === 1 ? work[0] : Promise.all(work));
    } finally {
      this.#active.delete(tally);
      this.#tell(tally);
      this.#since.add(tally);
    }
    const { lost, requests, signals } = tally;
    const [accepted, spooled] = [tally.spans[STAT_ACCEPTED], tally.spans[STAT_SPOOLED]];
    if (tally.touched + (signals?.touched ?? 0) === 0) return;
    const warnings = [warningOf(tally), signals && warningOf(signals, 'events')];
    for (const one of warnings) if (one) this.#log.warn(one.causes, one.text);
    this.#log.debug(
      () => `${requests} requests: ${accepted} spans accepted, ${spooled} spooled, ${lost} lost`,
    );
    const complain = (error: unknown): void =>
      this.#log.warn('onReceipt', `onReceipt threw (${error})`);
    try {
      const told: unknown = this.#options.onReceipt?.(this.#receipt(tally));
      if (told) Promise.resolve(told).catch(complain); // of an asynchronous one: nobody waits
    } catch (error) {
      complain(error);
    }
  }

  /** Hands on what was lost before the core could count it. */
  #tell(tally: Tally): void {
    if (this.#lost.lost === 0) return;
    tally.add(this.#lost);
    this.#lost = new Tally();
  }

  /** Whether a platform serves other requests with this isolate; false in a process of one's own. */
  get #isOutlived(): boolean {
    try {
      return this.#options.waitUntil !== undefined || keepAlive(Promise.resolve());
    } catch {
      return true; // there is one, whatever ails it
    }
  }

  async #flush(final?: Final, source = this.#options.spool || undefined): Promise<Receipt & void> {
    try {
      // What another isolate stored is looked for before the first span.
      if (source) this.#openAll();
      const all = this.#lanes.map((lane): Send => (tally) => lane.flush(tally, final ?? false, source));
      const last = this.#deliver(all, source, final);
      await within(FLUSH_MS, Promise.all([last, ...this.#running]));
    } catch (error) {
      this.#fail(error);
    }
    this.#tell(this.#since);
    const receipt = this.#receipt(this.#since);
    this.#before.add(this.#since);
    this.#since = new Tally();
    return receipt as Receipt & void;
  }

  #receipt(tally: Tally): Receipt {
    const pending = this.#lanes.reduce((sum, lane) => sum + lane.pending, 0);
    return tally.receipt(pending, this.#sinks?.pending);
  }

  // ---- What can go wrong -------------------------------------------------------------------------

  /** With the first event: Mastra has told its service name. */
  #openAll(): void {
    this.#lanes.forEach((lane, i) => {
      if (lane.wantsPipeline) {
        lane.open(pipelineFor({ ...this.#config, destinations: lane.destinations }, i));
      }
    });
  }

  /** Fixed by its first use: Mastra has told its service name by then. */
  get #config(): Omit<PipelineConfig, 'destinations'> {
    this.#serviceName = this.#options.serviceName || this.#serviceName || 'unknown_service';
    return configOf(this.#options, this.#env, this.#serviceName);
  }

  #complain(): void {
    for (const warning of this.#warnings) this.#log.warn(warning, `${warning}.`, true);
    for (const problem of this.#problems) {
      this.#log.warn(problem, `${problem}; spans are dropped.`, true);
    }
  }

  #fail(error: unknown, ended = false, lanes = this.#lanes): void {
    const { code, message = String(error) } = error as { code?: string; message?: string };
    const memory = code === 'EDGESPAN_NO_MEMORY';
    const trap = error instanceof WebAssembly.RuntimeError;
    if (trap) abandonCore(error);
    const off = trap || (error instanceof EdgespanError && !memory);
    if (off) for (const lane of trap ? this.#lanes : lanes) lane.off = true;
    for (const { destinations } of ended ? lanes : []) {
      this.#lost.lose(memory ? LOSS_MEMORY : LOSS_FAILED, destinations.length);
    }
    const state = off ? 'Tracing is off; spans are dropped' : 'A span was dropped';
    this.#log.warn(`fail ${code ?? message}`, `${state}: ${message}`);
  }
}
