// Our exporter's full path, as Mastra and the platform would use it, up to the point where bytes leave for
// the network. In Node and in workerd.
import type { otlp } from 'edgespan/destinations';
import type { EdgespanExporter, EdgespanExporterOptions } from 'edgespan/mastra';
import { type Candidate, RESOURCE, SERVICE } from './candidate.ts';

/** A build of the package. */
export interface Package {
  EdgespanExporter: typeof EdgespanExporter;
  otlp: typeof otlp;
}

/** Other options, and how many requests a run makes with them. */
export interface Feature {
  options: EdgespanExporterOptions;
  expected: number;
}

/** Our exporter. The root's end hands the rest of the work to waitUntil, which first lets the
 *  response go (a timer of 0 ms); here the timer fires as soon as the last event is in. */
export function edgespan(
  { EdgespanExporter: Exporter, otlp }: Package,
  feature: (plain: EdgespanExporterOptions) => Feature = (options) => ({ options, expected: 1 }),
): Candidate {
  const due: (() => void)[] = [];
  const { setTimeout } = globalThis;
  globalThis.setTimeout = ((task: () => void, ms: number, ...rest: unknown[]) =>
    ms === 0 ? due.push(task) : setTimeout(task, ms, ...(rest as []))) as typeof setTimeout;

  let body: Uint8Array = new Uint8Array(0);
  let requests = 0;
  // What is read of an answer without a body; a Response would be bound to a request of workerd's.
  const answer = { status: 200, body: null, headers: new Headers() };
  globalThis.fetch = ((_: unknown, init?: RequestInit) => {
    body = init?.body as Uint8Array;
    requests++;
    return Promise.resolve(answer);
  }) as unknown as typeof fetch;

  const kept: Promise<unknown>[] = [];
  let accepted = 0;
  const plain: EdgespanExporterOptions = {
    serviceName: SERVICE,
    resourceAttributes: RESOURCE,
    destinations: [otlp({ endpoint: 'http://127.0.0.1:4318', dropTypes: [] })],
    waitUntil: (promise) => void kept.push(promise),
    onReceipt: (receipt) => {
      accepted += receipt.accepted;
    },
  };
  const { options, expected } = feature(plain);
  const exporter: EdgespanExporter = new Exporter(options);
  return {
    async run(events) {
      requests = accepted = 0;
      for (let i = 0; i < events.length; i++) exporter.onTracingEvent(events[i]);
      while (due.length > 0) due.pop()?.();
      while (kept.length > 0) await kept.pop();
      if (requests !== expected || (accepted === 0) !== (expected === 0)) {
        throw new Error(`${accepted} spans accepted in ${requests} requests, not ${expected}`);
      }
    },
    body: () => body,
  };
}
