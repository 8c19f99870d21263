import { withTracing } from 'edgespan/vercel';
import { stream } from '../../work.js';

export const runtime = 'edge';
export const dynamic = 'force-dynamic';

export const GET = withTracing(
  async () => new Response(stream(), { headers: { 'content-type': 'text/plain' } }),
);
