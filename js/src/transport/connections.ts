/**
 * Who may use a connection: a Worker has six for each request, and the user's code needs some.
 * @module
 */
import { MAX_CONNECTIONS } from '../limits.js';

/** At most MAX_CONNECTIONS at once; whoever comes later waits for its turn. Of one delivery. */
export class Connections {
  #free = MAX_CONNECTIONS;
  readonly #waiting: (() => void)[] = [];

  /** Does `work` once there is a connection for it. */
  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
