import { registerEdgespan, withTracing } from 'edgespan/vercel';
import { answer } from '../traced.js';

registerEdgespan();

export const GET = withTracing(answer);
