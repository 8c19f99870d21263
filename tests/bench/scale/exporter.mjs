// The exporter that tests/bench/scale.mjs measures, in Node and in workerd: the package by its public
// entries, up to the body that is handed to fetch, which answers 200 and keeps nothing.
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';

/** The core's memory, as soon as it is there. */
let memory;
const { Instance } = WebAssembly;
WebAssembly.Instance = class extends Instance {
  constructor(module, imports) {
    super(module, imports);
    memory = this.exports.memory;
  }
};

/** Bytes of the core's memory. */
export const coreBytes = () => memory?.buffer.byteLength ?? 0;

/** An exporter whose work behind the response is done by settle(), not by timers. */
export function subject(delivery, maxRequestBytes) {
  const due = [];
  const { setTimeout } = globalThis;
  globalThis.setTimeout = (task, ms, ...rest) =>
    ms === 0 ? due.push(task) : setTimeout(task, ms, ...rest);
  const answer = new Response(null, { status: 200 });
  const sent = { requests: 0, bytes: 0 };
  globalThis.fetch = async (_, init) => {
    sent.requests++;
    sent.bytes += init.body.byteLength;
    return answer;
  };
  const kept = [];
  const exporter = new EdgespanExporter({
    serviceName: 'scale',
    destinations: [
      otlp({
        endpoint: 'http://127.0.0.1:4318',
        dropTypes: [],
        delivery,
        ...(delivery === 'whole' && { maxRequestBytes }),
      }),
    ],
    waitUntil: (promise) => kept.push(promise),
    logLevel: 'silent', // what is lost on purpose
  });
  return {
    exporter,
    sent,
    async settle() {
      while (due.length + kept.length > 0) {
        while (due.length > 0) due.shift()();
        await kept.shift();
      }
    },
  };
}
