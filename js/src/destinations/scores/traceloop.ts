import { elsewhere, numberOf, type ScoreAdapter } from './score.js';

/**
 * `POST /v2/annotation-tasks/{task}/annotations`: a task that exists there, bound to an association
 * property that is the trace's id.
 */
export function traceloopScores(task: string): ScoreAdapter {
  return {
    once: true,
    request(annotation, { url }) {
      const { kind, traceId, name, value, comment, userId, source } = annotation;
      const body = {
        entity_instance_id: traceId,
        tags: { [name]: numberOf(value) ?? value, ...(comment && { comment }) },
        source: 'sdk',
        flow: kind === 'feedback' ? 'user_feedback' : 'evaluation',
        actor: userId ? { type: 'user', id: userId } : { type: 'service', id: source ?? 'mastra' },
      };
      const path = `/v2/annotation-tasks/${encodeURIComponent(task)}/annotations`;
      const target = elsewhere(url, /\/v1\/traces.*$/, path);
      return target ? { url: target, body } : undefined;
    },
  };
}
