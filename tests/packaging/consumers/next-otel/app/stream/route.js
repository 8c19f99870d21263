import { stream } from '../../work.js';

export const dynamic = 'force-dynamic';

export const GET = async () => new Response(stream(), { headers: { 'content-type': 'text/plain' } });
