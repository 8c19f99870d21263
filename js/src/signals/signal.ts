/**
 * Signals: what Mastra emits beside spans. This is the contract between an exporter and what it is given
 * as `signals`; nothing of them is bundled where none is imported.
 * @module
 */
import type { PipelineConfig } from '../core/pipeline.js';
import type { Destination } from '../destinations/destination.js';
import type { Engine } from '../engine/engine.js';
import type { Envelope } from '../engine/record.js';
import { defaultSpool, type Final, type Spool } from '../spool/spool.js';
import type { Tally } from '../transport/receipt.js';
import type { MastraFeedbackEvent, MastraScoreEvent } from '../mastra/types.js';
import type { Event } from './event.js';
import { type Hidden, stricter, type Wish } from './hidden.js';
import { hexId } from './otlp.js';

/** A log as Mastra emits it (`ExportedLog`). */
export interface MastraLog {
  timestamp: Date;
  traceId?: string;
  spanId?: string;
  level: string;
  message: string;
  data?: Record<string, unknown>;
  metadata?: Record<string, unknown>;
  tags?: readonly string[];
}

/** A metric's value as Mastra emits it (`ExportedMetric`). */
export interface MastraMetric {
  timestamp: Date;
  traceId?: string;
  spanId?: string;
  name: string;
  value: number;
  labels?: Record<string, string>;
  correlationContext?: object;
  costContext?: object;
}

/** The handlers that Mastra calls; an exporter has those of its signals. */
export interface SignalHandlers {
  onLogEvent?: (event: { log: MastraLog }) => void;
  onMetricEvent?: (event: { metric: MastraMetric }) => void;
  onScoreEvent?: (event: MastraScoreEvent) => void;
  onFeedbackEvent?: (event: MastraFeedbackEvent) => void;
  addScoreToTrace?: (score: TraceScore) => Promise<void>;
}

/** A score as Mastra hands it to `addScoreToTrace()`. */
export interface TraceScore {
  traceId: string;
  spanId?: string;
  score: number;
  reason?: string;
  scorerName: string;
  metadata?: Record<string, unknown>;
}

/** What an exporter gives its signals. */
export interface Inside {
  readonly engine: Engine;
  /** As the user gave them: what is off has secrets, too. */
  readonly destinations: unknown;
  readonly spool: Spool | false | undefined;
  /** What its runs want hidden; there for its signals. */
  readonly hidden?: Hidden | undefined;
}

/** What a signal knows of its exporter. */
export interface SignalHost {
  /** As spans have it. REQUIRES: Mastra has told its service name. */
  config(): Omit<PipelineConfig, 'destinations'>;
  /** Sends what all signals have, after the response. */
  send(): void;
  /** Says that an event was lost to a defect. */
  fail(error: unknown): void;
  /** Those that work. */
  readonly destinations: readonly Destination[];
  /** How many do not. */
  readonly off: number;
  readonly spool: Spool | undefined;
  /** All that the user gave, whether they work or not. */
  readonly given: readonly Destination[];
  /** Whether a run with this trace id goes on: at its end everything is sent. */
  running(traceId: string | undefined): boolean;
  /** Whether a run with this trace id goes on, and may tell yet what it wants hidden. */
  mayHide(traceId: string | undefined): boolean;
  /** What an event and its run want hidden, as far as is known. */
  wishOf(event: Event): Wish | undefined;
  /** Tells the user, once. */
  warn(message: string): void;
}

export function hostOf(inside: object): SignalHost {
  const { engine, destinations: given, spool, hidden } = inside as Inside;
  const running = (id: string | undefined): boolean => id !== undefined && engine.runs(id);
  return {
    config: () => engine.config,
    send: () => engine.send([]),
    fail: (error) => engine.fail(error, false, []),
    destinations: engine.lanes.flatMap((lane) => lane.destinations),
    off: engine.problems.length,
    given: Array.isArray(given) ? given.filter((one) => typeof one?.post === 'function') : [],
    spool: spool === false ? undefined : (spool ?? defaultSpool()),
    running,
    mayHide: (id) => running(id) && hidden?.goesOn(hexId(id, 32)) === true,
    wishOf: ({ traceId, wish }) => stricter(wish, hidden?.of(traceId)),
    warn: (message) => engine.log.warn(message, message, true),
  };
}

/** What an exporter asks of a signal. */
export interface SignalSink {
  /**
   * Sends what there is, and what `source` has; resolves when all is judged, stored or given up. `final`:
   * the exporter is shut down.
   */
  send(tally: Tally, source: Spool | undefined, final?: Final): Promise<void>;
  /** Adds what no tally was given yet. */
  peek(tally: Tally): void;
  /** Events that wait, once for each destination. */
  readonly pending: number;
  /** Takes what the user says of a trace. */
  annotate?(kind: 'score' | 'feedback', given: object): void;
}

/** What an exporter asks of all its signals together. */
export interface SignalSinks {
  /** Is shown each span that began or ended, with its content. Never throws. */
  heed?(ended: boolean, span: Envelope, content: object): void;
  /** Sends what there is, beside spans; counted apart from them (`tally.signals`). Never rejects. */
  send(tally: Tally, source: Spool | undefined, final?: Final): Promise<unknown>;
  /** Adds what no tally was given yet. */
  peek(total: Tally): void;
  readonly pending: number;
  /** Takes what the user says of a trace; false: no signal does. Never throws. */
  annotate(kind: 'score' | 'feedback', given: object): boolean;
}

/** Made by `logs()`, `metrics()` and `scores()` of `edgespan/signals`; pass it to an exporter. */
export interface Signal {
  readonly name: string;
  /**
   * For the exporter: opens all its signals. What passes between them (`Inside`, `SignalSinks`) is theirs
   * alone.
   */
  open(exporter: SignalHandlers, signals: readonly Signal[], inside: object): object;
  /** Sets the exporter's handlers. */
  connect(exporter: SignalHandlers, inside: object): object;
}
