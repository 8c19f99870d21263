// What users of these releases must do for their Worker to be built and to start, with or without
// Edgespan. Each fault hides the next:
// 1. CloudflareDeployer 1.2.2 takes five of the seven arguments that @mastra/deployer from 1.68 on
//    hands to getBundlerOptions; the last is the project's folder.
// 2. @mastra/server passes import.meta.url to createRequire; it is undefined in workerd.
// 3. The browser stream makes a WebSocketServer, which `ws` does not have in Workers.
import { CloudflareDeployer } from '@mastra/deployer-cloudflare';

const base = Object.getPrototypeOf(CloudflareDeployer.prototype);
const { getBundlerOptions } = base;
base.getBundlerOptions = function (server, entry, info, tools, options) {
  return getBundlerOptions.call(this, server, entry, info, tools, options, {}, process.cwd());
};

export class WorkersDeployer extends CloudflareDeployer {
  constructor() {
    super({ name: 'consumer', define: { 'import.meta.url': '"file:///worker.js"' } });
  }

  override getEntry(): string {
    return super.getEntry().replace('{ tools:', '{ browserStream: false, tools:');
  }
}
