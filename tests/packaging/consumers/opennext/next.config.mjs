// Packages that have code of their own for workerd, which OpenNext is to copy whole: ours, and
// xxhash-wasm, which Mastra imports. Mastra itself, as its guide for Next.js says. And zod, for the
// control of the row that fails.
export default { serverExternalPackages: ['edgespan', 'xxhash-wasm', '@mastra/*', 'zod'] };
