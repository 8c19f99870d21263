import { withTracing } from 'edgespan/vercel';
import { work } from '../../work.js';

export const runtime = 'edge';
export const dynamic = 'force-dynamic';

export const GET = withTracing(async () => Response.json({ traceId: await work('work') }));
