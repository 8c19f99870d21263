// What the bridge holds of a run goes with it: contexts (and with them requests) are let go when spans end,
// also those that Mastra never exports.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { EdgespanBridge } from 'edgespan/mastra';
import { otlp } from 'edgespan/destinations';
import { active, alwaysOff, EdgespanTracerProvider, parentBased, withContext } from 'edgespan/otel';
import { type Config, generate, mastraOf, start } from '../support/office.ts';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;
const REQUEST = Symbol('request');

const dropped = { name: 'none', process: () => undefined, async shutdown() {} };
const CASES: [name: string, config: object][] = [
  ['all spans', {}],
  ['types left out', { excludeSpanTypes: ['tool_call', 'agent_run', 'workflow_run'] }],
  ['a filter', { spanFilter: ({ type }: { type: string }) => !/tool_call|workflow_step/.test(type) }],
  // What is filtered only once it has ended was there when it began.
  ['a filter of ended spans', { spanFilter: ({ endTime }: { endTime?: Date }) => !endTime }],
  ['a processor that drops all', { spanOutputProcessors: [dropped] }],
  ['nothing sampled', { sampling: { type: 'never' } }],
  ['internal spans', { includeInternalSpans: true }],
];

for (const [name, more] of CASES) {
  test(`${name}: no context outlives its run`, async () => {
    // Nothing is sent: Node's sockets hold on to the context that opened them.
    const destinations = [otlp({ endpoint: 'http://127.0.0.1:9' })];
    const provider = new EdgespanTracerProvider({ destinations, sampler: parentBased({ root: alwaysOff }) });
    const bridge = new EdgespanBridge({ provider });
    let fails = false;
    const mastra = mastraOf({ bridge, ...more } as Config, async () => {
      fails = !fails;
      if (fails) throw new Error('jammed');
      return {};
    });
    const requests: WeakRef<object>[] = [];
    for (const call of [generate, start, generate, start, generate]) {
      const request = { body: new Uint8Array(1000) };
      requests.push(new WeakRef(request));
      await withContext(active().setValue(REQUEST, request), () => call()(mastra));
    }
    await mastra.observability.flush();
    // The last one's is Node's.
    const held = (): number => requests.slice(0, -1).filter((ref) => ref.deref()).length;
    for (let tries = 0; tries < 20 && held() > 0; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      gc();
    }
    assert.equal(held(), 0);
  });
}
