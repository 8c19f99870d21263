import { elsewhere, numberOf, type ScoreAdapter } from './score.js';

/**
 * `POST /v1/project_logs/{project}/feedback`, where the parent is a project with its id; otherwise, and
 * for what is said of a whole trace, it goes as a span. A row's id is its span's.
 */
export const braintrustScores: ScoreAdapter = {
  patient: true,
  request(annotation, { url, headers }) {
    const { spanId, name, value, comment, userId, source, metadata } = annotation;
    const [, project] = /^project_id:(.+)$/.exec(headers['x-bt-parent'] ?? '') ?? [];
    if (!project || !spanId) return undefined;
    const score = numberOf(value);
    const scored = score !== undefined && score >= 0 && score <= 1; // it takes no others
    const said = scored ? comment : [`${name}: ${value}`, comment].filter(Boolean).join('. ');
    const row = {
      id: spanId,
      scores: scored ? { [name]: score } : undefined,
      comment: said,
      metadata: { ...metadata, source, userId },
      source: 'external',
    };
    const path = `/v1/project_logs/${encodeURIComponent(project)}/feedback`;
    const target = elsewhere(url, /\/otel\/v1\/traces.*$/, path);
    return target ? { url: target, body: { feedback: [row] } } : undefined;
  },
};
