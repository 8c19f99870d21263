/**
 * An outbox: events of one signal wait here as text until a delivery takes them. How they are delivered
 * is how spans are (deliver.ts): the core judges the answers and counts, and what cannot be sent goes to
 * the exporter's store. Their bodies are made here, though, and never cross into the core.
 * @module
 */
import { type PipelineConfig, pipelineFor } from '../core/pipeline.js';
import {
  LOSS_DISABLED,
  LOSS_FAILED,
  LOSS_MEMORY,
  LOSS_UNSENT,
  STAT_REDACTED,
  STAT_SPOOLED,
  STAT_UNREAD,
  STAT_WITHHELD,
} from '../core/schema.gen.js';
import type { Destination } from '../destinations/destination.js';
import type { HookAbout, Redaction } from '../engine/privacy.js';
import { EARLY_MS, LATE_MS, MAX_REPLAYS } from '../limits.js';
import { type Claim, type Final, leave, type Lose, type Spool } from '../spool/spool.js';
import { deliver } from '../transport/deliver.js';
import { Tally } from '../transport/receipt.js';
import { MAX_BATCH_BYTES, MAX_BATCH_EVENTS } from './endpoint.js';
import { alike, type Event, eventFor } from './event.js';
import { type Fresh, OutboxPipeline } from './outbox_pipeline.js';
import type { SignalHost } from './signal.js';

/** Events that wait, and characters that they take: then the oldest gives way. */
const MAX_EVENTS = 2_048;
const MAX_UNITS = 2_097_152;

/** An event, as JSON; `to`: for these endpoints, otherwise for all. */
interface Waiting {
  readonly text: string;
  readonly to: readonly Destination[] | undefined;
  readonly traceId: string | undefined;
  /** In milliseconds. */
  readonly since: number;
}

export interface OutboxSettings {
  readonly endpoints: readonly Destination[];
  /** How many others there would be, did they work. */
  readonly off: number;
  /** Tells this signal's pipeline from others. */
  readonly lane: number;
  /** What its events are. */
  readonly kind: HookAbout['kind'];
  /**
   * Makes a body of events; one alone of each, if `single`.
   * @param resource The exporter's, as it may leave.
   */
  readonly join: (events: readonly Event[], resource: Record<string, unknown>) => string;
  readonly single?: boolean;
}

export class Outbox {
  readonly #host: SignalHost;
  readonly #settings: OutboxSettings;
  #waiting: Waiting[] = [];
  #units = 0;
  // What was lost before it was sent.
  #lost = new Tally();
  #pipeline: OutboxPipeline | undefined;
  /** Deliveries that are under way. */
  readonly #active = new Set<Pending>();
  #sending = 0;
  /** Events of which bodies are being made, once for each destination. */
  #making = 0;
  #off = false;

  constructor(host: SignalHost, settings: OutboxSettings) {
    this.#host = host;
    this.#settings = settings;
  }

  get pending(): number {
    const { endpoints } = this.#settings;
    const waiting = this.#waiting.reduce((sum, { to }) => sum + (to ?? endpoints).length, 0);
    const untried = [...this.#active].reduce((sum, { left }) => sum + left, 0);
    return waiting + untried + this.#making + (this.#pipeline?.out ?? 0);
  }

  /** Takes an event, as JSON. It is sent when the run ends that it belongs to, or by itself. */
  put(text: string, traceId?: string, to?: readonly Destination[]): void {
    const targets = (to ?? this.#settings.endpoints).length;
    this.#lost.lose(LOSS_DISABLED, this.#settings.off + (this.#off ? targets : 0));
    if (targets === 0 || this.#off) return;
    this.#waiting.push({ text, to, traceId, since: Date.now() });
    this.#units += text.length;
    while (this.#waiting.length > MAX_EVENTS || this.#units > MAX_UNITS) {
      const [oldest] = this.#waiting.splice(0, 1);
      this.#units -= oldest.text.length;
      this.#lost.lose(LOSS_MEMORY, (oldest.to ?? this.#settings.endpoints).length);
    }
    this.wake(traceId);
  }

  /** An event that could not be put; for so many destinations. */
  lose(reason: number, targets: number = this.#settings.endpoints.length + this.#settings.off): void {
    this.#lost.lose(reason, targets);
  }

  /**
   * Sends soon, unless the run's end will. Events of one moment go together: a look at the clock guards
   * against a request that died before its turn.
   */
  wake(traceId: string | undefined): void {
    if (!this.#isFull && this.#host.running(traceId)) return;
    const now = Date.now();
    if (now - this.#sending < LATE_MS || !hasTimers()) return;
    this.#sending = now;
    this.#host.send();
  }

  async send(tally: Tally, source: Spool | undefined, final?: Final): Promise<void> {
    const { endpoints, lane } = this.#settings;
    const { spool } = this.#host;
    this.#sending = 0;
    this.#tell(tally);
    const waiting = this.#due(final);
    const looking = source !== undefined || final !== undefined || this.#pipeline !== undefined;
    if (endpoints.length > 0 && (waiting.length > 0 || looking) && !this.#off) {
      // What is not sent when something throws, the core that cannot be loaded say.
      let left = waiting.reduce((sum, { to }) => sum + (to ?? endpoints).length, 0);
      if (final) this.#off = true;
      try {
        const config = { ...this.#host.config(), destinations: endpoints };
        const pipeline = pipelineFor(config, lane, OutboxPipeline) as OutboxPipeline;
        const fresh = await this.#make(waiting, pipeline, config, tally, left);
        if (!this.#pipeline) for (const to of endpoints) spool?.users?.(to, 1);
        this.#pipeline = pipeline;
        const pending = new Pending(pipeline, fresh, endpoints, tally, spool, source ?? spool);
        left = 0; // it is up to the core now, and what follows does not reject
        this.#active.add(pending);
        await deliver(pipeline, endpoints, 0, tally, spool, pending);
        await pending.rest();
        this.#active.delete(pending);
        if (final) await leave(spool, endpoints, final, tally.forfeit);
      } catch (error) {
        this.lose(LOSS_FAILED, left);
        this.#host.fail(error);
      }
    }
    this.#tell(tally);
  }

  get #isFull(): boolean {
    return this.#waiting.length > MAX_EVENTS / 2 || this.#units > MAX_UNITS / 2;
  }

  /** Takes what is to be sent now: of a run that may hide it yet nothing, for as long as spans wait. */
  #due(final: Final | undefined): Waiting[] {
    const old = final || this.#isFull ? Infinity : Date.now() - EARLY_MS;
    const stays = ({ traceId, since }: Waiting): boolean => since > old && this.#host.mayHide(traceId);
    const due = this.#waiting.filter((one) => !stays(one));
    this.#waiting = this.#waiting.filter(stays);
    this.#units = this.#waiting.reduce((sum, { text }) => sum + text.length, 0);
    return due;
  }

  peek(tally: Tally): void {
    tally.add(this.#lost);
    this.#pipeline?.settle(tally, true);
  }

  #tell(tally: Tally): void {
    tally.add(this.#lost);
    this.#lost = new Tally();
  }

  /** Bodies of what waited, `left` events in all. */
  async #make(
    waiting: readonly Waiting[],
    pipeline: OutboxPipeline,
    config: PipelineConfig,
    tally: Tally,
    left: number,
  ): Promise<Fresh[]> {
    const { join, single, endpoints, kind } = this.#settings;
    const batches: Fresh[] = [];
    const withheld = (values: number): void => void (tally.spans[STAT_UNREAD] += values);
    const redacted = (values: number): void => void (tally.spans[STAT_REDACTED] += values);
    this.#making += left; // a hook may take its time
    try {
      for (let i = 0; i < waiting.length;) {
        const { to = endpoints } = waiting[i];
        const events: Event[] = [];
        let units = 0;
        do {
          units += waiting[i].text.length;
          events.push(JSON.parse(waiting[i++].text) as Event);
        } while (
          !single &&
          i < waiting.length &&
          events.length < MAX_BATCH_EVENTS &&
          units + waiting[i].text.length < MAX_BATCH_BYTES
        );
        for (const group of alike(to, config)) {
          const [first] = group;
          const clean = (redaction: Redaction, shown: object): object | Promise<object> =>
            redaction.event(pipeline, endpoints.indexOf(first), shown, { kind, withheld, redacted });
          const said = { plain: {}, said: config.resource, content: {} };
          const [resource, ...shown] = await Promise.all(
            [said, ...events].map((one) => eventFor(one, first, config, this.#host.wishOf(one), clean)),
          );
          tally.spans[STAT_WITHHELD] += shown.filter((one) => one.withheld).length * group.length;
          const most = Math.min(...group.map(({ settings }) => settings.maxBytes));
          const whole = (some: readonly Event[]): string =>
            join(some, resource.said as Record<string, unknown>);
          for (const one of bodies(shown, whole, most)) batches.push({ ...one, to: group });
        }
      }
      return batches;
    } finally {
      this.#making -= left;
    }
  }
}

/** Bodies that nobody sent yet and then those of a store, as a store. */
class Pending implements Spool {
  readonly #fresh: Map<Destination, Fresh[]>;
  readonly #tally: Tally;
  readonly #spool: Spool | undefined;
  readonly #source: Spool | undefined;
  readonly #replays = new Map<Destination, number>();
  readonly #pipeline: OutboxPipeline;

  constructor(
    pipeline: OutboxPipeline,
    fresh: readonly Fresh[],
    endpoints: readonly Destination[],
    tally: Tally,
    spool: Spool | undefined,
    source: Spool | undefined,
  ) {
    this.#fresh = new Map(
      endpoints.map((to) => [to, pipeline.expect(fresh.filter((one) => one.to.includes(to)))]),
    );
    this.#pipeline = pipeline;
    this.#tally = tally;
    this.#spool = spool;
    this.#source = source;
  }

  /** Events that nobody tried to send yet, once for each destination. */
  get left(): number {
    return [...this.#fresh.values()].flat().reduce((sum, { spans }) => sum + spans, 0);
  }

  async put(): Promise<void> {
    throw new Error('an outbox takes nothing back');
  }

  async claim(to: Destination, lose: Lose): Promise<Claim | undefined> {
    const one = this.#fresh.get(to)?.shift();
    if (!one) {
      const replays = (this.#replays.get(to) ?? 0) + 1;
      this.#replays.set(to, replays);
      if (replays > MAX_REPLAYS && this.#source === this.#spool) return undefined;
      return this.#source?.claim(to, lose);
    }
    const { bytes, spans } = one;
    const failed = (unsure: boolean): Promise<void> => this.#keep(to, one, unsure);
    return { bytes, spans, unsure: false, fresh: true, sent: async () => {}, failed };
  }

  async #keep(destination: Destination, { bytes, spans }: Fresh, unsure: boolean): Promise<void> {
    const tally = this.#tally;
    // What the core was given it has counted as stored.
    if (!this.#pipeline.forget(bytes)) tally.spans[STAT_SPOOLED] -= spans;
    try {
      await this.#spool?.put({ destination, bytes, spans, unsure }, tally.forfeit);
      if (this.#spool) tally.spans[STAT_SPOOLED] += spans;
      else tally.lose(LOSS_UNSENT, spans);
    } catch (error) {
      tally.lose(LOSS_UNSENT, spans);
      throw error;
    }
  }

  /** Stores what was not even tried, of destinations that are not well. */
  async rest(): Promise<void> {
    for (const [to, left] of this.#fresh) {
      for (const one of left.splice(0)) {
        const kept = this.#tally.connections.use(() => this.#keep(to, one, false));
        await kept.catch((error: unknown) => {
          const message = to.redact(`spool: ${error}`);
          this.#tally.fail({ destination: to.name, code: 'spool', message });
        });
      }
    }
  }
}

/** Bodies of so many bytes at most, in halves as often as it takes; an event that is larger goes alone. */
function bodies(
  events: readonly Event[],
  join: (events: readonly Event[]) => string,
  most: number,
): { bytes: Uint8Array; spans: number }[] {
  const bytes = new TextEncoder().encode(join(events));
  if (bytes.length <= most || events.length === 1) return [{ bytes, spans: events.length }];
  const half = events.length >> 1;
  return [events.slice(0, half), events.slice(half)].flatMap((part) => bodies(part, join, most));
}

/** Not in a Worker's global scope, where nothing can be sent: what is said there goes with what follows. */
function hasTimers(): boolean {
  try {
    clearTimeout(setTimeout(() => {}, 0));
    return true;
  } catch {
    return false;
  }
}
