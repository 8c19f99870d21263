// require.cjs events|agent: a CommonJS program, which requires the package itself first.
const { EdgespanExporter } = require('edgespan/mastra');
const { otlp } = require('edgespan/destinations');
new EdgespanExporter({ destinations: [otlp({ endpoint: undefined })], logLevel: 'silent' });
const { run } = require(`./app/run-${process.argv[2]}.js`);
run(process.env.OTEL_EXPORTER_OTLP_ENDPOINT, console.log);
