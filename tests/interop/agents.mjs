// Runs of real agents in workerd (worker/), each traced to all real servers at once, and what Mastra
// recorded of them.
import { rm } from 'node:fs/promises';
import { bundleWorker, startWorker } from '../support/workerd.ts';

/**
 * What happened in a run, by its name:
 *   traces    its ended spans (Mastra's words), by the trace's id
 *   heard     what its models were given and answered, call by call
 *   calls     the ids of those calls' spans
 *   judgements  scores and feedback that there were, where a run says so
 *   receipts  of its exporter, one for each destination and delivery
 *
 * @param receivers where to send: { kind, endpoint }
 */
export async function runAgents(receivers, log) {
  const bundle = await bundleWorker(new URL('./worker/', import.meta.url));
  const worker = await startWorker(bundle, { DESTINATIONS: JSON.stringify(receivers) });
  try {
    const ask = async (path, method = 'GET') => {
      const response = await worker.dispatchFetch(`http://worker${path}`, { method });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return response.json();
    };
    const runs = new Map();
    for (const name of await ask('/runs')) {
      const { result, error } = await ask(`/run?name=${name}`, 'POST');
      if (error) throw new Error(`${name}: ${error}`);
      const { judgements } = result ?? {};
      runs.set(name, { ...(await settled(ask, name, receivers)), judgements });
    }
    log(`${runs.size} runs of agents`);
    return runs;
  } finally {
    await worker.dispose();
    await rm(bundle, { recursive: true });
  }
}

/** A run once all its roots have ended and each destination has answered for all its spans. */
async function settled(ask, name, receivers) {
  for (let tries = 0; ; tries++) {
    const { events, heard, receipts } = await ask(`/recorded?name=${name}`);
    const roots = (type) => events.filter((e) => e.type === type && e.span.isRootSpan).length;
    const ended = events.filter((e) => e.type === 'span_ended').map((e) => e.span);
    // A span counts once for each destination.
    const accounted = receipts.reduce((sum, receipt) => sum + countOf(receipt), 0);
    const sent = ended.filter(({ type }) => type !== 'model_chunk'); // what destinations want
    const whole = accounted >= sent.length * receivers.length;
    if (roots('span_started') > 0 && roots('span_started') === roots('span_ended') && whole) {
      const traces = new Map();
      for (const span of ended) traces.set(span.traceId, [...(traces.get(span.traceId) ?? []), span]);
      const calls = events
        .filter((e) => e.type === 'span_started' && e.span.type === 'model_inference')
        .map((e) => ended.find(({ id }) => id === e.span.id) ?? e.span)
        // A run that was resumed tells the call that it was suspended in again, without asking the model.
        .filter(({ attributes }) => attributes?.parameters)
        .map(({ id }) => id);
      return { traces, heard, calls, receipts };
    }
    if (tries === 600) throw new Error(`${name} did not arrive: ${JSON.stringify(receipts)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const countOf = ({ accepted, rejected, dropped: { leftOut, ...lost } }) =>
  Object.values(lost).reduce((sum, n) => sum + n, accepted + rejected);
