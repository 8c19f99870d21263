/**
 * Engines of spans that no formatter makes: all of a destination's go one way, unless a redaction's hook
 * is shown them.
 * @module
 */
import { Engine } from './engine.js';
import { Lane } from './lane.js';
import type { EngineOptions } from './options.js';
import { privacyOf } from './privacy.js';

export function plainEngine(options: EngineOptions): Engine {
  const own = { ...options }; // others may be built of the same object
  const one = new Lane(own.early);
  const engine: Engine = new Engine(own, (to) => {
    const { redaction } = privacyOf(to?.privacy, own);
    const hooked = redaction?.lane(own, (error, lane) => engine.fail(error, true, [lane]));
    return (hooked as Lane | undefined) ?? one;
  });
  return engine;
}
