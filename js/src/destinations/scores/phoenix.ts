import { elsewhere, numberOf, type ScoreAdapter } from './score.js';

/** `POST /v1/span_annotations`, or that of traces; one with the same identifier is replaced. */
export const phoenixScores: ScoreAdapter = {
  patient: true,
  request(annotation, { url }) {
    const { kind, id, traceId, spanId, name, value, comment, userId, source, metadata } = annotation;
    const one = {
      ...(spanId ? { span_id: spanId } : { trace_id: traceId }),
      name,
      annotator_kind: kind === 'feedback' || source === 'manual' ? 'HUMAN' : 'CODE',
      result: {
        label: typeof value === 'string' ? value : undefined,
        score: numberOf(value),
        explanation: comment,
      },
      metadata: { ...metadata, source, userId },
      identifier: id,
    };
    const path = `/v1/${spanId ? 'span' : 'trace'}_annotations`;
    const target = elsewhere(url, /\/v1\/traces.*$/, path);
    return target ? { url: target, body: { data: [one] } } : undefined;
  },
};
