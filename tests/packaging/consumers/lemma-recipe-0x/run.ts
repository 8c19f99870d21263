// The recipe's order: instrumentation first, the flush at the end.
import { lemmaProcessor } from './instrumentation.ts';

const { runSupportAgent } = await import('./support_agent.ts');
console.log(`answer ${await runSupportAgent('I forgot my password', 'thread-1')}`);
await lemmaProcessor.forceFlush();
