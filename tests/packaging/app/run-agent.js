// The application as a program or a bundle's entry: two runs, told by lines.
import { ask, makeMastra } from './agent.js';

/** Prints `answer { text, traceId }` for each run; resolves when the traces have left. */
export async function run(endpoint, print) {
  const mastra = makeMastra(endpoint);
  for (let i = 0; i < 2; i++) print(`answer ${JSON.stringify(await ask(mastra))}`);
  await mastra.observability.flush();
}
