// Workflows: one with every kind of step, and two that only return a value.
import { WorkflowEntrypoint } from 'cloudflare:workers';
import { type InstrumentOptions, instrumentWorkflow } from 'edgespan/cloudflare';

type Env = Record<string, any>;

export function flowsOf(config: (env: Env) => InstrumentOptions) {
  const Flow = instrumentWorkflow(
    class Flow extends WorkflowEntrypoint<Env, { fail: boolean }> {
      async run(event: any, step: any) {
        const first = await step.do('first', async () => {
          await this.env.KV.put('step', '1');
          return 1;
        });
        await step.sleep('nap', 50);
        let attempts = 0;
        const second = await step.do(
          'second',
          { retries: { limit: 2, delay: 10, backoff: 'constant' } },
          async () => {
            if (++attempts < 2) throw new Error('once more');
            return first + 1;
          },
        );
        const { payload } = await step.waitForEvent('poke', { type: 'go', timeout: '1 minute' });
        if (event.payload.fail) throw new Error('flow failed');
        return second + payload;
      }
    },
    config,
  );

  // Not async, with ids that both have.
  class Plainly extends WorkflowEntrypoint<Env> {
    run() {
      return 'plain value';
    }
  }
  const FlowA = instrumentWorkflow(class FlowA extends Plainly {}, config);
  const FlowB = instrumentWorkflow(class FlowB extends Plainly {}, config);
  return { Flow, FlowA, FlowB };
}
