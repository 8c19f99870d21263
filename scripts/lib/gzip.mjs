// The size that files have under `gzip -9`. Not by node:zlib: its zlib is Chromium's, which packs 1 %
// worse than the gzip that everybody else measures with.
import { execFileSync } from 'node:child_process';

/** Bytes of `gzip -9 --no-name` of these bytes. */
export function gzipSize(bytes) {
  return execFileSync('gzip', ['-9nc'], { input: bytes, maxBuffer: 2 ** 30 }).length;
}
