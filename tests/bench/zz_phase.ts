import { fresh, sources } from './workloads.ts';
const dir = process.argv[2];
const now = () => Number(process.hrtime.bigint())/1000;
const due: any[] = []; const st = globalThis.setTimeout;
globalThis.setTimeout = ((t: any, ms: number, ...r: any[]) => ms === 0 ? due.push(t) : st(t, ms, ...r)) as any;
let tFetch = 0, bodyLen = 0; const answer = new Response(null, { status: 200 });
globalThis.fetch = (async (_: any, i: any) => { tFetch = now(); bodyLen = i.body.length; return answer; }) as any;
const { EdgespanExporter } = await import(dir + '/dist/mastra/index.js'); const { otlp } = await import(dir + '/dist/destinations/index.js');
const { Pipeline } = await import(dir + '/dist/core/pipeline.js');
const acc: any = { commit: 0, cut: 0, judge: 0, release: 0, settle: 0 };
if (process.env.SPLIT) for (const k of Object.keys(acc)) { const m = k === 'commit' ? 'commitTape' : k; const f = Pipeline.prototype[m]; Pipeline.prototype[m] = function (...a: any[]) { const b = now(); const r = f.apply(this, a); acc[k] += now() - b; return r; }; }
const kept: any[] = [];
const e = new EdgespanExporter({ serviceName: 'x', resourceAttributes: { a: 'b' }, destinations: [otlp({ endpoint: 'http://127.0.0.1:4318' })], waitUntil: (p: any) => kept.push(p), onReceipt() {} });
let n = 0;
for (const w of (process.argv[3] ?? 'W1,W2,W2U,W3,W4').split(',') as any[]) {
  const src = sources(w); const rows: any[] = []; const N = w === 'W3' ? 120 : w === 'W2' || w === 'W2U' ? 800 : 3000;
  for (let i = 0; i < N; i++) {
    const ev = fresh(src[i % src.length], ++n); for (const k in acc) acc[k] = 0;
    const a = now(); for (const x of ev) if (x.type !== 'span_ended') { e.onTracingEvent(x); } const a2 = now();
    for (const x of ev) if (x.type === 'span_ended') e.onTracingEvent(x); const b = now();
    while (due.length) due.pop()(); while (kept.length) await kept.pop(); const d = now();
    if (i > N / 2) rows.push([a2 - a, b - a2, tFetch - b, d - tFetch, d - a, acc.commit, acc.cut, acc.judge, acc.release, acc.settle]);
  }
  const med = (k: number) => { const x = rows.map(r => r[k]).sort((p, q) => p - q); return x[x.length >> 1].toFixed(1); };
  console.log(w, 'starts', med(0), 'ends', med(1), 'to fetch', med(2), 'after', med(3), 'all', med(4), '| commit', med(5), 'cut', med(6), 'judge', med(7), 'release', med(8), 'settle', med(9));
}
