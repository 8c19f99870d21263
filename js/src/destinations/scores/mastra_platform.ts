import type { ScoreAdapter } from './score.js';

/** `POST …/ai/scores/publish` and `…/ai/feedback/publish`: Mastra's own events, as they are. */
export const mastraPlatformScores: ScoreAdapter = {
  request({ kind, event }, { url }) {
    const signal = kind === 'score' ? 'scores' : 'feedback';
    return { url: url.replace(/\/spans\/publish/, `/${signal}/publish`), body: { [signal]: [event] } };
  },
};
