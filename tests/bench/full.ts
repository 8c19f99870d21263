// The candidates of the full path, by name, for Node.
import type { Candidate } from './candidate.ts';
import { edgespan } from './edgespan.ts';
import { feature } from './features.ts';

/** `edgespan=DIR` is the build of the package in DIR, `edgespan+NAME` ours with a feature. */
export async function candidate(name: string): Promise<Candidate> {
  if (name === 'stringify') return stringify();
  if (name.startsWith('official')) {
    const { official } = await import('./official.ts');
    return official(name === 'official' ? 'ProtobufTraceSerializer' : 'JsonTraceSerializer');
  }
  const [, kind, what] = /^edgespan(?:([=+])(.+))?$/.exec(name) ?? [];
  if (kind === undefined && name !== 'edgespan') throw new Error(`no candidate "${name}"`);
  const load = (entry: string): Promise<any> =>
    import(kind === '=' ? `${what}/dist/${entry}/index.js` : `edgespan/${entry}`);
  const ours = { ...(await load('mastra')), ...(await load('destinations')) };
  return edgespan(ours, kind === '+' ? await feature(what, ours) : undefined);
}

/** No exporter at all: JSON.stringify of each ended span's input and output, a floor for whoever
 *  writes them with it. */
function stringify(): Candidate {
  let length = 0;
  return {
    run(events) {
      length = 0;
      for (const { type, exportedSpan } of events) {
        if (type !== 'span_ended') continue;
        const { input, output } = exportedSpan as { input?: unknown; output?: unknown };
        length += (JSON.stringify(input)?.length ?? 0) + (JSON.stringify(output)?.length ?? 0);
      }
    },
    body: () => length,
  };
}
