// Packages that have code of their own for workerd, which OpenNext is to copy whole: ours, and
// xxhash-wasm, which Mastra imports. And Mastra itself, as its guide for Next.js says.
export default { serverExternalPackages: ['edgespan', 'xxhash-wasm', '@mastra/*'] };
