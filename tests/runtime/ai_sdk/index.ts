// Programs of the AI SDK in a traced Worker: they know nothing of it but OpenTelemetry's API. A request's
// path is the program's name.
import * as ai from 'ai6';
import * as mocks from 'ai6/test';
import { instrument } from 'edgespan/cloudflare';
import { otlp } from 'edgespan/destinations';
import { register } from 'edgespan/otel';
import * as zod from 'zod';
import { programsOf } from '../../packaging/consumers/ai-sdk/program.js';

register();

const programs: Record<string, () => Promise<unknown>> = programsOf({ ai, test: mocks, zod });

const worker = {
  async fetch(request: Request): Promise<Response> {
    const name = decodeURIComponent(new URL(request.url).pathname.slice(1));
    try {
      return new Response(`${await programs[name]?.()}`);
    } catch (error) {
      return new Response(`${error}`, { status: 500 });
    }
  },
};

export default instrument(worker, (env: { SINK: string }) => ({
  serviceName: 'ai',
  destinations: [otlp({ endpoint: `${env.SINK}/ok` })],
}));
