import { elsewhere, type ScoreAdapter } from './score.js';

/** `POST …/ai/scores/publish` and `…/ai/feedback/publish`: Mastra's own events, as they are. */
export const mastraPlatformScores: ScoreAdapter = {
  request({ kind, event }, { url }) {
    const signal = kind === 'score' ? 'scores' : 'feedback';
    const target = elsewhere(url, /\/spans\/publish/, `/${signal}/publish`);
    return target ? { url: target, body: { [signal]: [event] } } : undefined;
  },
};
