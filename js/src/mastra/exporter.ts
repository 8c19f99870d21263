/**
 * The Mastra exporter: what Mastra calls, and what its users do. What becomes of spans is the engine's.
 * @module
 */
import type { SpanFormatter } from '../destinations/destination.js';
import { Engine, engines } from '../engine/engine.js';
import { flush, shutdown, stats } from '../engine/flush.js';
import { FormattingLane } from '../engine/formatting.js';
import { privacyOf } from '../engine/privacy.js';
import type { Lane } from '../engine/lane.js';
import type { Logger } from '../log.js';
import type { SignalHandlers, SignalSinks } from '../signals/signal.js';
import type { Spool } from '../spool/spool.js';
import type { Receipt } from '../transport/receipt.js';
import type { EdgespanExporterOptions } from './options.js';
import type { FeedbackInput, ScoreInput } from './recorded.js';
import { mastraOf, type MastraRuns } from './runs.js';
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
  readonly #engine: Engine;
  readonly #runs: MastraRuns;
  readonly #reader: TraceReader | undefined;

  constructor(options: EdgespanExporterOptions) {
    const own = { ...options }; // others may be built of the same object
    const { keepTraces } = own;
    const lanes = new Map<SpanFormatter | undefined, FormattingLane>();
    // One for each distinct formatter, and for each that a redaction's hook is shown.
    const engine: Engine = new Engine(options, (destination) => {
      const format = destination?.customSpanFormatter ?? own.customSpanFormatter;
      const fail = (error: unknown, failed: Lane): void => engine.fail(error, true, [failed]);
      const { redaction } = privacyOf(destination?.privacy, own);
      const hooked = redaction?.lane?.(own, fail, format) as FormattingLane | undefined;
      const lane = hooked ?? lanes.get(format) ?? new FormattingLane(format, own, fail);
      if (!hooked) lanes.set(format, lane);
      return lane;
    });
    this.#engine = engine;
    engines.set(this, engine);
    this.#runs = mastraOf(engine);
    const { log } = engine;
    if (engine.disabled > 0) return;
    if (keepTraces?.connect) {
      // Traces can be read where there is nothing to send them to, or nothing that works.
      this.#reader = keepTraces.connect(engine.lanes[0] ?? engine.laneOf(), this);
    } else if (keepTraces) {
      log.warn('keepTraces', '`keepTraces` is not what traceStore() makes; none is kept.', true);
    }
    const beside = [own.signals ?? []].flat();
    const first = beside.find((signal) => signal?.open);
    if (beside.length > 0 && !first) {
      log.warn('signals', '`signals` holds what logs() and its kin did not make.', true);
    }
    const inside = { engine, destinations: own.destinations, spool: own.spool };
    engine.sinks = first?.open(this, beside, inside) as SignalSinks | undefined;
    engine.tail?.connect?.(this);
  }

  /** Called by Mastra with each configuration that lists this exporter. */
  init(options?: MastraInitOptions): void {
    this.#engine.complain();
    this.#reader?.init(options);
    const { serviceName, sampling } = options?.config ?? {};
    this.#runs.named(serviceName);
    this.#runs.sampledBefore(sampling);
  }

  /** Called by Mastra with its logger. */
  __setLogger(logger: Logger): void {
    this.#engine.log.logger = logger;
  }

  /** Takes an event; never throws, never waits. */
  onTracingEvent(event: MastraTracingEvent): void {
    try {
      const { type, exportedSpan: span } = event;
      if (type === 'span_ended') this.#engine.end(span);
      else if (type === 'span_started') this.#engine.start(span);
    } catch (error) {
      this.#engine.fail(error, event?.type === 'span_ended');
    }
  }

  /** The same, in the shape that Mastra's interface requires. */
  async exportTracingEvent(event: MastraTracingEvent): Promise<void> {
    this.onTracingEvent(event);
  }

  /** Called by Mastra 0.x in place of the above: its spans are of another kind. Says so, once. */
  async exportEvent(): Promise<void> {
    this.#engine.log.warn('mastra 0', 'Nothing is traced: @mastra/core is older than 1.0.', true);
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
    const { disabled, sinks, log } = this.#engine;
    if (disabled > 0 || sinks?.annotate(kind, given)) return;
    log.warn(kind, `No ${kind} is sent without scores() among \`signals\`.`, true);
  }

  /**
   * Sends what has ended and resolves when all is answered or given up; never rejects. Of runs that
   * are still going on, destinations that want them whole get nothing, others the spans that have ended
   * and that nothing can change any more; the rest is `pending`. User code needs no call: each run is
   * sent when its root ends, a long one on the way.
   */
  flush(): Promise<Receipt & void> {
    return flush(this.#engine) as Promise<Receipt & void>;
  }

  /**
   * Sends everything, runs that did not end included; later spans are dropped and counted. What cannot be
   * sent stays in memory where the isolate goes on, for other exporters with that destination; at the end
   * of a process it is counted as lost.
   */
  shutdown(): Promise<Receipt & void> {
    return shutdown(this.#engine) as Promise<Receipt & void>;
  }

  /**
   * Sends what a store holds for this exporter's destinations, as the exporter does by itself, with
   * its own store, whenever a destination has answered well. For a queue's consumer: `replayQueue()`
   * calls it.
   */
  replay(source: Spool): Promise<Receipt> {
    return flush(this.#engine, source);
  }

  /**
   * What became of all spans of this exporter (and of those with equal settings, where they were asked
   * last), up to now. What flush() told is in it, too.
   */
  stats(): Receipt {
    return stats(this.#engine);
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
}
