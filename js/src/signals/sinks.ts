/**
 * The signals of an exporter, all together. This is here, not with the exporter, so that one without
 * signals does not carry it: whichever is the first opens them all.
 * @module
 */
import type { Final, Spool } from '../spool/spool.js';
import { Tally } from '../transport/receipt.js';
import type { Envelope } from '../engine/record.js';
import { Hidden } from './hidden.js';
import type { Inside, Signal, SignalHandlers, SignalSink, SignalSinks } from './signal.js';

class Sinks implements SignalSinks {
  readonly #all: SignalSink[] = [];
  readonly #inside: Inside;
  readonly #hidden = new Hidden();

  constructor(exporter: SignalHandlers, signals: readonly Signal[], inside: Inside) {
    this.#inside = { ...inside, hidden: this.#hidden };
    for (const signal of signals) {
      if (typeof signal?.connect === 'function') {
        this.#all.push(signal.connect(exporter, this.#inside) as SignalSink);
      } else {
        inside.engine.log.warn('signals', '`signals` holds what logs() and its kin did not make.', true);
      }
    }
  }

  heed(ended: boolean, span: Envelope, content: object): void {
    this.#hidden.heed(ended, span, content);
  }

  send(tally: Tally, source: Spool | undefined, final?: Final): Promise<unknown> {
    const events = (tally.signals = new Tally(tally.connections));
    return Promise.all(this.#all.map((sink) => sink.send(events, source, final)));
  }

  peek(total: Tally): void {
    for (const sink of this.#all) sink.peek((total.signals ??= new Tally()));
  }

  get pending(): number {
    return this.#all.reduce((sum, { pending }) => sum + pending, 0);
  }

  annotate(kind: 'score' | 'feedback', given: object): boolean {
    const sink = this.#all.find((one) => one.annotate);
    try {
      sink?.annotate?.(kind, given);
    } catch (error) {
      this.#inside.engine.fail(error, false, []);
    }
    return sink !== undefined;
  }
}

/** For the exporter, by way of its first signal. */
export function openSinks(
  exporter: SignalHandlers,
  signals: readonly Signal[],
  inside: object,
): SignalSinks {
  return new Sinks(exporter, signals, inside as Inside);
}
