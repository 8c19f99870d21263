// What redaction costs of encoding a run, with `redact()` and without: of all of it, from the first event
// until the body is handed to `fetch`, and of what the core does of that, from tapes to records
// (edgespan_commit) and from those to the body (edgespan_cut). Of tests/bench/scale.mjs, in a process of
// its own; prints JSON: of each workload the medians in microseconds, and what is added to all of it and
// to the core's part, each as a part of that, with its quarters.
//
//   node --expose-gc tests/bench/scale/cost.mjs WORKLOAD...
//
// Runs are new for each pass, the two exporters take turns at the same run. The clock is the wall's, for
// no other counts so little; what interrupts is in few samples.
import { otlp } from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import { redact } from 'edgespan/privacy';
import { fresh, sources } from '../workloads.ts';

const ROUNDS = { W1: 2_400, W2: 1_200, W2U: 1_200, W3: 60 };

const spent = { commit: 0, cut: 0, encode: 0 };
const now = () => Number(process.hrtime.bigint()) / 1_000;
const { Instance } = WebAssembly;
/** The core, with a clock around two of its calls. */
WebAssembly.Instance = class extends Instance {
  #timed;
  get exports() {
    if (this.#timed) return this.#timed;
    const calls = { ...super.exports };
    for (const name of Object.keys(spent)) {
      const call = calls[`edgespan_${name}`];
      if (!call) continue;
      calls[`edgespan_${name}`] = (...numbers) => {
        const begin = now();
        const answer = call(...numbers);
        spent[name] += now() - begin;
        return answer;
      };
    }
    return (this.#timed = calls);
  }
};

const due = [];
const kept = [];
const { setTimeout } = globalThis;
globalThis.setTimeout = (task, ms, ...rest) => (ms === 0 ? due.push(task) : setTimeout(task, ms, ...rest));
const answer = new Response(null, { status: 200 });
let begun = 0;
globalThis.fetch = async () => {
  spent.encode = now() - begun;
  return answer;
};
const exporter = (options) =>
  new EdgespanExporter({
    serviceName: 'cost',
    destinations: [otlp({ endpoint: 'http://127.0.0.1:4318', dropTypes: [] })],
    waitUntil: (promise) => kept.push(promise),
    ...options,
  });
const subjects = [exporter({}), exporter({ redact: redact() })];

let runs = 0;
async function sample(subject, source) {
  const events = [...fresh(source, ++runs)];
  spent.commit = spent.cut = 0;
  begun = now();
  for (const event of events) subject.onTracingEvent(event);
  while (due.length + kept.length > 0) {
    while (due.length > 0) due.shift()();
    await kept.shift();
  }
  return { ...spent };
}

const quantile = (list, part) => [...list].sort((a, b) => a - b)[Math.floor((list.length - 1) * part)];

async function measure(workload) {
  const list = sources(workload);
  const rounds = ROUNDS[workload];
  const [plain, redacted] = [[], []];
  for (let i = 0; i < rounds; i++) {
    const source = list[i % list.length];
    const [one, other] = [await sample(subjects[0], source), await sample(subjects[1], source)];
    if (i < rounds / 4) continue; // the code gets warm
    plain.push(one);
    redacted.push(other);
  }
  const middle = (list, what) => quantile(list.map(what), 0.5);
  const core = ({ commit, cut }) => commit + cut;
  const added = (what) => {
    const list = redacted.map((one, i) => (what(one) - what(plain[i])) / what(plain[i]));
    return { share: quantile(list, 0.5), low: quantile(list, 0.25), high: quantile(list, 0.75) };
  };
  const all = ({ encode }) => encode;
  return {
    workload,
    encode: { plain: middle(plain, all), redacted: middle(redacted, all), ...added(all) },
    core: { plain: middle(plain, core), redacted: middle(redacted, core), ...added(core) },
  };
}

const results = [];
for (const workload of process.argv.slice(2)) results.push(await measure(workload));
for (const subject of subjects) {
  const { rejected, dropped } = subject.stats();
  if (rejected + Object.keys(dropped).length > 0) throw new Error(`lost: ${JSON.stringify(dropped)}`);
}
console.log(JSON.stringify(results));
