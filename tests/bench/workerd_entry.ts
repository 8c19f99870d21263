// A candidate in workerd. A Worker's clock stands still while it works, so it is told from outside what
// to make and what to run, and timed from there.
import type { Candidate } from './candidate.ts';
import { fresh, type Source } from './fresh.ts';
import { freshSpans } from './fresh_spans.ts';
import type { Level } from './worker.ts';

type Answer = string | Uint8Array<ArrayBuffer>;

/** The Worker of one candidate, which is made in the first request: a global scope has no entropy. */
export function serve(make: () => Candidate<any> | Promise<Candidate<any>>, level: Level): object {
  let subject: Candidate<any> | undefined;
  let list: Source[] = [];
  let inputs: any[] = [];
  let made = 0;
  const input = (source: Source, run: number): any =>
    level === 'full' ? fresh(source, run) : freshSpans(source, run);

  const answers: Record<string, (request: Request, n: number) => Promise<Answer> | Answer> = {
    '/load': async (request) => {
      list = (await request.json()) as Source[];
      return 'loaded';
    },
    '/make': (_, n) => {
      inputs = Array.from({ length: n }, (_, i) => input(list[i % list.length], ++made));
      const { gc } = globalThis as { gc?: (options: { type: string }) => void };
      gc?.({ type: 'minor' });
      gc?.({ type: 'minor' });
      return 'made';
    },
    '/run': async () => {
      for (const one of inputs) await subject?.run(one);
      return 'done';
    },
    '/body': async (_, n) => {
      await subject?.run(input(list[n], n));
      const body = subject?.body();
      return typeof body === 'number' ? `${body}` : ((body as Uint8Array).slice() as Uint8Array<ArrayBuffer>);
    },
    // A first export, and all that it needs, in one request.
    '/first': async (request) => {
      const source = (await request.json()) as Source;
      await subject?.run(input(source, 1));
      return 'done';
    },
  };

  return {
    async fetch(request: Request): Promise<Response> {
      const { pathname, searchParams } = new URL(request.url);
      try {
        subject ??= await make();
        return new Response(await answers[pathname](request, Number(searchParams.get('n'))));
      } catch (error) {
        return new Response((error as Error).stack ?? String(error), { status: 500 });
      }
    },
  };
}
