import { numberOf, type ScoreAdapter, uuid } from './score.js';

/** `POST /v1/evaluators/score`; what is no number goes as a span. */
export const laminarScores: ScoreAdapter = {
  request(annotation, { url }) {
    const { kind, traceId, spanId, name, value, comment, userId, metadata } = annotation;
    const score = numberOf(value);
    if (score === undefined) return undefined;
    const body = {
      name,
      score,
      source: 'Code',
      metadata: { ...metadata, kind, reason: comment, userId },
      ...(spanId ? { spanId: uuid(spanId) } : { traceId: uuid(traceId) }),
    };
    return { url: url.replace(/\/v1\/traces.*$/, '/v1/evaluators/score'), body };
  },
};
