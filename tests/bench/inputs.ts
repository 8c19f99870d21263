// Sources by workload and level, each made once.
import { flatten } from './flat.ts';
import type { Source } from './fresh.ts';
import type { Level } from './worker.ts';
import { sources, type Workload } from './workloads.ts';

export const ENCODERS = [
  'encodeSpans',
  'otel-protobuf',
  'otel-json',
  'vercel',
  'cf-workers',
  'twin',
  'encodeInto',
];

const known = new Map<string, Source[]>();

export async function inputs(workload: Workload, level: Level): Promise<Source[]> {
  const key = `${workload} ${level}`;
  let list = known.get(key);
  if (!list) {
    list = sources(workload);
    if (level === 'encoder') list = await flatten(list);
    known.set(key, list);
  }
  return list;
}
