// A second exporter beside the one under test, in the same configuration: it keeps what Mastra
// emitted, for the tests to compare with what arrived on the wire.
import type { ObservabilityExporter, TracingEvent } from '@mastra/core/observability';

export interface RecordedEvent {
  readonly type: TracingEvent['type'];
  /** The span as JSON data, taken at the moment of the event. */
  readonly span: unknown;
}

export class Recorder implements ObservabilityExporter {
  readonly name = 'recorder';
  readonly #events: string[] = [];

  onTracingEvent({ type, exportedSpan }: TracingEvent): void {
    this.#events.push(JSON.stringify({ type, span: exportedSpan }));
  }

  async exportTracingEvent(event: TracingEvent): Promise<void> {
    this.onTracingEvent(event);
  }

  get events(): RecordedEvent[] {
    return this.#events.map((event) => JSON.parse(event) as RecordedEvent);
  }

  serializeForSpan(): object {
    return { name: this.name };
  }

  async flush(): Promise<void> {}
  async shutdown(): Promise<void> {}
}
