/**
 * The engine: what becomes of spans once they are told, whoever tells them. Telling returns at once; a
 * run's trace is sent by itself when its root ends, after the response, in the platform's waitUntil.
 *
 * One may be shared by requests or built for each: no promise of one request is awaited in another unless
 * the process itself must be kept alive for it (a Node server, where nobody else does).
 * @module
 */
import { keepAlive } from '#wait-until';
import { abandonCore } from '../core/core.js';
import { type PipelineConfig, pipelineFor } from '../core/pipeline.js';
import {
  LOSS_DISABLED,
  LOSS_FAILED,
  LOSS_MEMORY,
  LOSS_SAMPLED,
  STAT_ACCEPTED,
  STAT_SPOOLED,
} from '../core/schema.gen.js';
import type { Destination } from '../destinations/destination.js';
import { EdgespanError } from '../errors.js';
import { Log } from '../log.js';
import { quietly } from '../quietly.js';
import { shared } from '../shared.js';
import type { Head } from '../sampling/runs.js';
import type { Tail } from '../sampling/tail.js';
import type { SignalSinks } from '../signals/signal.js';
import { defaultSpool, type Final, type Spool } from '../spool/spool.js';
import { within } from '../transport/deliver.js';
import { Env } from '../transport/env.js';
import { type Receipt, Tally } from '../transport/receipt.js';
import { warnOf } from '../transport/warning.js';
import { admitted } from './admitted.js';
import type { Content, Lane, Send } from './lane.js';
import { configOf, type EngineOptions } from './options.js';
import { privacyOf } from './privacy.js';
import type { Envelope, RunMembers } from './record.js';
import { letIn } from './sampled.js';

const known = (): WeakMap<object, Engine> => shared('engines', () => new WeakMap());

/** Those of public objects, so that one may be shared by several. */
export const engines = {
  get: (holder: object): Engine | undefined => known().get(holder),
  set: (holder: object, engine: Engine): unknown => known().set(holder, engine),
};

/** OpenTelemetry's name for a service without one. */
export const UNKNOWN_SERVICE = 'unknown_service';

/** Which lane's a destination is; without one, what its spans would have been kept by. */
export type LaneOf = (destination?: Destination) => Lane;

/** What an engine asks where Mastra's spans are told, which come without flags. */
export interface Teller {
  /** What Mastra's own sampling left of all runs. */
  readonly before: RunMembers | undefined;
  /** A span, as everybody tells it. */
  told(span: Envelope): Envelope;
  /** What is said of the run that a span begins, unless a sampler says more. */
  runOf(span: Envelope, ended: boolean): RunMembers | undefined;
}

export class Engine {
  readonly lanes: Lane[] = [];
  readonly log: Log;
  /** What keeps destinations from working, or all. */
  readonly problems: string[] = [];
  /** What is sent beside spans. */
  sinks: SignalSinks | undefined;
  /** Destinations that OTEL_SDK_DISABLED turned off. */
  readonly disabled: number = 0;
  /** Decides which runs are recorded: set by `sampling`, as is the next by `tail`. */
  head: Head | undefined;
  /** Whether a destination may leave runs out; by their scores: then it wants to hear of an exporter's. */
  tail: Tail | undefined;
  /** There once Mastra's spans are told. */
  mastra: Teller | undefined;
  /** What of the settings is ignored, or works otherwise than it seems. */
  readonly warnings: string[];
  readonly #options: EngineOptions;
  #serviceName: string | undefined;
  /** Deliveries that no platform keeps alive. */
  readonly running: Set<Promise<void>> = new Set();
  /** What was lost before the core could count it. */
  lost: Tally = new Tally();
  /** What became of spans since the last flush(), and before it. */
  since: Tally = new Tally();
  readonly earlier: Tally = new Tally();
  /** Those of deliveries that are under way. */
  readonly active: Set<Tally> = new Set();
  /** The user's own, if there are any. */
  readonly spool: Spool | undefined;
  readonly waitUntil: EngineOptions['waitUntil'];
  readonly #env: Record<string, string>;
  readonly #laneOf: LaneOf;

  constructor(options: EngineOptions, laneOf: LaneOf) {
    const own = { ...options };
    this.#options = own;
    this.#laneOf = laneOf;
    this.spool = own.spool || undefined;
    this.waitUntil = own.waitUntil;
    this.log = new Log(own.logLevel, (text) => this.#redacted(text));
    const env = new Env(own.env);
    this.#env = env.pairs('OTEL_RESOURCE_ATTRIBUTES');
    this.warnings = env.warnings;
    this.warnings.push(...letIn(own.sampling, this));
    own.serviceName ||=
      (own.resourceAttributes?.['service.name'] as string | undefined) ||
      env.get('OTEL_SERVICE_NAME') ||
      this.#env['service.name'];
    if (env.get('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') {
      this.disabled = Array.isArray(own.destinations) ? own.destinations.length : 1;
      return;
    }
    const taken = admitted(own, this, (to) => letIn(to.tail ?? own.tail, this));
    for (const to of taken) this.laneOf(to).destinations.push(to);
  }

  /** The lane of a destination, as `LaneOf` says. */
  laneOf(destination?: Destination): Lane {
    const lane = this.#laneOf(destination);
    if (!this.lanes.includes(lane)) {
      const { spool } = this.#options;
      lane.spool = spool === false ? undefined : (spool ?? defaultSpool());
      this.lanes.push(lane);
    }
    return lane;
  }

  /** Names the service where options and environment have no name; the one that holds, there `name`. */
  serviceIs(name: string): string {
    return this.#options.serviceName ? name : (this.#serviceName ??= name);
  }

  /** What Mastra's own sampling left of all runs. */
  get before(): RunMembers | undefined {
    return this.mastra?.before;
  }

  // ---- Spans -------------------------------------------------------------------------------------

  /**
   * Takes a span that began; never throws, never waits. `flags`: FLAG_OTEL and its kind, if it is one, whose
   * own sampler has decided; `run` is what that says.
   */
  start(span: Envelope, flags = 0, run?: RunMembers): void {
    this.#take(false, span, undefined, flags, run);
  }

  /**
   * The same for one that ended; its content is the span itself where it lies there (Mastra's). `run`: null
   * where its run was sampled out elsewhere: it is counted.
   */
  end(span: Envelope, content?: Content, flags = 0, run?: null): void {
    this.#take(true, span, content, flags, run);
  }

  /** Whether a run with this trace id goes on. */
  runs(traceId: string): boolean {
    return this.lanes.some((lane) => lane.runs(traceId));
  }

  #take(ended: boolean, given: Envelope, own: Content, flags: number, said?: RunMembers | null): void {
    let span = given;
    // null: the run is not recorded.
    let run: RunMembers | undefined | null = said;
    try {
      if (!flags && this.mastra && run !== null) {
        span = this.mastra.told(span);
        run = this.mastra.runOf(span, ended);
      }
      if (this.head && run !== null) run = this.head.look(span, ended, flags, run);
      for (const lane of run === null ? [] : this.lanes) {
        if (lane.wantsPipeline) this.openAll();
        // Called from a getter of the object that is being walked: afterwards.
        if (lane.pipeline?.tape.busy) return this.#later(ended, given, own, flags, said);
      }
    } catch (error) {
      return this.fail(error, ended);
    }
    this.complain();
    if (ended) this.lost.lose(LOSS_DISABLED, this.problems.length + this.disabled);
    const content = own ?? span;
    this.sinks?.heed?.(ended, span, content);
    let sending: Send[] | undefined;
    for (const lane of this.lanes) {
      try {
        if (lane.off || run === null) {
          if (ended) this.lost.lose(lane.off ? LOSS_DISABLED : LOSS_SAMPLED, lane.destinations.length);
          continue;
        }
        // Of a root that had no start, what is said of its run goes first.
        let send = ended && !run ? undefined : lane.start(span, flags, run);
        if (ended) send = lane.end(span, content, flags);
        if (send) (sending ??= []).push(send);
      } catch (error) {
        this.fail(error, ended, [lane]);
      }
    }
    if (sending) this.send(sending);
  }

  // A method of its own: a closure in #take() would cost each span there.
  #later(ended: boolean, span: Envelope, own: Content, flags: number, said?: RunMembers | null): void {
    queueMicrotask(() => this.#take(ended, span, own, flags, said));
  }

  // ---- Sending -----------------------------------------------------------------------------------

  /** After the response. */
  send(sending: Send[]): void {
    const promise = within(0) // the response goes first
      .then(() => this.deliver(sending))
      .catch((error: unknown) => this.fail(error));
    try {
      const { waitUntil } = this;
      if (waitUntil) return waitUntil(promise);
      if (keepAlive(promise)) return;
    } catch (error) {
      this.log.warn('waitUntil', `waitUntil threw (${error}); traces may be lost`);
    }
    this.running.add(promise);
    promise.then(() => this.running.delete(promise));
  }

  #work(sending: Send[], tally: Tally, source?: Spool, final?: Final): Promise<unknown> {
    if (sending.length === 1 && !this.sinks) return sending[0](tally);
    const sent: unknown[] = sending.map((send) => send(tally));
    return Promise.all([...sent, this.sinks?.send(tally, source, final)]);
  }

  /** One receipt for all lanes, none of which waits for another's formatter. */
  async deliver(sending: Send[], source?: Spool, final?: Final): Promise<void> {
    const tally = new Tally();
    this.active.add(tally);
    try {
      await quietly(() => this.#work(sending, tally, source, final));
    } finally {
      this.active.delete(tally);
      this.tell(tally);
      this.since.add(tally);
    }
    const { signals } = tally;
    if (tally.touched + (signals?.touched ?? 0) === 0) return;
    warnOf(this.log, tally);
    if (signals) warnOf(this.log, signals, 'events');
    this.log.debug(() => {
      const { lost, counts, spans } = tally;
      return `${counts.requests} requests: ${spans[STAT_ACCEPTED]} spans accepted, ${spans[STAT_SPOOLED]} spooled, ${lost} lost`;
    });
    try {
      const told: unknown = this.#options.onReceipt?.(this.receipt(tally));
      if (told) Promise.resolve(told).catch((error: unknown) => this.#complainOf(error)); // nobody waits
    } catch (error) {
      this.#complainOf(error);
    }
  }

  #complainOf(error: unknown): void {
    this.log.warn('onReceipt', `onReceipt threw (${error})`);
  }

  /** What of spans' fate `tally` has, for the user. */
  receipt(tally: Tally): Receipt {
    const pending = this.lanes.reduce((sum, lane) => sum + lane.pending, 0);
    const receipt = tally.receipt(pending, this.sinks?.pending);
    for (const error of [...receipt.errors, ...(receipt.signals?.errors ?? [])]) {
      error.message = this.#redacted(error.message);
    }
    return receipt;
  }

  /** A text for the user's log or a receipt, as it might leave for any of the destinations. */
  #redacted(text: string): string {
    for (const { pipeline, destinations } of this.lanes) {
      for (let to = 0; pipeline && to < destinations.length; to++) text = pipeline.redact(to, text);
    }
    return text;
  }

  /** Hands on what was lost before the core could count it. */
  tell(tally: Tally): void {
    if (!this.lost.spans.some(Boolean)) return;
    tally.add(this.lost);
    this.lost = new Tally();
  }

  // ---- What can go wrong -------------------------------------------------------------------------

  /** With the first event: Mastra has told its service name. */
  openAll(): void {
    this.lanes.forEach((lane, i) => {
      if (lane.wantsPipeline) {
        const { destinations } = lane;
        const tails = destinations.map((to) => to.tail ?? this.#options.tail);
        lane.open(pipelineFor({ ...this.config, destinations, tails }, i));
      }
    });
  }

  /** Fixed by its first use: Mastra has told its service name by then. */
  get config(): Omit<PipelineConfig, 'destinations'> {
    this.#serviceName = this.#options.serviceName || this.#serviceName || UNKNOWN_SERVICE;
    return configOf(this.#options, this.#env, this.#serviceName);
  }

  /** Says what is wrong with the settings, once; where that is redacted, with the first span. */
  complain(): void {
    const redacts = (to: Destination): boolean => privacyOf(to.privacy, this.#options).redaction !== undefined;
    // The redactor is not loaded before: that could be while modules are.
    if (this.lanes.some((lane) => lane.wantsPipeline && lane.destinations.some(redacts))) return;
    for (const warning of this.warnings) this.log.warn(warning, `${warning}.`, true);
    for (const problem of this.problems) {
      this.log.warn(problem, `${problem}; spans are dropped.`, true);
    }
  }

  /** Says that something went wrong; `ended`: with an ended span, that is lost. */
  fail(error: unknown, ended = false, lanes: readonly Lane[] = this.lanes): void {
    const { code, message = String(error) } = error as { code?: string; message?: string };
    const memory = code === 'EDGESPAN_NO_MEMORY';
    const trap = error instanceof WebAssembly.RuntimeError;
    if (trap) abandonCore(error);
    const off = trap || (error instanceof EdgespanError && !memory);
    if (off) for (const lane of trap ? this.lanes : lanes) lane.off = true;
    for (const { destinations } of ended ? lanes : []) {
      this.lost.lose(memory ? LOSS_MEMORY : LOSS_FAILED, destinations.length);
    }
    const state = off ? 'Tracing is off; spans are dropped' : 'A span was dropped';
    const named = error instanceof EdgespanError ? ` (${error.code})` : ''; // as docs/troubleshooting.md has it
    this.log.warn(`fail ${code ?? message}`, `${state}: ${message}${named}`);
  }
}
