// Compares what modules export and import with their golden lists: wasm/exports.txt and
// wasm/imports.txt for core.wasm, redactor_exports.txt and redactor_imports.txt for redactor.wasm (one
// "kind name" a line, sorted; # starts a comment).
//
//   node wasm-interface.mjs [--update] MODULE.wasm...     exit 1 on a difference
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const wasmDir = join(dirname(fileURLToPath(import.meta.url)), '../../wasm');
const args = process.argv.slice(2);
const update = args[0] === '--update';
const files = update ? args.slice(1) : args;
if (files.length === 0) {
  console.error('usage: wasm-interface.mjs [--update] MODULE.wasm...');
  process.exit(2);
}

const isComment = (line) => line.startsWith('#');
const lines = (path) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');

function compare(file, golden, actual) {
  const path = join(wasmDir, golden);
  if (update) {
    const comments = lines(path).filter(isComment);
    writeFileSync(path, [...comments, ...actual, ''].join('\n'));
    return true;
  }
  const expected = lines(path).filter((line) => !isComment(line));
  const missing = expected.filter((line) => !actual.includes(line));
  const extra = actual.filter((line) => !expected.includes(line));
  for (const line of missing) console.error(`${file}: lacks ${line} of wasm/${golden}`);
  for (const line of extra) console.error(`${file}: has ${line}, which wasm/${golden} does not list`);
  return missing.length + extra.length === 0;
}

let same = true;
for (const file of files) {
  const module = new WebAssembly.Module(readFileSync(file));
  const exported = WebAssembly.Module.exports(module).map((e) => `${e.kind} ${e.name}`);
  const imported = WebAssembly.Module.imports(module).map((i) => `${i.kind} ${i.module}.${i.name}`);
  const list = basename(file) === 'redactor.wasm' ? 'redactor_' : '';
  const sameExports = compare(file, `${list}exports.txt`, exported.sort());
  const sameImports = compare(file, `${list}imports.txt`, imported.sort());
  same = same && sameExports && sameImports;
}
if (!same) {
  console.error('If the change is meant: scripts/build --update-goldens, and say why in the commit.');
}
process.exit(same ? 0 : 1);
