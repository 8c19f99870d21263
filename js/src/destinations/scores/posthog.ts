import { asUuid } from '../uuid.js';
import { elsewhere, type ScoreAdapter } from './score.js';

/**
 * `POST /i/v0/ai/batch/`: the events `$ai_metric` and `$ai_feedback`, which their ids tell apart.
 * @param distinctId Whose they are where no user is named, as with spans.
 */
export const posthogScores = (distinctId?: string): ScoreAdapter => ({
  request(annotation, { url, headers }) {
    const { kind, id, time, traceId, spanId, name, value, comment, userId, metadata, context } = annotation;
    const said =
      kind === 'score'
        ? { $ai_metric_name: name, $ai_metric_value: value, $ai_metric_reason: comment }
        : {
            $ai_feedback_text: comment ?? `${value}`,
            feedback_id: id,
            feedback_type: name,
            feedback_value: value,
          };
    const event = {
      event: kind === 'score' ? '$ai_metric' : '$ai_feedback',
      distinct_id: userId ?? distinctId ?? traceId,
      uuid: asUuid(id),
      timestamp: new Date(time).toISOString(),
      properties: {
        ...metadata,
        $ai_trace_id: traceId,
        $ai_span_id: spanId,
        $ai_session_id: context.sessionId ?? context.threadId,
        ...said,
        ...(!userId && { $process_person_profile: false }),
      },
    };
    const target = elsewhere(url, /\/i\/v0\/ai\/otel.*$/, '/i/v0/ai/batch/');
    if (!target) return undefined;
    const key = (headers.authorization ?? '').replace(/^Bearer /, '');
    return {
      url: target,
      headers: {},
      body: { api_key: key, batch: [event] },
    };
  },
});
