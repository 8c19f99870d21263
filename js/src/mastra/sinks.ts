/**
 * The signals of an exporter, all together: what it does with each. Their code is where they are made
 * (`edgespan/signals`).
 * @module
 */
import type { Inside, Signal, SignalHandlers, SignalSink } from '../signals/signal.js';
import type { Spool } from '../spool/spool.js';
import { Tally } from '../transport/receipt.js';

export class Sinks {
  readonly #all: SignalSink[] = [];
  readonly #inside: Inside;

  constructor(exporter: SignalHandlers, signals: readonly Signal[] = [], inside: Inside) {
    this.#inside = inside;
    for (const signal of Array.isArray(signals) ? (signals as Signal[]) : [undefined]) {
      if (typeof signal?.connect === 'function') {
        this.#all.push(signal.connect(exporter, inside) as SignalSink);
      } else {
        inside.log.warn('signals', '`signals` holds what logs() and its kin did not make.', true);
      }
    }
  }

  /** Sends what there is, beside spans; counted apart from them. undefined: there are no signals. */
  send(tally: Tally, source: Spool | undefined, final: boolean): Promise<unknown> | undefined {
    if (this.#all.length === 0) return undefined;
    const events = (tally.signals = new Tally(tally.connections));
    return Promise.all(this.#all.map((sink) => sink.send(events, source, final)));
  }

  /** Adds what no tally was given yet. */
  peek(total: Tally): void {
    for (const sink of this.#all) sink.peek((total.signals ??= new Tally()));
  }

  get pending(): number {
    return this.#all.reduce((sum, { pending }) => sum + pending, 0);
  }

  /** Takes what the user says of a trace. */
  annotate(kind: 'score' | 'feedback', given: object): void {
    const sink = this.#all.find((one) => one.annotate);
    try {
      if (sink?.annotate) sink.annotate(kind, given);
      else this.#inside.log.warn(kind, `No ${kind} is sent without scores() among \`signals\`.`, true);
    } catch (error) {
      this.#inside.fail(error);
    }
  }
}
