// The oldest Mastra that js/package.json allows, on Node. It has no spans of single model calls (one
// stands for all of a run) and tells of some of its own workflow's steps.
const OLDEST_RUN = { spans: 11, calls: 1, tokens: 600n };

async function run(lab) {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: lab.endpoint };
  await lab.checkAnswers(await lab.exec('node', ['run.js'], { env }), OLDEST_RUN);
}

export default {
  packages: ['@mastra/core', '@mastra/observability'],
  rows: [{ name: 'Node, the oldest Mastra supported', run }],
};
