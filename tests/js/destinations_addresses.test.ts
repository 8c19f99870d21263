// Where each destination sends, by its regions, sites and addresses, given as options and as variables.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Destination } from 'edgespan/destinations';
import * as destinations from 'edgespan/destinations';
import { NAMES } from '../../scripts/lib/destinations.mjs';
import { BACKENDS, options } from './backends.ts';
import { target, url } from './destination_sent.ts';

describe('addresses', () => {
  const CASES: readonly [string, Record<string, unknown>, Record<string, unknown>, string][] = [
    ['lemma', {}, { LEMMA_BASE_URL: 'https://api.uselemma.ai/otel/v1/traces' }, 'https://api.uselemma.ai/otel/v1/traces'],
    ['lemma', { endpoint: 'https://dev.api.uselemma.ai/' }, {}, 'https://dev.api.uselemma.ai/otel/v1/traces'],
    ['agnost', { endpoint: 'https://otel.agnost.ai/v1/traces' }, {}, 'https://otel.agnost.ai/v1/traces'],
    ['agnost', {}, { AGNOST_ENDPOINT: 'https://api.agnost.ai' }, 'https://otel.agnost.ai/v1/traces'],
    ['langfuse', { baseUrl: 'https://us.cloud.langfuse.com/' }, {}, 'https://us.cloud.langfuse.com/api/public/otel/v1/traces'],
    ['langfuse', { baseUrl: 'http://localhost:3000/api/public/otel' }, {}, 'http://localhost:3000/api/public/otel/v1/traces'],
    ['langfuse', { baseUrl: 'https://a.example' }, { LANGFUSE_BASE_URL: 'https://b.example' }, 'https://a.example/api/public/otel/v1/traces'],
    ['langfuse', { endpoint: ' ', baseUrl: 'https://self.example' }, {}, 'https://self.example/api/public/otel/v1/traces'],
    ['langsmith', { apiUrl: 'https://eu.api.smith.langchain.com' }, {}, 'https://eu.api.smith.langchain.com/otel/v1/traces'],
    ['langsmith', {}, { LANGSMITH_ENDPOINT: 'https://ls.example/api/v1' }, 'https://ls.example/api/v1/otel/v1/traces'],
    ['braintrust', {}, { BRAINTRUST_ENDPOINT: 'https://www.braintrust.dev' }, 'https://api.braintrust.dev/otel/v1/traces'],
    ['braintrust', { endpoint: 'https://api-eu.braintrust.dev' }, {}, 'https://api-eu.braintrust.dev/otel/v1/traces'],
    ['phoenix', { endpoint: 'https://app.phoenix.arize.com/s/space', apiKey: 'key1' }, {}, 'https://app.phoenix.arize.com/s/space/v1/traces'],
    ['phoenix', {}, { PHOENIX_ENDPOINT: 'http://phoenix:6006/v1/traces' }, 'http://phoenix:6006/v1/traces'],
    ['arize', { region: 'eu-west-1a' }, { ARIZE_COLLECTOR_ENDPOINT: 'https://other.example' }, 'https://otlp.eu-west-1a.arize.com/v1/traces'],
    ['datadog', { site: 'datadoghq.eu' }, { DD_SITE: 'us3.datadoghq.com' }, 'https://otlp.datadoghq.eu/v1/traces'],
    ['datadog', {}, { DD_SITE: 'us3.datadoghq.com' }, 'https://otlp.us3.datadoghq.com/v1/traces'],
    ['datadog', { endpoint: 'http://localhost:4318' }, {}, 'http://localhost:4318/v1/traces'],
    ['laminar', {}, { LAMINAR_ENDPOINT: 'http://l:8000/v1/traces', LMNR_BASE_URL: 'http://m' }, 'http://l:8000/v1/traces'],
    ['laminar', { baseUrl: 'http://localhost:8000' }, {}, 'http://localhost:8000/v1/traces'],
    ['posthog', { host: 'https://eu.posthog.com' }, {}, 'https://eu.i.posthog.com/i/v0/ai/otel'],
    ['posthog', { host: 'https://app.posthog.com/' }, {}, 'https://us.i.posthog.com/i/v0/ai/otel'],
    ['posthog', {}, { NEXT_PUBLIC_POSTHOG_HOST: 'https://eu.i.posthog.com' }, 'https://eu.i.posthog.com/i/v0/ai/otel'],
    ['sentry', { dsn: 'http://key:old@sentry.example:9000/sub/7' }, {}, 'http://sentry.example:9000/sub/api/7/integration/otlp/v1/traces/'],
    ['sentry', { dsn: 'https://key@o1.ingest.de.sentry.io/9/' }, {}, 'https://o1.ingest.de.sentry.io/api/9/integration/otlp/v1/traces/'],
    ['dash0', { region: 'europe-west4.gcp', endpoint: undefined }, { DASH0_ENDPOINT: 'https://o.example' }, 'https://ingress.europe-west4.gcp.dash0.com/v1/traces'],
    ['dash0', { endpoint: 'grpc://ingress.eu-west-1.aws.dash0.com:4317' }, {}, 'https://ingress.eu-west-1.aws.dash0.com/v1/traces'],
    ['dash0', { endpoint: 'ingress.eu-west-1.aws.dash0.com:4317' }, {}, 'https://ingress.eu-west-1.aws.dash0.com/v1/traces'],
    ['dash0', { endpoint: 'https://ingress.eu-west-1.aws.dash0.com:4317' }, {}, 'https://ingress.eu-west-1.aws.dash0.com/v1/traces'],
    ['phoenix', {}, { PHOENIX_COLLECTOR_ENDPOINT: 'http://p:4317' }, 'http://p:6006/v1/traces'],
    ['collector', { endpoint: 'http://c:4317?tenant=1' }, {}, 'http://c:4318/v1/traces?tenant=1'],
    ['collector', {}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'grpc://c:4317', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'https://c:4318/v1/traces'],
    ['collector', {}, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4317' }, 'http://c:4318/v1/traces'],
    ['mlflow', { trackingUri: 'https://mlflow.example/base/' }, {}, 'https://mlflow.example/base/v1/traces'],
    ['newRelic', { apiKey: 'eu01xxKey' }, {}, 'https://otlp.eu01.nr-data.net/v1/traces'],
    ['newRelic', {}, { NEW_RELIC_HOST: 'collector.eu01.nr-data.net' }, 'https://otlp.eu01.nr-data.net/v1/traces'],
    ['newRelic', {}, { NEW_RELIC_HOST: 'gov-collector.newrelic.com' }, 'https://gov-otlp.nr-data.net/v1/traces'],
    ['newRelic', { region: 'gov' }, { NEW_RELIC_ENDPOINT: 'https://o.example' }, 'https://gov-otlp.nr-data.net/v1/traces'],
    ['newRelic', { endpoint: 'https://otlp.nr-data.net:443/v1/traces' }, {}, 'https://otlp.nr-data.net/v1/traces'],
    ['signoz', {}, { SIGNOZ_REGION: 'in' }, 'https://ingest.in.signoz.cloud/v1/traces'],
    ['signoz', { region: 'eu' }, { SIGNOZ_ENDPOINT: 'http://o.example' }, 'https://ingest.eu.signoz.cloud/v1/traces'],
    ['traceloop', {}, { TRACELOOP_BASE_URL: 'traces.example:443' }, 'https://traces.example/v1/traces'],
    ['honeycomb', { region: 'eu' }, {}, 'https://api.eu1.honeycomb.io/v1/traces'],
    ['honeycomb', { endpoint: 'http://refinery:8080/v1/traces' }, {}, 'http://refinery:8080/v1/traces'],
    ['grafanaCloud', { zone: 'eu-west-2', endpoint: undefined }, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://o.example' }, 'https://otlp-gateway-prod-eu-west-2.grafana.net/otlp/v1/traces'],
    ['axiom', { region: 'eu-central-1.aws' }, {}, 'https://eu-central-1.aws.edge.axiom.co/v1/traces'],
    ['collector', {}, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4318/exactly' }, 'http://c:4318/exactly'],
  ];
  for (const [name, given, env, expected] of CASES) {
    test(`rows 6, 29, 57, ${name} ${JSON.stringify(given)} ${JSON.stringify(env)}`, async () => {
      const backend = BACKENDS[name];
      const destination = backend.make({ ...options(backend), ...given, env });
      assert.equal(await url(destination), expected);
    });
  }

  test('an address for gRPC is told of once', () => {
    const OTEL_EXPORTER_OTLP_PROTOCOL = 'grpc';
    for (const [name, given, env, named] of [
      ['phoenix', {}, { PHOENIX_COLLECTOR_ENDPOINT: 'http://p:4317' }, 'PHOENIX_COLLECTOR_ENDPOINT'],
      ['collector', { endpoint: 'http://c:4317' }, {}, '`endpoint`'],
      ['collector', {}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4317', OTEL_EXPORTER_OTLP_PROTOCOL }, 'OTEL_EXPORTER_OTLP_ENDPOINT'],
    ] as const) {
      const { problem, warnings } = BACKENDS[name].make({ ...given, env });
      assert.deepEqual([problem, warnings?.length], [undefined, 1], name);
      assert.ok(warnings?.[0].includes(named) && / is for gRPC/.test(warnings[0]), warnings?.[0]);
    }
  });

  test('Datadog: an empty address is none, and a site without an intake turns it off', () => {
    const { make } = BACKENDS.datadog;
    const missing = make({ endpoint: '', env: {} }).problem ?? '';
    assert.match(missing, /^`apiKey` \(or DD_API_KEY\) is missing$/);
    const site = 'ddog-gov.com';
    assert.match(make({ apiKey: 'k3y', site, env: {} }).problem ?? '', /^`site` .*no OTLP intake/);
    const agent = make({ site, endpoint: 'http://localhost:4318', env: {} });
    assert.deepEqual([agent.problem, agent.warnings], [undefined, []]);
  });

  test("MLflow: an experiment's name is told to be no number", () => {
    const { problem } = BACKENDS.mlflow.make({ env: { MLFLOW_EXPERIMENT_NAME: 'support' } });
    assert.match(problem ?? '', /^`experimentId` \(or MLFLOW_EXPERIMENT_ID\) is missing; MLFLOW_EXPERIMENT_NAME /);
    const given = BACKENDS.mlflow.make({ experimentId: 7, env: { MLFLOW_EXPERIMENT_NAME: 'support' } });
    assert.equal(given.problem, undefined);
  });

  test("a Worker's variables may be numbers and booleans", async () => {
    const mlflow = await target(BACKENDS.mlflow.make({ env: { MLFLOW_EXPERIMENT_ID: 42 } }));
    assert.equal(mlflow.headers['x-mlflow-experiment-id'], '42');
    const env = { GRAFANA_CLOUD_INSTANCE_ID: 123456, GRAFANA_CLOUD_API_KEY: 'glc_x' };
    const grafana = await target(BACKENDS.grafanaCloud.make({ zone: 'eu-west-2', env }));
    assert.equal(Buffer.from(grafana.headers.authorization.slice(6), 'base64').toString(), '123456:glc_x');
  });

  test('what is no object has no options', () => {
    for (const [name, make] of Object.entries(destinations)) {
      if (!NAMES.includes(name)) continue;
      for (const none of [null, 'text', 7]) {
        const destination = (make as unknown as (options: unknown) => Destination)(none);
        assert.equal(typeof destination.name, 'string', name);
      }
    }
  });

  test('a region, a site or a zone that is none', () => {
    for (const [name, option] of [
      ['arize', 'region'],
      ['datadog', 'site'],
      ['signoz', 'region'],
      ['axiom', 'region'],
      ['newRelic', 'region'],
      ['honeycomb', 'region'],
    ] as const) {
      const backend = BACKENDS[name];
      const { problem } = backend.make({ ...options(backend), [option]: 'evil.example/', env: {} });
      assert.match(problem ?? '', new RegExp(`^\`${option}\``));
    }
  });
});
