// What single backends ask for: limits, compression, attributes of the resource, headers, forms of keys.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Destination } from 'edgespan/destinations';
import { BACKENDS, options } from './backends.ts';
import { target } from './destination_sent.ts';

const { make: lemma } = BACKENDS.lemma;

describe('what backends ask for', () => {
  const made = (name: string, more: Record<string, unknown> = {}, env: Record<string, unknown> = {}): Destination =>
    BACKENDS[name].make({ ...options(BACKENDS[name]), ...more, env });

  test('limits of a request and of a span', () => {
    const of = (name: string) => {
      const { maxBytes, maxSpans, whole, limits } = made(name).settings;
      return { maxBytes, maxSpans, whole, ...limits };
    };
    const usual = { maxBytes: 4_000_000, maxSpans: 512, whole: false };
    assert.deepEqual(of('lemma'), { ...usual, maxSpans: 2 ** 31 - 1, whole: true });
    assert.deepEqual(of('langfuse'), usual);
    assert.deepEqual(of('datadog'), { ...usual, maxBytes: 3_000_000 });
    assert.deepEqual(of('posthog'), { ...usual, maxSpans: 100, attributeValueLengthLimit: 400_000 });
    assert.deepEqual(of('newRelic'), {
      ...usual,
      maxBytes: 1_000_000,
      maxSpans: 200,
      attributeValueLengthLimit: 4095,
    });
    assert.deepEqual(of('dash0'), {
      ...usual,
      attributeCountLimit: 32,
      attributeValueLengthLimit: 2048,
      eventCountLimit: 8,
      linkCountLimit: 128,
    });
    assert.deepEqual(of('grafanaCloud'), { ...usual, attributeValueLengthLimit: 2048 });
    const { limits } = made('dash0', { limits: { attributeCountLimit: 16 } }).settings;
    assert.equal(limits?.attributeCountLimit, 16);
    assert.equal(limits?.eventCountLimit, 8);
  });

  test('gzip only where it is known to be read', async () => {
    const text = new Uint8Array(20_000);
    for (const name of Object.keys(BACKENDS)) {
      const known = ['lemma', 'langfuse', 'phoenix', 'posthog', 'sentry', 'mlflow', 'newRelic', 'axiom', 'collector'];
      assert.equal((await made(name).encode(text))?.gzip ?? false, known.includes(name), name);
      assert.equal(made(name).encode(text.subarray(1, 16_000)), undefined);
      assert.equal((await made(name, { gzip: true }).encode(text))?.gzip, true);
      assert.equal(made(name, { gzip: false }).encode(text), undefined);
    }
  });

  test('attributes of the resource', () => {
    const resource = (...args: Parameters<typeof made>) => made(...args).settings.resource;
    assert.equal(resource('langfuse'), undefined);
    assert.deepEqual(resource('langfuse', { release: 'r1' }, { LANGFUSE_TRACING_ENVIRONMENT: 'prod' }), {
      'langfuse.environment': 'prod',
      'langfuse.release': 'r1',
    });
    assert.deepEqual(resource('arize'), { 'openinference.project.name': 'default' });
    assert.deepEqual(resource('arize', {}, { ARIZE_PROJECT_NAME: 'p' }), { 'openinference.project.name': 'p' });
    assert.deepEqual(resource('phoenix', { projectName: 'p' }), { 'openinference.project.name': 'p' });
    assert.deepEqual(resource('sentry', { environment: 'e' }, { SENTRY_RELEASE: 'r' }), {
      'deployment.environment.name': 'e',
      'service.version': 'r',
    });
    assert.deepEqual(resource('lemma', { release: 'r' }), { 'lemma.release': 'r', 'service.version': 'r' });
    assert.deepEqual(resource('posthog', { defaultDistinctId: 'anon' }), { 'posthog.distinct_id': 'anon' });
    const datadog = { 'service.name': 'app', 'service.version': '1', 'deployment.environment.name': 'e' };
    const env = { DD_LLMOBS_ML_APP: 'app', DD_SERVICE: 'other', DD_VERSION: '1', DD_ENV: 'e' };
    assert.deepEqual(resource('datadog', {}, env), datadog);
  });

  test("@mastra/datadog's `env` is the environment's name", () => {
    const destination = BACKENDS.datadog.make({ apiKey: 'k3yOfDatadog', env: 'staging', service: 's' });
    assert.equal(destination.problem, undefined);
    assert.deepEqual(destination.settings.resource, {
      'deployment.environment.name': 'staging',
      'service.name': 's',
    });
  });

  test('headers beside the credentials', async () => {
    const sends = async (...args: Parameters<typeof made>) => (await target(made(...args))).headers;
    assert.equal((await sends('langsmith', { projectName: 'p' }))['langsmith-project'], 'p');
    assert.equal((await sends('langsmith', {}, { LANGCHAIN_PROJECT: 'q' }))['langsmith-project'], 'q');
    assert.equal((await sends('langfuse', { additionalHeaders: { 'x-team': 't' } }))['x-team'], 't');
    assert.equal((await sends('braintrust', { projectName: 'p' }, { BRAINTRUST_PARENT: 'x:1' }))['x-bt-parent'], 'project_name:p');
    assert.equal((await sends('braintrust', {}, { BRAINTRUST_PARENT: 'project_id:1' }))['x-bt-parent'], 'project_id:1');
    assert.equal((await sends('datadog', { mlApp: 'app' }))['dd-ml-app'], 'app');
    assert.equal((await sends('dash0', { dataset: 'd' }))['dash0-dataset'], 'd');
    assert.equal((await sends('traceloop', { destinationId: 'd' }))['x-traceloop-destination-id'], 'd');
    assert.equal((await sends('traceloop', {}, { TRACELOOP_HEADERS: 'x-a=b%20c' }))['x-a'], 'b c');
    assert.equal((await sends('honeycomb', { dataset: 'd' }))['x-honeycomb-dataset'], 'd');
    assert.equal((await sends('axiom', { orgId: 'o' }))['x-axiom-org-id'], 'o');
    assert.equal((await sends('collector', { tenant: 't' }))['x-scope-orgid'], 't');
    assert.equal((await sends('mlflow', { token: 't' })).authorization, 'Bearer t');
    const basic = (await sends('mlflow', { username: 'ü', password: 'p' })).authorization;
    assert.equal(Buffer.from(basic.slice(6), 'base64').toString(), 'ü:p');
    const phoenix = { endpoint: 'http://p', apiKey: 'k' };
    assert.deepEqual(await sends('phoenix', phoenix, { PHOENIX_CLIENT_HEADERS: 'api_key=old' }), {
      api_key: 'old',
      authorization: 'Bearer k',
    });
  });

  test("Grafana Cloud takes what its console shows, and no other receiver's variables", async () => {
    const { make } = BACKENDS.grafanaCloud;
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp-gateway-prod-us-west-0.grafana.net/otlp',
      OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Basic%20YTpi',
    };
    assert.deepEqual(await target(make({ env })), {
      url: 'https://otlp-gateway-prod-us-west-0.grafana.net/otlp/v1/traces',
      headers: { authorization: 'Basic YTpi' },
    });
    const elsewhere = { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example' };
    assert.match(make({ env: elsewhere }).problem ?? '', /OTEL_EXPORTER_OTLP_ENDPOINT\) is not one of/);
    const given = { instanceId: 1, token: 'glc_x', endpoint: 'https://tempo.example/otlp' };
    const { headers } = await target(make({ ...given, env }));
    assert.equal(headers.authorization, `Basic ${Buffer.from('1:glc_x').toString('base64')}`);
  });

  test('a key without a place for it turns Phoenix off', () => {
    const { problem } = BACKENDS.phoenix.make({ apiKey: 'k3y', env: {} });
    assert.match(problem ?? '', /^`endpoint` \(or PHOENIX_COLLECTOR_ENDPOINT, PHOENIX_ENDPOINT\) is missing$/);
  });

  test('row 7: a form that the documentation contradicts only warns', async () => {
    const documented = lemma({ apiKey: 'lma_x', projectId: 'proj_abc', env: {} });
    assert.deepEqual([documented.problem, documented.warnings], [undefined, []]);
    for (const [name, option, value] of [
      ['lemma', 'apiKey', 'other-k3y'],
      ['lemma', 'projectId', 'my project'],
      ['langfuse', 'publicKey', 'sk-lf-swapped'],
      ['langfuse', 'secretKey', 'pk-lf-swapped'],
      ['posthog', 'apiKey', 'phx_personal'],
      ['mlflow', 'experimentId', 'by-name'],
    ] as const) {
      const destination = made(name, { [option]: value });
      assert.equal(destination.problem, undefined);
      assert.equal(destination.warnings?.length, 1, name);
      assert.match(destination.warnings[0], new RegExp(`^\`${option}\` \\(or .*is not an? .*; it is used as it is$`));
      assert.ok(!destination.warnings[0].includes(value));
    }
  });
});
