import { numberOf, type ScoreAdapter } from './score.js';

// The sites that Datadog has, of which an address may be: the key goes to no host that is made up of another.
const INTAKE =
  /^https:\/\/otlp\.(datadoghq\.(?:com|eu)|(?:us3|us5|ap1|ap2)\.datadoghq\.com|ddog-gov\.com)\//;

/**
 * `POST /api/intake/llm-obs/v2/eval-metric` of the site, which wants the application's name: without it,
 * and behind an Agent, it goes as a span. So does a score of a whole trace.
 * @param given The site that the user named; undefined where an address was given instead.
 */
export const datadogScores = (given: string | undefined): ScoreAdapter => ({
  once: true,
  request(annotation, { url, headers }) {
    const { kind, time, traceId, spanId, name, value, comment, userId, source, metadata } = annotation;
    const site = given ?? INTAKE.exec(url)?.[1];
    const app = headers['dd-ml-app'];
    const score = typeof value === 'number' ? value : undefined;
    const { 'dd-api-key': key } = headers;
    if (!site || !app || !key || (kind === 'score' && !spanId)) return undefined;
    const common = {
      label: name.replaceAll('.', '_'),
      ml_app: app,
      timestamp_ms: time,
      tags: [`ml_app:${app}`, 'source:otel'],
    };
    const metric =
      kind === 'score'
        ? {
            event_kind: 'evaluation',
            join_on: { span: { span_id: `${BigInt(`0x${spanId}`)}`, trace_id: traceId } },
            ...(score === undefined
              ? { metric_type: 'categorical', categorical_value: value }
              : { metric_type: 'score', score_value: score }),
            reasoning: comment,
            metadata,
          }
        : {
            event_kind: 'feedback',
            ...(spanId ? { span_id: `${BigInt(`0x${spanId}`)}` } : { trace_id: traceId }),
            ...(numberOf(value) === undefined
              ? { metric_type: 'text', text_value: [value, comment].filter(Boolean).join(': ') }
              : { metric_type: 'score', score_value: numberOf(value), reasoning: comment }),
            submitter: { id: userId ?? 'unknown', type: source },
          };
    return {
      url: `https://api.${site}/api/intake/llm-obs/v2/eval-metric`,
      headers: { 'dd-api-key': key },
      body: { data: { type: 'evaluation_metric', attributes: { metrics: [{ ...common, ...metric }] } } },
    };
  },
});
