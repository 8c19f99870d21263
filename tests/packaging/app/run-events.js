// The application without Mastra as a program or a bundle's entry: two runs, told by lines.
import { player } from './events.js';
import { exporters } from './exporter.js';

/** Prints `answer { text, traceId }` for each run; resolves when the traces have left. */
export async function run(endpoint, print) {
  const made = exporters(endpoint);
  const play = player(made);
  for (let i = 0; i < 2; i++) print(`answer ${JSON.stringify(play())}`);
  await Promise.all(made.map((exporter) => exporter.flush()));
}
