/**
 * The part of Mastra's exporter contract that we use, structurally: no import of `@mastra/*`, so that
 * none is bundled twice and any version with this shape will do.
 * @module
 */


/** A span as Mastra exports it (`AnyExportedSpan`); all fields that are not named are content. */
export interface MastraSpan {
  id: string;
  traceId: string;
  name: string;
  type: string;
  startTime: Date;
  /** Absent on event spans and on spans that did not end. */
  endTime?: Date;
  isEvent: boolean;
  isRootSpan: boolean;
  parentSpanId?: string;
  externalParentSpanId?: string;
  /** What the span failed of; a span without it succeeded. */
  errorInfo?: object;
}

/** An event of a span's life (`TracingEvent`). */
export interface MastraTracingEvent {
  type: string;
  exportedSpan: MastraSpan;
}

/** What a score or feedback is about: a trace, or one of its spans. */
export interface Place {
  traceId: string;
  spanId?: string;
}

/** A score that Mastra emits (`ScoreEvent`); all fields that are not named are kept as well. */
export interface MastraScoreEvent {
  score: MastraScore;
}
export interface MastraScore {
  scoreId: string;
  timestamp: Date;
  traceId?: string;
  /** Absent for a score of the whole trace. */
  spanId?: string;
  scorerId: string;
  scorerName?: string;
  score: number;
  reason?: string;
  metadata?: Record<string, unknown>;
}

/** Feedback that Mastra emits (`FeedbackEvent`); all fields that are not named are kept as well. */
export interface MastraFeedbackEvent {
  feedback: MastraFeedback;
}
export interface MastraFeedback {
  feedbackId: string;
  timestamp: Date;
  traceId?: string;
  /** Absent for feedback on the whole trace. */
  spanId?: string;
  feedbackType: string;
  value: number | string;
  comment?: string;
  metadata?: Record<string, unknown>;
}

/** Mastra's way to all of its exporters (`ObservabilityEntrypoint`). */
export interface MastraObservability {
  addScore?(annotation: unknown): Promise<void>;
  addFeedback?(annotation: unknown): Promise<void>;
}

/** What Mastra hands to `init` (`InitExporterOptions`). */
export interface MastraInitOptions {
  mastra?: { observability?: MastraObservability };
  config?: {
    serviceName?: string;
    exporters?: readonly object[];
    sampling?: MastraSampling;
  };
}

/** Mastra's `sampling`. */
export interface MastraSampling {
  readonly type: string;
  readonly probability?: number;
}
