// Scores and feedback at the backends that have an interface for them: what is posted, where, with what.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ExportedScore } from '@mastra/core/observability';
import * as destinations from 'edgespan/destinations';
import type { Destination } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import { scores } from 'edgespan/signals';
import { fake, ID, posted, SCORE, spanId, traceId } from '../support/scores.ts';

const KEPT = { m: 1, apiKey: '[REDACTED]' };

describe("backends' own interfaces", () => {
  test('Langfuse', async () => {
    const { sent } = await posted(destinations.langfuse({ publicKey: 'pk-lf-1', secretKey: 'sk-lf-1' }));
    const [score, feedback] = sent;
    assert.equal(score.url, 'https://cloud.langfuse.com/api/public/scores');
    assert.equal(score.headers.authorization, `Basic ${btoa('pk-lf-1:sk-lf-1')}`);
    assert.equal(score.headers['content-type'], 'application/json');
    assert.deepEqual(score.body, {
      id: ID,
      traceId,
      observationId: spanId,
      name: 'Relevance',
      value: 0.82,
      dataType: 'NUMERIC',
      comment: 'good',
      metadata: KEPT,
      environment: 'production',
    });
    assert.deepEqual(feedback.body, { id: ID, traceId, name: 'thumbs', value: 'up', dataType: 'CATEGORICAL', comment: 'nice' });
  });

  test("Langfuse: scores are in the environment of their trace, or in Mastra's where it may be one", async () => {
    const told = async (environment: string | undefined, options = {}, env = {}): Promise<unknown> => {
      fake.sent = [];
      const to = destinations.langfuse({ publicKey: 'pk-lf-1', secretKey: 'sk-lf-1', env, ...options });
      const exporter = new EdgespanExporter({ destinations: [to], signals: [scores()] });
      const score: ExportedScore = { ...SCORE, correlationContext: { environment } };
      exporter.onScoreEvent?.({ score });
      await exporter.flush();
      return fake.sent[0].body.environment;
    };
    assert.equal(await told('staging', { environment: 'eu' }), 'eu');
    assert.equal(await told(undefined, {}, { LANGFUSE_TRACING_ENVIRONMENT: 'eu' }), 'eu');
    assert.equal(await told('staging'), 'staging');
    assert.equal(await told('Prod Env'), undefined);
  });

  test('ids that are no UUID become one where nothing else is taken, and PostHog knows whose scores are', async () => {
    const bodies = [];
    for (const to of [
      destinations.langsmith({ apiKey: 'lsv2_1' }),
      destinations.posthog({ apiKey: 'phc_1', defaultDistinctId: 'team' }),
    ]) {
      fake.sent = [];
      const exporter = new EdgespanExporter({ destinations: [to], signals: [scores()] });
      exporter.onScoreEvent?.({ score: { ...SCORE, scoreId: 'order 66' } });
      await exporter.flush();
      bodies.push(fake.sent[0].body);
    }
    const id = destinations.runIdOf('', '', { 'tcc.runId': 'order 66' });
    const [event] = bodies[1].batch;
    assert.deepEqual([bodies[0].id, event.uuid, event.distinct_id], [id, id, 'team']);
  });

  test('LangSmith; of a whole trace as a span', async () => {
    const { sent } = await posted(destinations.langsmith({ apiKey: 'lsv2_1' }));
    assert.equal(sent[0].url, 'https://api.smith.langchain.com/feedback');
    assert.equal(sent[0].headers['x-api-key'], 'lsv2_1');
    const { id, run_id, trace_id, key, score, comment } = sent[0].body;
    assert.deepEqual([id, key, score, comment], [ID, 'Relevance', 0.82, 'good']);
    assert.equal(run_id, '00000000-0000-0000-3286-c13af1d35de8');
    assert.equal(trace_id, 'da595fe3-4291-987d-6e8c-39a2476469c7');
    assert.equal(sent[1].url, 'https://api.smith.langchain.com/otel/v1/traces');
    assert.match(sent[1].body, /gen_ai\.evaluation\.result/);
  });

  test('Braintrust, with the id of its project; without it as spans', async () => {
    const { sent } = await posted(destinations.braintrust({ apiKey: 'k', parent: 'project_id:p-1' }));
    assert.equal(sent[0].url, 'https://api.braintrust.dev/v1/project_logs/p-1/feedback');
    assert.deepEqual(sent[0].body.feedback, [
      { id: spanId, scores: { Relevance: 0.82 }, comment: 'good', metadata: { ...KEPT, source: 'live' }, source: 'external' },
    ]);
    const { sent: spans } = await posted(destinations.braintrust({ apiKey: 'k', projectName: 'p' }));
    assert.deepEqual(spans.map(({ url }) => url), new Array(2).fill('https://api.braintrust.dev/otel/v1/traces'));
  });

  test('Phoenix', async () => {
    const { sent } = await posted(destinations.phoenix({ endpoint: 'https://phoenix.example' }));
    assert.equal(sent[0].url, 'https://phoenix.example/v1/span_annotations');
    assert.deepEqual(sent[0].body.data, [
      {
        span_id: spanId,
        name: 'Relevance',
        annotator_kind: 'CODE',
        result: { score: 0.82, explanation: 'good' },
        metadata: { ...KEPT, source: 'live' },
        identifier: ID,
      },
    ]);
    assert.equal(sent[1].url, 'https://phoenix.example/v1/trace_annotations');
    const [one] = sent[1].body.data;
    assert.deepEqual([one.trace_id, one.annotator_kind, one.result], [traceId, 'HUMAN', { label: 'up', score: 1, explanation: 'nice' }]);
  });

  test('Datadog; without the name of the application as spans', async () => {
    const { sent } = await posted(destinations.datadog({ apiKey: 'dd', site: 'datadoghq.eu', mlApp: 'app' }));
    assert.equal(sent[0].url, 'https://api.datadoghq.eu/api/intake/llm-obs/v2/eval-metric');
    assert.deepEqual(sent[0].headers, { 'dd-api-key': 'dd', 'content-type': 'application/json' });
    const [metric] = sent[0].body.data.attributes.metrics;
    assert.deepEqual(metric.join_on.span, { span_id: `${BigInt(`0x${spanId}`)}`, trace_id: traceId });
    assert.deepEqual([metric.label, metric.metric_type, metric.score_value, metric.ml_app], ['Relevance', 'score', 0.82, 'app']);
    assert.ok(metric.tags.includes('source:otel'));
    const [said] = sent[1].body.data.attributes.metrics;
    assert.deepEqual([said.event_kind, said.trace_id, said.score_value, said.submitter.id], ['feedback', traceId, 1, 'u1']);
    const { sent: spans } = await posted(destinations.datadog({ apiKey: 'dd' }));
    assert.ok(spans.every(({ url }) => url === 'https://otlp.datadoghq.com/v1/traces'));
  });

  test('Laminar', async () => {
    const { sent } = await posted(destinations.laminar({ apiKey: 'k' }));
    assert.equal(sent[0].url, 'https://api.lmnr.ai/v1/evaluators/score');
    const { name, score, spanId: span } = sent[0].body;
    assert.deepEqual([name, score, span], ['Relevance', 0.82, '00000000-0000-0000-3286-c13af1d35de8']);
    assert.deepEqual([sent[1].body.score, sent[1].body.traceId], [1, 'da595fe3-4291-987d-6e8c-39a2476469c7']);
  });

  test('PostHog', async () => {
    const { sent } = await posted(destinations.posthog({ apiKey: 'phc_1' }));
    assert.equal(sent[0].url, 'https://us.i.posthog.com/i/v0/ai/batch/');
    assert.equal(sent[0].body.api_key, 'phc_1');
    const [score] = sent[0].body.batch;
    assert.deepEqual([score.event, score.uuid, score.distinct_id], ['$ai_metric', ID, traceId]);
    assert.equal(score.properties.$ai_metric_value, 0.82);
    const [feedback] = sent[1].body.batch;
    assert.deepEqual([feedback.event, feedback.distinct_id, feedback.timestamp], ['$ai_feedback', 'u1', '2025-11-20T08:00:00.123Z']);
    const { $ai_trace_id, $ai_feedback_text, feedback_type, feedback_value, $ai_session_id } = feedback.properties;
    assert.deepEqual([$ai_trace_id, $ai_feedback_text, feedback_type, feedback_value, $ai_session_id], [traceId, 'nice', 'thumbs', 'up', 's1']);
  });

  test('MLflow: waits for the trace, and never sends twice what may have arrived', async () => {
    const mlflow = (): Destination => destinations.mlflow({ experimentId: '1', endpoint: 'http://mlflow.example:5000' });
    const missing = (): Response => new Response('{"error_code":"RESOURCE_DOES_NOT_EXIST"}', { status: 404 });
    const { sent, receipt } = await posted(mlflow(), missing);
    assert.equal(sent.length, 3);
    assert.equal(sent[0].url, `http://mlflow.example:5000/api/3.0/mlflow/traces/tr-${traceId}/assessments`);
    assert.deepEqual(sent[0].body.assessment, {
      assessment_name: 'Relevance',
      source: { source_type: 'CODE', source_id: 'live' },
      feedback: { value: 0.82 },
      rationale: 'good',
      span_id: spanId,
      metadata: { m: '1', apiKey: '[REDACTED]' },
    });
    assert.equal(receipt.signals?.retried, 1);
    const gone = (): Response => {
      throw new Error('connection lost');
    };
    const lost = await posted(mlflow(), gone);
    assert.equal(lost.sent.length, 2);
    assert.equal(lost.receipt.signals?.rejected, 1);
    assert.match(lost.receipt.signals?.errors[0]?.message ?? '', /may have arrived/);
  });

  test('The Context Company: feedback by the run, no scores', async () => {
    const { sent, receipt } = await posted(destinations.contextCompany({ apiKey: 'dev_k' }));
    assert.deepEqual(receipt.signals?.dropped, { leftOut: 1 });
    assert.equal(sent.length, 0); // nothing says which run the feedback is on
    const exporter = new EdgespanExporter({ destinations: [destinations.contextCompany({ apiKey: 'dev_k' })], signals: [scores()] });
    exporter.addFeedback({ traceId, value: 'down', comment: 'no', metadata: { 'tcc.runId': 'order 66' } });
    exporter.addFeedback({ traceId, spanId, feedbackType: 'rating', value: 4 });
    exporter.addFeedback({ traceId, spanId, feedbackType: 'rating', value: 0.9 });
    await exporter.flush();
    assert.deepEqual(sent.map(({ url }) => url), new Array(3).fill('https://dev.thecontext.company/v1/feedback'));
    assert.deepEqual(sent.map(({ body }) => body), [
      { runId: destinations.runIdOf(traceId, '', { 'tcc.runId': 'order 66' }), score: 'thumbs_down', text: 'no' },
      { runId: destinations.runIdOf(traceId, spanId), text: 'rating: 4' },
      { runId: destinations.runIdOf(traceId, spanId), score: 'thumbs_up', text: 'rating: 0.9' },
    ]);
  });

  test('The Context Company: of feedback that may say nothing the run is still known', async () => {
    const { sent } = await posted(destinations.contextCompany({ apiKey: 'dev_k' }));
    const exporter = new EdgespanExporter({ destinations: [destinations.contextCompany({ apiKey: 'dev_k' })], signals: [scores()] });
    const metadata = { 'tcc.runId': 'order 66', 'edgespan.content': 'off', by: 'jane' };
    exporter.addFeedback({ traceId, value: 1, comment: 'no', metadata });
    await exporter.flush();
    assert.deepEqual(sent.map(({ url, body }) => [url, body]), [
      [
        'https://dev.thecontext.company/v1/feedback',
        { runId: destinations.runIdOf(traceId, '', { 'tcc.runId': 'order 66' }), score: 'thumbs_up' },
      ],
    ]);
  });

  test('The Context Company: feedback may have an address of its own', async () => {
    const at = async (options: object, TCC_FEEDBACK_URL: string): Promise<string> => {
      fake.sent = [];
      const env = { TCC_API_KEY: 'dev_k', TCC_FEEDBACK_URL };
      const to = destinations.contextCompany({ env, ...options });
      const exporter = new EdgespanExporter({ destinations: [to], signals: [scores()] });
      exporter.addFeedback({ traceId, spanId, value: 'up' });
      await exporter.flush();
      return fake.sent[0].url;
    };
    const variable = 'https://feedback.example/v1/feedback';
    assert.equal(await at({}, variable), variable);
    assert.equal(await at({ feedbackUrl: 'https://own.example' }, variable), 'https://own.example/v1/feedback');
    assert.equal(await at({ endpoint: 'https://own.example' }, variable), 'https://own.example/v1/feedback');
    const { problem } = destinations.contextCompany({ env: { TCC_API_KEY: 'k', TCC_FEEDBACK_URL: 'none' } });
    assert.match(problem ?? '', /^`feedbackUrl` \(or TCC_FEEDBACK_URL\) is not a URL$/);
  });

  test("Mastra's platform: its own events; a quota is a pause", async () => {
    const platform = (): Destination => destinations.mastraPlatform({ accessToken: 't', projectId: 'p', retryBudget: 300 });
    const { sent } = await posted(platform());
    assert.equal(sent[0].url, 'https://observability.mastra.ai/projects/p/ai/scores/publish');
    const { timestamp, ...rest } = SCORE;
    assert.deepEqual(sent[0].body, { scores: [{ ...rest, timestamp: timestamp.toISOString(), metadata: KEPT }] });
    assert.equal(sent[1].url, 'https://observability.mastra.ai/projects/p/ai/feedback/publish');
    const quota = await posted(platform(), () => new Response(null, { status: 402 }));
    assert.match(quota.receipt.signals?.errors[0]?.message ?? '', /quota/);
  });

  test('Traceloop, with a task; without one as spans', async () => {
    const { sent } = await posted(destinations.traceloop({ apiKey: 'k', annotationTask: 'my task' }));
    assert.equal(sent[0].url, 'https://api.traceloop.com/v2/annotation-tasks/my%20task/annotations');
    assert.deepEqual(sent[0].body, {
      entity_instance_id: traceId,
      tags: { Relevance: 0.82, comment: 'good' },
      source: 'sdk',
      flow: 'evaluation',
      actor: { type: 'service', id: 'live' },
    });
    const { sent: spans } = await posted(destinations.traceloop({ apiKey: 'k' }));
    assert.ok(spans.every(({ url }) => url.endsWith('/v1/traces')));
  });

  test('several at once: each in its own way, none with another\'s credentials', async () => {
    fake.sent = [];
    fake.answers = [];
    const exporter = new EdgespanExporter({
      destinations: [
        destinations.langfuse({ publicKey: 'pk-lf-1', secretKey: 'sk-lf-1' }),
        destinations.honeycomb({ apiKey: 'hc-key-1' }),
        destinations.posthog({ apiKey: 'phc_1' }),
      ],
      signals: [scores()],
    });
    exporter.onScoreEvent?.({ score: SCORE });
    const { signals } = await exporter.flush();
    assert.equal(signals?.accepted, 3);
    assert.deepEqual(fake.sent.map(({ url }) => new URL(url).hostname).sort(), ['api.honeycomb.io', 'cloud.langfuse.com', 'us.i.posthog.com']);
    for (const { url, headers } of fake.sent) {
      assert.equal(headers.authorization?.startsWith('Basic') ?? false, url.includes('langfuse'));
      assert.equal('x-honeycomb-team' in headers, url.includes('honeycomb'));
    }
  });
});
