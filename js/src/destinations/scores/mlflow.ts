import { elsewhere, type ScoreAdapter } from './score.js';

/** `POST /api/3.0/mlflow/traces/{id}/assessments`, which has no key to tell that it was sent before. */
export const mlflowScores: ScoreAdapter = {
  patient: true,
  once: true,
  request({ kind, traceId, spanId, name, value, comment, userId, source, metadata }, { url }) {
    const human = kind === 'feedback' || source === 'manual';
    const texts = Object.entries(metadata ?? {}).map(([key, one]) => [
      key,
      typeof one === 'string' ? one : JSON.stringify(one),
    ]);
    const assessment = {
      assessment_name: name,
      source: { source_type: human ? 'HUMAN' : 'CODE', source_id: userId ?? source ?? 'mastra' },
      feedback: { value },
      rationale: comment,
      span_id: spanId,
      metadata: Object.fromEntries(texts),
    };
    const path = `/api/3.0/mlflow/traces/tr-${traceId}/assessments`;
    const target = elsewhere(url, /\/v1\/traces.*$/, path);
    return target ? { url: target, body: { assessment } } : undefined;
  },
};
