import { asUuid } from '../uuid.js';
import { elsewhere, numberOf, type ScoreAdapter, uuid } from './score.js';

/**
 * `POST /feedback`. Runs that come as spans have ids made of theirs; what is said of a whole trace names
 * none, and goes as a span.
 */
export const langsmithScores: ScoreAdapter = {
  patient: true,
  request(annotation, { url }) {
    const { kind, id, traceId, spanId, name, value, comment, userId, source, metadata } = annotation;
    if (!spanId) return undefined;
    const body = {
      id: asUuid(id),
      run_id: uuid(spanId),
      trace_id: uuid(traceId),
      key: name,
      score: numberOf(value),
      value: typeof value === 'string' ? value : undefined,
      comment,
      feedback_source: { type: 'api', metadata: { ...metadata, kind, source, userId } },
    };
    const target = elsewhere(url, /\/otel\/v1\/traces.*$/, '/feedback');
    return target ? { url: target, body } : undefined;
  },
};
