import { mastraTrace } from '/work/shared/prototype/gen.mjs';
import { pipelineFor } from '../../js/dist/core/pipeline.js';
import { recordStart, recordEnd } from '../../js/dist/mastra/record.js';
import { otlp } from 'edgespan/destinations';
const p = pipelineFor({ serviceName: 's', resource: { a: 'b' }, scope: { name: 'x', version: '1' }, limits: {}, destinations: [otlp({ endpoint: 'http://x', maxRequestSpans: 10000, maxRequestBytes: 1e8 })] });
const only = process.argv[2]?.split(',') ?? ['W1','W2','W3'];
for (const shape of only) {
  const traces = [1,2,3,4,5,6,7,8].map((seed) => mastraTrace(shape, seed));
  const reps = shape === 'W1' ? (+process.env.N||3000) : shape === 'W2' ? (+process.env.N||600) : (+process.env.N||60);
  let tw = [], tc = [], tcut = [], spans = traces[0].length, bytes = 0;
  for (let i = 0; i < reps; i++) {
    const t = traces[i & 7];
    const a = process.hrtime.bigint();
    for (let j = 0; j < t.length; j++) recordStart(p, t[j]);
    for (let j = t.length - 1; j >= 0; j--) recordEnd(p, t[j], t[j]);
    const b = process.hrtime.bigint();
    const h = p.commit();
    const c = process.hrtime.bigint();
    const batch = p.cut(0, h);
    const d = process.hrtime.bigint();
    bytes = batch.body.length; const n = batch.spans; if (n !== t.length) throw new Error('spans ' + n);
    p.judge(batch, 200, 0, new Uint8Array(0)); p.release(batch);
    tw.push(Number(b - a)); tc.push(Number(c - b)); tcut.push(Number(d - c));
  }
  const med = (x) => { x = x.slice(x.length >> 1).sort((a, b) => a - b); return (x[x.length >> 1] / 1000).toFixed(1); };
  console.log(shape, 'spans', spans, 'bytes', bytes, 'walk us', med(tw), 'per span', (med(tw) / spans).toFixed(2), 'last commit us', med(tc), 'cut us', med(tcut));
}
