// Receivers that others wrote, for real: what they understand, or show, of what we send is compared with
// what was recorded. scripts/interop builds what this needs and calls it.
//
//   node tests/interop/run.mjs [--only NAME]... [--seeds N]
//
//   collector, elastic       bodies of recorded runs and of random spans (bodies.mjs), refusals, logs and
//                            metrics
//   phoenix, mlflow, zipkin  runs of real agents, and what the servers' own interfaces show of them
//                            (servers.mjs)
//
// Whoever can be neither found nor installed is skipped, visibly. Prints tables; the last line is
// `N passed, M failed, K skipped`; exit 0 only if nothing failed.
import { parseArgs } from 'node:util';
import { checkBodies } from './bodies.mjs';
import { Report } from './report.mjs';
import { checkServers, SERVERS, startServers } from './servers.mjs';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    seeds: { type: 'string', default: '50' },
    help: { type: 'boolean' },
  },
});
const names = ['collector', 'elastic', ...SERVERS.map(({ name }) => name)];
if (options.help || options.only?.some((name) => !names.includes(name))) {
  console.log(`usage: run.mjs [--only ${names.join('|')}]... [--seeds N]`);
  process.exit(options.help ? 0 : 2);
}

const wants = (name) => !options.only || options.only.includes(name);
const report = new Report();
// Ended from outside, too: whatever runs is stopped on the way out (process.mjs).
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
// What is to be installed or to start does so while bodies are sent.
const servers = startServers(report, wants);
try {
  if (wants('collector') || wants('elastic')) await checkBodies(report, wants, Number(options.seeds));
  await checkServers(report, await servers);
} finally {
  for (const { stop } of await servers) await stop();
}
report.summary();
