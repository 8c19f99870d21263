import { numberOf, type ScoreAdapter, uuid } from './score.js';

const MAX_TEXT = 2_000;

/**
 * `POST /v1/feedback`, by the run's id: that which the feedback's metadata names, or the one that is made
 * of the trace's. There is no place for scores.
 */
export const contextCompanyScores: ScoreAdapter = {
  request(annotation, { url }) {
    const { kind, traceId, name, value, comment, metadata } = annotation;
    if (kind === 'score') return null;
    const given = metadata?.['tcc.runId'];
    const score = numberOf(annotation);
    const thumbs = name === 'thumbs' || value === 1 || value === -1;
    const text = thumbs ? comment : [`${name}: ${value}`, comment].filter(Boolean).join('. ');
    const body = {
      runId: typeof given === 'string' ? given : uuid(traceId),
      score: score === undefined ? undefined : score >= 0.5 ? 'thumbs_up' : 'thumbs_down',
      text: text?.slice(0, MAX_TEXT),
    };
    return { url: new URL('/v1/feedback', url).href, body };
  },
};
