import { elsewhere, numberOf, type ScoreAdapter, uuid } from './score.js';

/** `POST /v1/evaluators/score`; what is no number goes as a span. */
export const laminarScores: ScoreAdapter = {
  once: true,
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
    const target = elsewhere(url, /\/v1\/traces.*$/, '/v1/evaluators/score');
    return target ? { url: target, body } : undefined;
  },
};
