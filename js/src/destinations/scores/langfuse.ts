import { elsewhere, type ScoreAdapter } from './score.js';

/** `POST /api/public/scores`; a score with the same id is the same score. */
export const langfuseScores: ScoreAdapter = {
  request({ id, traceId, spanId, name, value, comment, metadata, context }, { url }) {
    const dataType = typeof value === 'number' ? 'NUMERIC' : 'CATEGORICAL';
    const { environment } = context;
    const at = { traceId, observationId: spanId, environment };
    const body = { id, ...at, name, value, dataType, comment, metadata };
    const target = elsewhere(url, /\/otel\/v1\/traces.*$/, '/scores');
    return target ? { url: target, body } : undefined;
  },
};
