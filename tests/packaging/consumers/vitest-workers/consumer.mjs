// Tests that run in workerd: vitest with Cloudflare's plugin, and with what it was called before.
async function test(lab) {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: lab.endpoint };
  await lab.checkAnswers(await lab.exec('vitest', ['run'], { env }));
}

export default {
  packages: ['@cloudflare/vitest-plugin', 'vitest', '@mastra/core'],
  rows: [{ name: 'vitest in workerd, @cloudflare/vitest-plugin', run: test }],
};
