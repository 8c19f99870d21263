// Real servers: each gets the runs of agents.mjs, is asked by its own interface what it holds, and has
// that compared with what Mastra recorded (compare.mjs). A 200 proves nothing here.
import { wireTraceId } from '../support/expect.ts';
import { runAgents } from './agents.mjs';
import { ASPECTS, compare } from './compare.mjs';
import { mlflow } from './mlflow.mjs';
import { phoenix } from './phoenix.mjs';
import { zipkin } from './zipkin.mjs';

export const SERVERS = [phoenix, mlflow, zipkin];

/**
 * Installs and starts those that are wanted, all at once; those that cannot be had are skipped, those that
 * do not start have failed. Never rejects.
 */
export async function startServers(report, wants) {
  const starting = SERVERS.filter(({ name }) => wants(name)).map(async (server) => {
    const began = performance.now();
    try {
      const started = await report.unlessUnavailable(server.name, () => server.start(report.note));
      if (!started) return [];
      report.note(`${started.version} after ${Math.round((performance.now() - began) / 1000)} s`);
      return [{ ...server, ...started }];
    } catch (error) {
      report.row([server.name], [[error.stack]]);
      return [];
    }
  });
  return (await Promise.all(starting)).flat();
}

/** Has agents run, and compares what each server shows of each run, aspect by aspect. */
export async function checkServers(report, servers) {
  if (servers.length === 0) return;
  const receivers = servers.map(({ name, endpoint }) => ({ kind: name, endpoint }));
  const runs = await runAgents(receivers, report.note);
  for (const server of servers) {
    report.table([server.version, ...ASPECTS], [36, 12]);
    for (const [name, run] of runs) report.row([name], await checksOf(server, run));
  }
}

/** For each aspect what is wrong with it in any trace of the run; undefined where none has it. */
async function checksOf(server, run) {
  const all = new Map();
  for (const trace of run.traces.values()) {
    const root = trace.find(({ isRootSpan }) => isRootSpan);
    let found;
    try {
      const sent = trace.filter(({ type }) => type !== 'model_chunk');
      const { length: judged } = (root.type === 'agent_run' && run.judgements) || [];
      const shown = await server.read(wireTraceId(root), sent.length, judged);
      found = compare(server, shown, trace, run);
    } catch (error) {
      found = new Map([[ASPECTS[0], [error.stack]]]);
    }
    for (const [aspect, faults] of found) all.set(aspect, [...(all.get(aspect) ?? []), ...faults]);
  }
  return ASPECTS.map((aspect) => all.get(aspect));
}
