import { elsewhere, type ScoreAdapter } from './score.js';

/**
 * `POST /api/public/scores`; a score with the same id is the same score.
 * @param own The environment of the destination's traces, which their scores belong to. Without one
 *     Mastra's, where Langfuse takes it for a name.
 */
export const langfuseScores = (own?: string): ScoreAdapter => ({
  request({ id, traceId, spanId, name, value, comment, metadata, context }, { url }) {
    const dataType = typeof value === 'number' ? 'NUMERIC' : 'CATEGORICAL';
    const told = `${context.environment ?? ''}`;
    const environment = own ?? (/^(?!langfuse)[a-z0-9_-]{1,40}$/.test(told) ? told : undefined);
    const at = { traceId, observationId: spanId, environment };
    const body = { id, ...at, name, value, dataType, comment, metadata };
    const target = elsewhere(url, /\/otel\/v1\/traces.*$/, '/scores');
    return target ? { url: target, body } : undefined;
  },
});
