/**
 * Scores and feedback for receivers that know nothing but spans: a short span in a trace of its own,
 * with a link to what is scored and OpenTelemetry's event for it, `gen_ai.evaluation.result`. Its
 * attributes say the same, for receivers that show neither events nor links.
 * @module
 */
import { type PipelineConfig, pipelineFor, type Pipeline } from '../core/pipeline.js';
import { FLAG_IS_ROOT, FLAG_OTEL, LOSS_FAILED, LOSS_MEMORY, STAT_REDACTED, STAT_UNREAD } from '../core/schema.gen.js';
import type { Destination } from '../destinations/destination.js';
import { type Annotation, numberOf } from '../destinations/scores/score.js';
import { recordEnd } from '../engine/record.js';
import type { MastraSpan } from '../mastra/types.js';
import { deliver } from '../transport/deliver.js';
import { Tally } from '../transport/receipt.js';
import { alike, annotationOf, type Event, eventFor } from './event.js';
import type { SignalHost } from './signal.js';

const MAX_WAITING = 512;
const LANE = -4;

interface Waiting {
  readonly event: Event;
  readonly to: readonly Destination[];
}

export class Evaluations {
  readonly #host: SignalHost;
  #waiting: Waiting[] = [];
  #lost = new Tally();
  readonly #pipelines = new Set<Pipeline>();

  constructor(host: SignalHost) {
    this.#host = host;
  }

  get pending(): number {
    const waiting = this.#waiting.reduce((sum, { to }) => sum + to.length, 0);
    return [...this.#pipelines].reduce((sum, { pending }) => sum + pending, waiting);
  }

  put(event: Event, to: readonly Destination[]): void {
    if (to.length === 0) return;
    this.#waiting.push({ event, to });
    if (this.#waiting.length > MAX_WAITING) {
      const [oldest] = this.#waiting.splice(0, 1);
      this.#lost.lose(LOSS_MEMORY, oldest.to.length);
    }
  }

  async send(tally: Tally): Promise<void> {
    tally.add(this.#lost);
    this.#lost = new Tally();
    // Those for the same destinations together; their names may be equal.
    const groups: Waiting[][] = [];
    const waiting = this.#waiting.splice(0);
    let config: Omit<PipelineConfig, 'destinations'>;
    try {
      config = this.#host.config();
    } catch (error) {
      for (const { to } of waiting) tally.lose(LOSS_FAILED, to.length);
      return this.#host.fail(error);
    }
    for (const { event, to } of waiting) {
      for (const part of alike(to, config)) {
        const group = groups.find(([one]) => isSame(one.to, part));
        if (group) group.push({ event, to: part });
        else groups.push([{ event, to: part }]);
      }
    }
    const withheld = (values: number): void => void (tally.spans[STAT_UNREAD] += values);
    const redacted = (values: number): void => void (tally.spans[STAT_REDACTED] += values);
    for (const group of groups) {
      const [{ to }] = group;
      let left = group.length;
      try {
        const pipeline = pipelineFor({ ...config, destinations: to }, LANE);
        this.#pipelines.add(pipeline);
        for (const { event } of group) {
          const shown = await eventFor(event, to[0], config, this.#host.wishOf(event), async (redaction, parts, cuts) => {
            const { said, content } = parts as Event;
            const about = { kind: 'score', withheld, redacted } as const;
            // The core redacts, as of all spans, a hook is asked before; but what is cut here is redacted here.
            const [one, other] = await Promise.all([
              redaction.shown(cuts ? { said } : parts, about),
              cuts && redaction.event(pipeline, 0, { content }, about),
            ]);
            return { ...one, ...other };
          });
          const span = spanOf(annotationOf(shown));
          recordEnd(pipeline, span, span, FLAG_OTEL | FLAG_IS_ROOT);
          left--;
          pipeline.commit();
        }
        await deliver(pipeline, to, 0, tally, this.#host.spool);
      } catch (error) {
        tally.lose(LOSS_FAILED, left * to.length);
        this.#host.fail(error);
      }
    }
  }

  peek(tally: Tally): void {
    tally.add(this.#lost);
    for (const pipeline of this.#pipelines) pipeline.settle(tally, true);
  }
}

function isSame(one: readonly Destination[], other: readonly Destination[]): boolean {
  return one.length === other.length && one.every((to, i) => to === other[i]);
}

/** The span, in OpenTelemetry's schema. Its ids are the annotation's own, where that is a UUID. */
function spanOf(annotation: Annotation): MastraSpan {
  const { kind, id, time, traceId, spanId, name, value, comment } = annotation;
  const { userId, source, metadata, context } = annotation;
  const digits = id.replaceAll('-', '').toLowerCase();
  const own = /^[0-9a-f]{32}$/.test(digits) ? digits : crypto.randomUUID().replaceAll('-', '');
  const result = {
    'gen_ai.evaluation.name': name,
    'gen_ai.evaluation.score.value': numberOf(value),
    'gen_ai.evaluation.score.label': typeof value === 'string' ? value : undefined,
    'gen_ai.evaluation.explanation': comment,
  };
  const about = {
    'mastra.evaluation.kind': kind,
    'mastra.evaluation.id': id,
    'mastra.evaluation.source': source,
    'mastra.evaluated.trace_id': traceId,
    'mastra.evaluated.span_id': spanId,
    'user.id': userId,
    'session.id': context.sessionId ?? context.threadId,
    'gen_ai.conversation.id': context.threadId,
  };
  const more = Object.entries(metadata ?? {}).map(([key, one]) => [`mastra.metadata.${key}`, one]);
  const at = new Date(time);
  const content = {
    attributes: { ...result, ...about, ...Object.fromEntries(more) },
    events: [{ name: 'gen_ai.evaluation.result', time, attributes: result }],
    links: [{ traceId, spanId }],
  };
  return {
    id: own.slice(16),
    traceId: own,
    name: `evaluate ${name}`,
    type: 'generic',
    startTime: at,
    endTime: at,
    isEvent: false,
    isRootSpan: true,
    ...content,
  };
}
