/**
 * Maps that cannot grow without end.
 * @module
 */

/** Puts `key` last; beyond `most` entries the first, the one put longest ago, gives way. */
export function putLast<K, V>(map: Map<K, V>, key: K, value: V, most: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > most) map.delete(map.keys().next().value as K);
}
