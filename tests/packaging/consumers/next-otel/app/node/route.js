import { work } from '../../work.js';

export const dynamic = 'force-dynamic';

export const GET = async () => Response.json({ traceId: await work('work') });
