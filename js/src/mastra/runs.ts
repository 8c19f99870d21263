/**
 * What an engine knows of Mastra's runs: how each span is told, and what Mastra itself said of its
 * service and its sampling. There where an exporter or a bridge tells of Mastra's spans.
 * @module
 */
import { type Engine, type Teller, UNKNOWN_SERVICE } from '../engine/engine.js';
import { told } from '../engine/hooks.js';
import type { Envelope, RunMembers } from '../engine/record.js';
import { UNKNOWN_ODDS } from '../limits.js';
import type { MastraSampling } from './types.js';

/** That of an engine, whoever asks first. */
export function mastraOf(engine: Engine): MastraRuns {
  return (engine.mastra ??= new MastraRuns(engine)) as MastraRuns;
}

export class MastraRuns implements Teller {
  readonly told: (span: Envelope) => Envelope = told;
  readonly #engine: Engine;
  // Of all runs, how many parts of 2^56 Mastra rejected itself; UNKNOWN_ODDS: nobody knows.
  #rejected: number | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Mastra's name for the service, where options and environment have none; the first one holds. */
  named(name: string | undefined): void {
    const engine = this.#engine;
    const held = name && engine.serviceIs(name);
    if (held === name) return;
    const both = `Spans of "${held}" and "${name}" leave under the first name`;
    const cure = held === UNKNOWN_SERVICE ? '' : 'give each an exporter, or ';
    engine.warnings.push(`${both}: ${cure}set \`serviceName\``);
    engine.complain();
  }

  /** Mastra's own sampling, of a configuration: whose a run is nobody knows, where they differ. */
  sampledBefore(sampling: MastraSampling = { type: 'always' }): void {
    if (sampling.type === 'never') return; // none of its runs comes here
    const rejected = rejectedBy(sampling);
    this.#rejected = (this.#rejected ?? rejected) === rejected ? rejected : UNKNOWN_ODDS;
  }

  /** What that left of all runs. */
  get before(): RunMembers | undefined {
    return this.#rejected ? { samplingThreshold: this.#rejected } : undefined;
  }

  runOf(span: Envelope, ended: boolean): RunMembers | undefined {
    const { head, tail } = this.#engine;
    // Of a root without a start (an event), too.
    if (ended && (!span.isRootSpan || head || this.#engine.runs(span.traceId))) return undefined;
    return tail ? tail.runOf(span, this.before) : this.before;
  }
}

/** Of 2^56 equal parts of all runs, how many Mastra rejects; UNKNOWN_ODDS: nobody knows. */
function rejectedBy({ type, probability = 0 }: MastraSampling): number {
  // What is kept was never rejected for certain, however unlikely it was.
  if (type === 'ratio') return Math.min(Math.round((1 - probability) * 2 ** 32), 2 ** 32 - 1) * 2 ** 24;
  return type === 'custom' ? UNKNOWN_ODDS : 0;
}
