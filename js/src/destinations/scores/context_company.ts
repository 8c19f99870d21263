import { runIdOf } from '../run_id.js';
import { numberOf, type ScoreAdapter } from './score.js';

const MAX_TEXT = 2_000;

/**
 * `POST /v1/feedback`, by the run's id: `tcc.runId` of the metadata, or what is made of the trace's and,
 * where feedback is on the root span, the root's. There is no place for what names neither, nor for scores.
 */
export const contextCompanyScores: ScoreAdapter = {
  request({ kind, traceId, spanId, name, value, comment, metadata }, { url }) {
    if (kind === 'score' || !(spanId || metadata?.['tcc.runId'])) return null;
    const score = numberOf(value);
    const thumbs = name === 'thumbs' && score !== undefined;
    const text = thumbs ? comment : [`${name}: ${value}`, comment].filter(Boolean).join('. ');
    const body = {
      runId: runIdOf(traceId, spanId ?? '', metadata),
      score: score === undefined ? undefined : score >= 0.5 ? 'thumbs_up' : 'thumbs_down',
      text: text?.slice(0, MAX_TEXT),
    };
    return { url: url.replace(/\/v1\/mastra.*$/, '/v1/feedback'), body };
  },
};
