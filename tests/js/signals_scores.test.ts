// Scores and feedback where a receiver knows nothing but spans: scores.test.ts has backends' own interfaces.
import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { createScorer } from '@mastra/core/evals';
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import { logs } from 'edgespan/signals';
import { traceStore } from 'edgespan/traces';
import type { WireSpan } from '../support/otlp.ts';
import { accounted, mastraOf, startSignals } from '../support/signals.ts';

const { make, sink, until } = await startSignals();

describe('scores and feedback', () => {
  test('where a receiver knows nothing but spans: a span of its own, with a link and the event', async () => {
    const { exporter, spans, at } = make();
    const timestamp = new Date(1_763_625_600_123);
    const scoreId = '12318e8d-d9d0-4b06-925c-bd134cd1c196';
    const traceId = 'da595fe34291987d6e8c39a2476469c7';
    const spanId = '3286c13af1d35de8';
    exporter.onScoreEvent?.({
      score: { scoreId, timestamp, traceId, spanId, scorerId: 'relevance', scorerName: 'Relevance', score: 0.82, reason: 'good', metadata: { m: 1 } },
    });
    exporter.addFeedback({ traceId, value: 'up', comment: 'nice', feedbackUserId: 'u1' });
    await exporter.addScoreToTrace?.({ traceId, score: 0.25, scorerName: 'old' });
    exporter.addScore({ traceId, spanId, name: 'short', value: 3, comment: 'why' });
    await until(() => at('traces').length === 4);
    const [score, feedback, old, short] = spans();
    assert.equal(score.traceId, scoreId.replaceAll('-', ''));
    assert.equal(score.parentSpanId, '');
    assert.equal(score.name, 'evaluate Relevance');
    assert.equal(score.kind, 1);
    assert.deepEqual(score.links.map((link) => [link.traceId, link.spanId]), [[traceId, spanId]]);
    const [event] = score.events;
    assert.equal(event.name, 'gen_ai.evaluation.result');
    assert.equal(event.time, 1_763_625_600_123_000_000n);
    assert.deepEqual(Object.fromEntries(event.attributes), {
      'gen_ai.evaluation.name': 'Relevance',
      'gen_ai.evaluation.score.value': 0.82,
      'gen_ai.evaluation.explanation': 'good',
    });
    for (const [key, value] of event.attributes) assert.equal(score.attributes.get(key), value);
    assert.equal(score.attributes.get('mastra.evaluated.span_id'), spanId);
    assert.equal(score.attributes.get('mastra.metadata.m'), 1n);
    assert.equal(score.resource.get('service.name'), 'signals');
    assert.deepEqual(feedback.links.map((link) => [link.traceId, link.spanId]), [[traceId, '']]);
    assert.equal(feedback.name, 'evaluate thumbs');
    assert.equal(feedback.attributes.get('gen_ai.evaluation.score.label'), 'up');
    assert.equal(feedback.attributes.get('user.id'), 'u1');
    assert.equal(old.attributes.get('gen_ai.evaluation.score.value'), 0.25);
    assert.equal(short.attributes.get('gen_ai.evaluation.explanation'), 'why');
    await exporter.flush();
    accounted(exporter.stats(), 4);
    assert.equal(exporter.stats().accepted, 0); // spans are spans
  });

  test("a real agent's scorers, its trace's annotations, and a kept trace", async () => {
    const { exporter, spans } = make({ keepTraces: traceStore() });
    const scorer = createScorer({ id: 'length', description: 'Length of the answer' })
      .generateScore(() => 0.5)
      .generateReason(() => 'half');
    const mastra = mastraOf([exporter], { length: { scorer } });
    const { traceId = '' } = await mastra.getAgent('a').generate('Weather?');
    await until(() => spans().some((one) => one.name === 'evaluate length'), 'the scorer');
    const scored = spans().find((one) => one.name === 'evaluate length');
    assert.equal(scored?.links[0].traceId, traceId);
    assert.equal(scored?.attributes.get('gen_ai.evaluation.explanation'), 'half');
    const trace = await exporter.getTrace(traceId);
    assert.ok(trace);
    assert.ok(trace.scores.some((one) => one.scorerId === 'length'));
    await until(() => spans().some((one) => one.spanId === scored?.links[0].spanId), 'what was scored');
    await trace.addFeedback({ value: 1, comment: 'by the trace' });
    const said = (): WireSpan | undefined =>
      spans().find((one) => one.attributes.get('gen_ai.evaluation.explanation') === 'by the trace');
    await until(() => said() !== undefined);
    assert.equal(said()?.links[0].traceId, traceId);
  });

  test('what is no signal is told of, and does no harm', () => {
    const told = mock.method(console, 'warn', () => {});
    for (const signals of [[{}], {}, 'logs', [null], [null, logs()], [logs(), {}]]) {
      const destinations = [otlp({ endpoint: sink.origin })];
      const exporter = new EdgespanExporter({ destinations, signals: signals as never });
      // What does work works, wherever it stands.
      assert.equal(exporter.onLogEvent !== undefined, Array.isArray(signals) && signals.length > 1);
    }
    const lines = told.mock.calls.map(({ arguments: [line] }) => String(line));
    told.mock.restore();
    assert.equal(lines.filter((line) => line.includes('`signals` holds')).length, 1, 'said once');
  });

  test('without scores() nothing is taken, and the user is told once', () => {
    const told: string[] = [];
    const exporter = new EdgespanExporter({ destinations: [otlp({ endpoint: sink.origin })] });
    const logger = { debug() {}, info() {}, error() {}, warn: (message: string) => void told.push(message) };
    exporter.__setLogger(logger);
    for (let i = 0; i < 3; i++) exporter.addScore({ traceId: 'a'.repeat(32), name: 'n', value: 1 });
    assert.equal(told.filter((one) => one.includes('scores()')).length, 1);
    assert.equal(exporter.onLogEvent, undefined);
    assert.equal(exporter.stats().signals, undefined);
  });
});
