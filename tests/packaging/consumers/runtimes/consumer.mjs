// Runtimes that take the package from node_modules as it is, without a bundler: Node by its releases,
// from the oldest that the package supports, by import and by require; Deno; Bun.
import { PLAYED, RUN, Skip } from '../../lib/lab.mjs';

/** `what`: events, or the agent itself where Mastra runs (Node 22.13 and later). */
const program = (command, args, what) => async (lab) => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: lab.endpoint };
  const stdout = await lab.exec(command, [...args, what], { env });
  await lab.checkAnswers(stdout, what === 'agent' ? RUN : PLAYED);
};

const ways = { import: 'import.mjs', require: 'require.cjs' };

/** The package of a Node's binary, under the name that package.json gives it. */
const binary = (major) => `node-${major}-${process.arch}`;

function node(major, what) {
  return Object.entries(ways).map(([way, file]) => ({
    name: `Node ${major}, ${way}${what === 'agent' ? '' : ', without Mastra'}`,
    async run(lab) {
      if (process.platform !== 'linux') throw new Skip('the Nodes of this consumer are for Linux');
      await program(`node_modules/${binary(major)}/bin/node`, [file], what)(lab);
    },
  }));
}

export default {
  packages: [...['20', '22', '24'].map(binary), 'deno', 'bun', '@mastra/core'],
  rows: [
    ...node('20', 'events'),
    ...node('22', 'agent'),
    ...node('24', 'agent'),
    { name: 'Deno, import', run: program('deno', ['run', '-A', ways.import], 'agent') },
    { name: 'Bun, import', run: program('bun', [ways.import], 'agent') },
    { name: 'Bun, require', run: program('bun', [ways.require], 'agent') },
  ],
};
