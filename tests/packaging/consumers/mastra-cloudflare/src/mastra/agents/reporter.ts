import { makeAgent } from '../../../app/agent.js';

export const reporter = makeAgent();
