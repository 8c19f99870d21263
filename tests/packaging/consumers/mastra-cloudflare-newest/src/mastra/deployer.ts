// What a user of these releases must add for their Worker to start, with or without Edgespan:
// import.meta.url, which @mastra/server passes to createRequire, is undefined in workerd; and the
// browser stream asks for a WebSocketServer, of which `ws` has none for Workers.
import { CloudflareDeployer } from '@mastra/deployer-cloudflare';

export class WorkersDeployer extends CloudflareDeployer {
  constructor() {
    super({ name: 'consumer', define: { 'import.meta.url': '"file:///worker.js"' } });
  }

  override getEntry(): string {
    return super.getEntry().replace('{ tools:', '{ browserStream: false, tools:');
  }
}
