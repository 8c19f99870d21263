// The destinations with a name: where each sends, with what, by which options and variables, and what
// becomes of settings that are missing or wrong. What they send is in tests/runtime/destinations.test.ts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { inspect } from 'node:util';
import type { Destination } from 'edgespan/destinations';
import * as destinations from 'edgespan/destinations';
import { EdgespanExporter } from 'edgespan/mastra';
import { DESTINATIONS, NAMES, page } from '../../scripts/lib/destinations.mjs';
import { BACKENDS, options, variables } from './backends.ts';
import { end, play, run, start } from './spans.ts';

interface Sent {
  readonly url: string;
  readonly headers: Record<string, string>;
}
const { fetch } = globalThis;
let sent: Sent[] = [];
let answer: () => Response = () => new Response(null, { status: 200 });
globalThis.fetch = (async (url: string, { headers }: RequestInit) => {
  sent.push({ url, headers: { ...(headers as Record<string, string>) } });
  return answer();
}) as typeof fetch;
after(() => (globalThis.fetch = fetch));

/** Where a destination sends, and with what beside its content type. */
async function target(destination: Destination): Promise<Sent> {
  assert.equal(destination.problem, undefined);
  sent = [];
  await destination.post({ bytes: new Uint8Array(1), gzip: false }, 1000);
  const { 'content-type': type, ...headers } = sent[0].headers;
  assert.equal(type, 'application/x-protobuf');
  return { url: sent[0].url, headers };
}

const url = async (destination: Destination): Promise<string> => (await target(destination)).url;
const { make: lemma } = BACKENDS.lemma;

test('every destination by OTLP is here', () => {
  const elsewhere = ['otlp', 'otlpJson', 'zipkin', 'contextCompany', 'mastraPlatform', 'consoleTree'];
  const names = NAMES.filter((name) => !elsewhere.includes(name));
  assert.deepEqual(names, Object.keys(BACKENDS).sort());
});

test('docs/destinations.md is what the destinations are', async () => {
  assert.equal(await page(), readFileSync(DESTINATIONS, 'utf8'));
});

for (const [name, backend] of Object.entries(BACKENDS)) {
  const { make, needs, headers, endpoints, path, optionalAtEndpoint = [] } = backend;
  const given = options(backend);
  const env = {};

  describe(name, () => {
    test('by options, and by variables', async () => {
      const expected = { url: backend.url, headers };
      const destination = make({ ...given, env });
      assert.match(destination.name, new RegExp(`^${name.replace(/[A-Z]/, '-?$&')}$`, 'i'));
      assert.deepEqual(destination.warnings ?? [], []);
      assert.deepEqual(await target(destination), expected);
      for (const place of [0, 1]) {
        assert.deepEqual(await target(make({ env: variables(backend, place) })), expected);
      }
      const nothing = Object.fromEntries(Object.keys(needs).map((option) => [option, undefined]));
      assert.deepEqual(await target(make({ ...nothing, env: variables(backend) })), expected);
    });

    test('options win over variables', async () => {
      const others = Object.values(needs).flatMap(({ variables }) => variables);
      const wrong = Object.fromEntries([...others, ...endpoints].map((key) => [key, 'http://other.example']));
      const { headers: said } = await target(make({ ...given, endpoint: 'https://mine.example', env: wrong }));
      for (const [header, value] of Object.entries(headers)) assert.equal(said[header], value);
    });

    test('an address of its own, with the path or without', async () => {
      const own = 'https://own.example:8443';
      const at = (endpoint: string): Promise<string> => url(make({ ...given, env, endpoint }));
      assert.equal(await at(own), own + path);
      assert.equal(await at(`${own}//`), own + path);
      assert.equal(await at(`${own}/tenant/`), own + '/tenant' + path.replace('/api/v1/otel', '/otel'));
      assert.equal(await at(own + path), own + path);
      assert.equal(await at(`${own}${path}?tenant=1#top`), `${own}${path}?tenant=1`);
      for (const variable of endpoints) {
        const { endpoint: _, ...rest } = given;
        assert.equal(await url(make({ ...rest, env: { [variable]: own } })), own + path);
      }
    });

    test('what is missing or malformed turns it off, named and not shown', () => {
      for (const [option, { variables: names, value }] of Object.entries(needs)) {
        const wrong = ['', undefined, ' ', 'undefined', 'Bearer undefined'];
        // What no header can hold; base64 holds all.
        const verbatim = Object.values(headers).some((header) => header.includes(value));
        if (verbatim) wrong.push(`${value}\n\u{1f512}`);
        for (const bad of wrong) {
          const destination = make({ ...given, [option]: bad, env });
          const problem = destination.problem ?? '';
          assert.ok(problem.startsWith(`\`${option}\` (or ${names.join(', ')}) `), `${bad}: ${problem}`);
          if (bad && bad.length > 9) assert.ok(!problem.includes(bad), problem);
        }
      }
      for (const endpoint of ['nonsense', 'ftp://host.example', 'https://user:pass@host.example']) {
        const problem = make({ ...given, env, endpoint }).problem ?? '';
        if (name === 'dash0' || name === 'traceloop') continue; // which take a bare host
        assert.match(problem, /^`endpoint`.* (is not|holds)/);
        for (const variable of endpoints) assert.ok(problem.includes(variable));
        assert.ok(!problem.includes(endpoint));
      }
      const without = Object.fromEntries(Object.entries(given).filter(([o]) => !optionalAtEndpoint.includes(o)));
      assert.equal(make({ ...without, env, endpoint: 'https://own.example' }).problem, undefined);
    });

    test('shows no credential', async () => {
      const destination = make({ ...given, env });
      const told = Object.values(headers).filter((header) => !['llmobs', 'project_name:mastra-tracing'].includes(header));
      const secrets = [...Object.values(given), ...told] as string[];
      const shown = [
        JSON.stringify(destination),
        inspect(destination, { depth: 9, showHidden: true }),
        JSON.stringify(destination.serializeForSpan()),
        destination.redact(`refused: ${secrets.join(' | ')} at ${backend.url}`),
      ];
      for (const text of shown) {
        for (const secret of secrets) {
          if (secret.length >= 4) assert.ok(!text.includes(secret), `${secret} in ${text}`);
        }
      }
    });

    test('headers and delivery of the user go before its own', async () => {
      const destination = make({
        ...given,
        env,
        name: 'mine',
        headers: { 'X-Own': '1' },
        delivery: 'whole',
        maxRequestBytes: 1234,
        maxRequestSpans: 7,
        remoteParent: 'keep',
        dialect: 'genai',
        dropTypes: [],
        limits: { attributeValueLengthLimit: 99 },
        retryBudget: 0,
        storeKey: 'tenant',
      });
      assert.deepEqual((await target(destination)).headers, { ...headers, 'x-own': '1' });
      assert.equal(destination.name, 'mine');
      const { resource: _, limits, ...settings } = destination.settings;
      assert.deepEqual(settings, {
        dialect: 'genai',
        maxBytes: 1234,
        maxSpans: 7,
        whole: true,
        remoteParent: 'keep',
        dropTypes: [],
      });
      assert.equal(limits?.attributeValueLengthLimit, 99);
      assert.equal(destination.budget, 0);
      const replaced = Object.keys(headers)[0];
      if (replaced) {
        const other = make({ ...given, env, headers: { [replaced.toUpperCase()]: 'other' } });
        assert.equal((await target(other)).headers[replaced], 'other');
      }
    });
  });
}

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

describe('an exporter with named destinations', () => {
  test('what is off says so once, sends nothing, and its spans are counted', async () => {
    for (const [name, backend] of Object.entries(BACKENDS)) {
      const option = Object.keys(backend.needs)[0];
      if (!option) continue;
      const lines: string[] = [];
      const { [option]: _, ...given } = options(backend);
      const exporter = new EdgespanExporter({ destinations: [backend.make({ ...given, env: {} })], spool: false });
      const say = (line: string): void => void lines.push(line);
      exporter.__setLogger({ debug: () => {}, info: () => {}, warn: say, error: say });
      sent = [];
      play(exporter, run(2));
      play(exporter, run(2));
      const { dropped } = await exporter.flush();
      assert.deepEqual([dropped, sent], [{ disabled: 6 }, []], name);
      assert.equal(lines.length, 1, lines.join('\n'));
      assert.ok(lines[0].includes(`\`${option}\``) && lines[0].includes(backend.needs[option].variables[0]));
      for (const value of Object.values(given) as string[]) assert.ok(!lines[0].includes(value));
    }
  });

  test('row 18: a flush sends the whole trace to Lemma, in one request', async () => {
    const { lemma } = BACKENDS;
    const destination = lemma.make({ ...options(lemma), env: {} });
    const exporter = new EdgespanExporter({ destinations: [destination], spool: false, early: { spans: 1 } });
    const [root, ...children] = run(20);
    sent = [];
    start(exporter, root, ...children);
    end(exporter, ...children);
    await exporter.flush();
    assert.deepEqual(sent, [], 'not before the root has ended');
    end(exporter, root);
    const { accepted } = await exporter.flush();
    assert.deepEqual([accepted, sent.length], [21, 1]);
  });

  test('what a receiver echoes of its credentials stays out of receipts and logs', async () => {
    const lines: string[] = [];
    try {
      for (const [name, backend] of Object.entries(BACKENDS)) {
        const given = options(backend);
        const secrets = [...(Object.values(given) as string[]), ...Object.values(backend.headers)];
        const message = `${secrets.join(' and ')} was refused`;
        answer = () => Response.json({ code: 16, message }, { status: 401 });
        const destination = backend.make({ ...given, env: {} });
        const exporter = new EdgespanExporter({ destinations: [destination], spool: false });
        const say = (line: string): void => void lines.push(line);
        exporter.__setLogger({ debug: () => {}, info: () => {}, warn: say, error: say });
        play(exporter, run(1));
        const receipt = await exporter.flush();
        const text = JSON.stringify(receipt) + lines.join('\n') + inspect(exporter, { depth: 9 });
        assert.match(text, /was refused/, name);
        for (const secret of secrets) {
          if (secret.length > 6) assert.ok(!text.includes(secret), `${name}: ${secret}`);
        }
      }
    } finally {
      answer = () => new Response(null, { status: 200 });
    }
  });
});
