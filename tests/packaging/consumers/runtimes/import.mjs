// import.mjs events|agent: the application, imported.
const { run } = await import(`./app/run-${process.argv[2]}.js`);
await run(process.env.OTEL_EXPORTER_OTLP_ENDPOINT, console.log);
