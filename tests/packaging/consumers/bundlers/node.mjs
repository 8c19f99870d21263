// node.mjs: runs the bundle in out/ as a program of Node, in a folder without packages.
const { run } = await import(process.argv[2]).then((module) => module.default ?? module);
await run(process.env.OTEL_EXPORTER_OTLP_ENDPOINT, console.log);
