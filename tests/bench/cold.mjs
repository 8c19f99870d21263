// A cold start: workerd with a Worker that has just been deployed, and its first request, which exports
// one run. From outside: what the whole process spent on processors until the answer, compiling
// WebAssembly on other threads included, less what it takes for a Worker that only reads
// the same run, and has `process` as Workers of Mastra's do.
import { bundleOf, cpuTime, start } from './workerd.mjs';

/** Microseconds of each of so many starts, by candidate. */
export async function coldStarts(names, source, starts) {
  const times = new Map(names.map((name) => [name, []]));
  const body = JSON.stringify(source);
  for (const name of names) await bundleOf(name, 'full');
  for (let i = 0; i < starts; i++) {
    for (const name of names) {
      const { pid, send, stop } = await start(await bundleOf(name, 'full'));
      try {
        await send('/first', body);
        await new Promise((resolve) => setTimeout(resolve, 5)); // what is still being compiled counts
        times.get(name).push(cpuTime(pid, true));
      } finally {
        stop();
      }
    }
  }
  return times;
}
