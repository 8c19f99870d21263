/**
 * Who may use a connection: a Worker has six for each request, and the user's code needs some.
 * @module
 */
import { MAX_CONNECTIONS } from '../limits.js';

/** At most MAX_CONNECTIONS at once; whoever comes later waits for its turn. Of one delivery. */
export class Connections {
  #free = MAX_CONNECTIONS; // below 0: so many wait
  #waiting: (() => void)[] | undefined;

  /** Takes a connection, to be given back: it is there at once (undefined), or when this resolves. */
  take(): Promise<void> | undefined {
    if (this.#free-- > 0) return undefined;
    return new Promise((resolve) => (this.#waiting ??= []).push(resolve));
  }

  give(): void {
    this.#free++;
    this.#waiting?.shift()?.();
  }

  /** Does `work` once there is a connection for it. */
  async use<T>(work: () => Promise<T>): Promise<T> {
    await this.take();
    try {
      return await work();
    } finally {
      this.give();
    }
  }
}
