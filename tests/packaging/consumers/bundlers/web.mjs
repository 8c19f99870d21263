// web.mjs: runs the bundle out/main.js in a context that has what browsers and web workers have, and
// nothing of Node: no process, Buffer, require or global. Needs --experimental-vm-modules.
import { readFile } from 'node:fs/promises';
import { createContext, SourceTextModule } from 'node:vm';

const platform = [
  ...['AbortController', 'AbortSignal', 'Blob', 'CompressionStream', 'DecompressionStream', 'Event'],
  ...['EventTarget', 'FormData', 'Headers', 'ReadableStream', 'Request', 'Response', 'TextDecoder'],
  ...['TextEncoder', 'TransformStream', 'URL', 'URLSearchParams', 'WritableStream', 'atob', 'btoa'],
  ...['clearInterval', 'clearTimeout', 'console', 'crypto', 'fetch', 'performance'],
  ...['queueMicrotask', 'setInterval', 'setTimeout', 'structuredClone'],
];
const context = createContext(
  Object.fromEntries(platform.map((name) => [name, globalThis[name]])),
  { codeGeneration: { strings: false } },
);
context.self = context;
const module = new SourceTextModule(await readFile(process.argv[2], 'utf8'), { context });
await module.link((name) => {
  throw new Error(`the bundle imports ${name}, which the web does not have`);
});
await module.evaluate();
await module.namespace.run(process.env.OTEL_EXPORTER_OTLP_ENDPOINT, console.log);
