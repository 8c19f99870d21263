/**
 * Scores and feedback: Mastra's own events, and what a user says of a trace later. Where a receiver has
 * an interface for them they go there, one request each; elsewhere they are a span of their own, which
 * any receiver of OTLP takes (evaluation.ts). Nothing here waits for the trace that is meant.
 * @module
 */
import { LOSS_FAILED, LOSS_LEFT_OUT, LOSS_MALFORMED } from '../core/schema.gen.js';
import type { Address, Answer, Destination, Payload } from '../destinations/destination.js';
import { RUN_ID } from '../destinations/run_id.js';
import { type Annotation, numberOf, type ScoreAdapter } from '../destinations/scores/score.js';
import { milliseconds } from '../engine/record.js';
import type { MastraFeedback, MastraScore } from '../mastra/types.js';
import type { Final, Spool } from '../spool/spool.js';
import { mayHaveArrived } from '../transport/deliver.js';
import type { Tally } from '../transport/receipt.js';
import { Endpoint, type Posted } from './endpoint.js';
import { Evaluations } from './evaluation.js';
import { annotationOf, type Event } from './event.js';
import { wishIn, withoutWish } from './hidden.js';
import { hexId } from './otlp.js';
import { Outbox } from './outbox.js';
import { openSinks } from './sinks.js';
import { hostOf, type Signal, type SignalHandlers, type SignalHost, type SignalSink } from './signal.js';
import { Withholder } from './withhold.js';

/**
 * Sends scores and feedback, Mastra's (`scorers`, `addScore()` on a trace) and those of
 * `exporter.addScore()` and `exporter.addFeedback()`: give it to an exporter among its `signals`.
 *
 * @example
 * new EdgespanExporter({ destinations: [otlp({ endpoint })], signals: [scores()] })
 */
export function scores(): Signal {
  return {
    name: 'scores',
    open: openSinks,
    connect: (exporter, inside) => new Scores(exporter, hostOf(inside)),
  };
}

/** A destination with an interface for scores. */
interface Adapted {
  readonly adapter: ScoreAdapter;
  readonly destination: Destination & Required<Pick<Destination, 'address'>>;
  readonly endpoint: Endpoint;
}

class Scores implements SignalSink {
  readonly #host: SignalHost;
  readonly #exporter: SignalHandlers;
  readonly #outbox: Outbox;
  readonly #evaluations: Evaluations;
  readonly #withholder: Withholder;
  readonly #adapted: Adapted[] = [];
  readonly #others: Destination[] = [];

  constructor(exporter: SignalHandlers, host: SignalHost) {
    this.#host = host;
    this.#exporter = exporter;
    this.#withholder = new Withholder(host.given);
    for (const to of host.destinations) {
      const { scores: adapter } = to;
      if (adapter && to.address) {
        const endpoint = new ScoreEndpoint(to, adapter);
        this.#adapted.push({ adapter, destination: to as Adapted['destination'], endpoint });
      } else this.#others.push(to);
    }
    this.#outbox = new Outbox(host, {
      lane: -3,
      endpoints: this.#adapted.map(({ endpoint }) => endpoint),
      off: host.off,
      single: true,
      kind: 'score',
      join: ([event]) => JSON.stringify(annotationOf(event)),
    });
    this.#evaluations = new Evaluations(host);
    // What keeps traces has set its own.
    const { onScoreEvent, onFeedbackEvent } = exporter;
    exporter.onScoreEvent = (event) => this.#take('score', event?.score, () => onScoreEvent?.(event));
    exporter.onFeedbackEvent = (event) =>
      this.#take('feedback', event?.feedback, () => onFeedbackEvent?.(event));
    // Where Mastra is too old for onScoreEvent.
    exporter.addScoreToTrace = async ({ scorerName, ...score }) =>
      this.annotate('score', { scorerId: scorerName, scorerName, ...score });
  }

  /** What the user says, in Mastra's words or in the short ones, as an event of Mastra's. */
  annotate(kind: 'score' | 'feedback', given: object): void {
    const { name, value, comment, ...rest } = given as Record<string, unknown>;
    const said = { ...rest, timestamp: new Date() };
    const { onScoreEvent, onFeedbackEvent } = this.#exporter;
    if (kind === 'score') {
      const short = { scorerId: name, scorerName: name, score: value, reason: comment };
      const score = { scoreId: crypto.randomUUID(), ...(name === undefined ? {} : short), ...said };
      onScoreEvent?.({ score: score as unknown as MastraScore });
    } else {
      const feedbackType = typeOf(value);
      const feedback = { feedbackId: crypto.randomUUID(), feedbackType, value, comment, ...said };
      onFeedbackEvent?.({ feedback: feedback as unknown as MastraFeedback });
    }
  }

  /** @param keep Hands the event to what keeps traces. */
  #take(kind: Annotation['kind'], event: MastraScore | MastraFeedback, keep: () => void): void {
    try {
      keep();
    } catch (error) {
      this.#host.fail(error);
    }
    const targets = this.#host.destinations.length + this.#host.off;
    try {
      const told = eventOf(kind, event, this.#withholder);
      if (!told) return this.#outbox.lose(LOSS_MALFORMED, targets);
      const annotation = annotationOf(told);
      const to: Destination[] = [];
      const spans = [...this.#others];
      for (const { adapter, destination, endpoint } of this.#adapted) {
        const request = adapter.request(annotation, destination.address());
        if (request) to.push(endpoint);
        else if (request === null) this.#outbox.lose(LOSS_LEFT_OUT, 1);
        else spans.push(destination);
      }
      this.#evaluations.put(told, spans);
      this.#outbox.put(JSON.stringify(told), annotation.traceId, to);
      this.#outbox.wake(annotation.traceId);
    } catch (error) {
      this.#outbox.lose(LOSS_FAILED, targets);
      this.#host.fail(error);
    }
  }

  async send(tally: Tally, source: Spool | undefined, final?: Final): Promise<void> {
    await Promise.all([this.#outbox.send(tally, source, final), this.#evaluations.send(tally)]);
  }

  peek(tally: Tally): void {
    this.#outbox.peek(tally);
    this.#evaluations.peek(tally);
  }

  get pending(): number {
    return this.#outbox.pending + this.#evaluations.pending;
  }
}

/** As of what is said of a kept trace; words for thumbs are thumbs. */
function typeOf(value: unknown): string {
  const text = `${value}`;
  if (/^-?1$/.test(text) || numberOf(text) !== undefined) return 'thumbs';
  return typeof value === 'number' ? 'rating' : 'comment';
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Members of Mastra's events that quote nothing, beside numbers. */
const PLAIN = /^(timestamp|feedbackType|source|entityType)$|(Id|Name|Source|Version)$/;

/** undefined: it names no trace, or says nothing. */
function eventOf(
  kind: Annotation['kind'],
  event: MastraScore | MastraFeedback,
  withholder: Withholder,
): Event | undefined {
  // Fields of both; of what is renamed the old name, too.
  const all = event as unknown as Readonly<Record<string, any>>;
  const context = Object.fromEntries(withholder.members(all.correlationContext));
  const traceId = hexId(all.traceId ?? context.traceId, 32);
  const spanId = hexId(all.spanId ?? (all.traceId ? undefined : context.spanId), 16);
  const text = (value: unknown): string | undefined =>
    value === undefined || value === null || value === '' ? undefined : withholder.text(value);
  const isScore = kind === 'score';
  const name = text(isScore ? (all.scorerName ?? all.scorerId) : all.feedbackType);
  const given = isScore ? all.score : all.value;
  const value = typeof given === 'number' && Number.isFinite(given) ? given : text(given);
  if (traceId === undefined || name === undefined || value === undefined) return undefined;
  const comment = text(isScore ? all.reason : all.comment);
  const userId = text(all.feedbackUserId ?? all.userId ?? context.userId);
  const source = text(isScore ? (all.scoreSource ?? all.source) : (all.feedbackSource ?? all.source));
  const about = Object.fromEntries(withholder.members(all.metadata));
  const metadata = withoutWish(about);
  const id = text(isScore ? all.scoreId : all.feedbackId);
  const told = Object.fromEntries(withholder.members(all));
  return {
    plain: {
      kind,
      id: id && UUID.test(id) ? id : crypto.randomUUID(),
      time: milliseconds(all.timestamp) || Date.now(),
      traceId,
      ...(spanId && { spanId }),
      ...(metadata[RUN_ID] !== undefined && { metadata: { [RUN_ID]: metadata[RUN_ID] } }),
      // Of what follows, for where it may not leave.
      name: 'withheld',
      value: numberOf(value) ?? '[WITHHELD]',
      context: {},
      event: {},
    },
    said: {
      name,
      ...(id && !UUID.test(id) && { id }),
      ...(userId && { userId }),
      ...(source && { source }),
      context,
      event: Object.fromEntries(
        Object.entries(told).filter(([key, one]) => PLAIN.test(key) || typeof one === 'number'),
      ),
    },
    content: {
      ...(typeof value === 'string' && { value }),
      ...(comment && { comment }),
      ...(Object.keys(metadata).length > 0 && { metadata }),
      event: { ...told, ...(told.metadata ? { metadata } : {}) },
    },
    traceId,
    wish: wishIn(about),
    withheld: withholder.withheld || undefined,
  };
}

/** How long a trace may be on its way, and how often it is asked for after that. */
const PATIENCE_MS = 60_000;
const OLD_TRIES = 3;
const MAX_MISSES = 512;

/** Posts what an adapter makes of an annotation, which is the body that waits and is stored. */
class ScoreEndpoint extends Endpoint {
  readonly #adapter: ScoreAdapter;
  /** By the ids of those that the receiver does not know what they are on. */
  readonly #misses = new Map<string, number>();

  constructor(to: Destination, adapter: ScoreAdapter) {
    const route = (address: Address, body: Uint8Array): Posted => {
      const annotation = JSON.parse(new TextDecoder().decode(body)) as Annotation;
      // It was asked before: there is one, unless another version stored this.
      const request = adapter.request(annotation, address);
      const { url, headers = address.headers, body: json } = request ?? { ...address, body: annotation };
      return { at: { url, headers }, bytes: new TextEncoder().encode(JSON.stringify(json)) };
    };
    super(to, 'scores', route, false);
    this.#adapter = adapter;
  }

  override async post(payload: Payload, timeout: number): Promise<Answer> {
    const answer = await super.post(payload, timeout);
    const { status } = answer;
    const { patient, once } = this.#adapter;
    if (patient && status === 404 && this.#mayCome(payload.bytes)) {
      return { ...answer, status: 503, cause: 'not there yet (404)' };
    }
    if (once && mayHaveArrived(answer)) {
      const cause = `${answer.cause || `HTTP ${status}`}; it may have arrived, and is not sent twice`;
      return { ...answer, status: 500, cause };
    }
    return answer;
  }

  /**
   * Whether what an annotation is on may still come. One that is old is asked for a few times more: its
   * trace may have come out of a store just now.
   */
  #mayCome(body: Uint8Array): boolean {
    const { id, time } = JSON.parse(new TextDecoder().decode(body)) as Annotation;
    const misses = (this.#misses.get(id) ?? 0) + 1;
    const waits = misses < OLD_TRIES || Date.now() - time < PATIENCE_MS;
    if (waits) this.#misses.set(id, misses);
    else this.#misses.delete(id);
    if (this.#misses.size > MAX_MISSES) this.#misses.clear(); // some are asked for once more
    return waits;
  }
}
