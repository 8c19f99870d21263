// The application, as it is written for Mastra 0.x.
import { Agent } from '@mastra/core/agent';
import { Mastra } from '@mastra/core/mastra';
import { exporters } from './app/exporter.js';

const model = {
  specificationVersion: 'v2',
  provider: 'scripted',
  modelId: 'scripted-1',
  supportedUrls: {},
  async doGenerate() {
    const usage = { inputTokens: 300, outputTokens: 17, totalTokens: 317 };
    const content = [{ type: 'text', text: 'It snows in Zürich.' }];
    return { content, finishReason: 'stop', usage, warnings: [] };
  },
};
const reporter = new Agent({ name: 'reporter', instructions: 'Answer about the weather.', model });
const configs = { default: { serviceName: 'packaging', exporters: exporters('http://127.0.0.1:9') } };
const mastra = new Mastra({ agents: { reporter }, observability: { configs } });
for (let run = 0; run < 2; run++) {
  const { text } = await mastra.getAgent('reporter').generate('Weather in Zürich?');
  console.log(`answer ${text}`);
}
