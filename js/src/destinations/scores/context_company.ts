import { runOfFeedback } from '../run_id.js';
import { elsewhere, numberOf, type ScoreAdapter } from './score.js';

const MAX_TEXT = 2_000;

/**
 * `POST /v1/feedback`, by the run's id: that which the feedback's metadata names (`tcc.runId`), or that of a
 * run which this isolate sent, or of the root span that is named. There is no place for scores, nor for
 * feedback on a run that nothing names.
 */
export const contextCompanyScores: ScoreAdapter = {
  once: true,
  request({ kind, traceId, spanId, name, value, comment, metadata }, { url }) {
    const runId = runOfFeedback(traceId, spanId, metadata);
    if (kind === 'score' || !runId) return null;
    const number = numberOf(value);
    // A rating of some other scale (3 of 5) is neither up nor down: it is told in words.
    const score = number !== undefined && Math.abs(number) <= 1 ? number : undefined;
    const thumbs = name === 'thumbs' && score !== undefined;
    const text = thumbs ? comment : [`${name}: ${value}`, comment].filter(Boolean).join('. ');
    const body = {
      runId,
      score: score === undefined ? undefined : score >= 0.5 ? 'thumbs_up' : 'thumbs_down',
      text: text?.slice(0, MAX_TEXT),
    };
    const target = elsewhere(url, /\/v1\/mastra.*$/, '/v1/feedback');
    return target ? { url: target, body } : null;
  },
};
