import { registerEdgespan, withTracing } from 'edgespan/vercel';
import { answer } from '../traced.js';

export const config = { runtime: 'edge' };

registerEdgespan();

export default withTracing(answer);
