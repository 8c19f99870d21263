// The recipe in a Worker.
import { lemmaProcessor } from './instrumentation.ts';
import { runSupportAgent } from './support_agent.ts';

export default {
  async fetch(request: Request): Promise<Response> {
    const { message, thread } = (await request.json()) as { message: string; thread: string };
    const text = await runSupportAgent(message, thread);
    // at the end of a request / serverless handler
    await lemmaProcessor.forceFlush();
    return new Response(text);
  },
};
