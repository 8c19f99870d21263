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
}

/** An event of a span's life (`TracingEvent`). */
export interface MastraTracingEvent {
  type: string;
  exportedSpan: MastraSpan;
}

/** What Mastra hands to `init` (`InitExporterOptions`). */
export interface MastraInitOptions {
  config?: { serviceName?: string };
}
