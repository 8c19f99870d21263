// The Worker in which tests/bench/scale.mjs opens runs. POST /?from=0&to=64 with the runs' sources:
// opens so many, answers with what the core holds then.
import { coreBytes, subject } from './exporter.mjs';
import { openMore } from './runs.mjs';

let exporter;

export default {
  async fetch(request) {
    const { searchParams } = new URL(request.url);
    const [from, to] = ['from', 'to'].map((name) => Number(searchParams.get(name)));
    const sources = await request.json();
    exporter ??= subject('incremental').exporter;
    const lost = openMore(exporter, sources, from, to);
    return Response.json({ size: lost ?? to, full: lost !== undefined, core: coreBytes() });
  },
};
