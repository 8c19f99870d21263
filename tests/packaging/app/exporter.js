// What a user adds to an application to have it traced: with a redactor, which is a second module of
// WebAssembly, and sampled at both ends. What the second destination gets would arrive twice.
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import { redact } from 'edgespan/privacy';
import { always, never, onError, rules, tail, tokensOver } from 'edgespan/sampling';

/** Further options are those of platforms on which something is given by hand. */
export const exporters = (endpoint, options) => [
  new EdgespanExporter({
    destinations: [
      otlp({ endpoint, tail: tail({ keep: [tokensOver(299)] }) }),
      otlp({ endpoint, name: 'failures', tail: tail({ keep: [onError()] }) }),
    ],
    redact: redact(),
    sampling: rules([{ when: { type: 'agent_run' }, sample: always() }], never()),
    ...options,
  }),
];
