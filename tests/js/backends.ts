// The destinations with a name, as tests make them: what each needs, by option and by variable, and
// where it sends then.
import * as all from 'edgespan/destinations';
import type { Destination } from 'edgespan/destinations';

export interface BackendCase {
  readonly make: (options: Record<string, unknown>) => Destination;
  /** What it needs: a value for each option, and the variables that stand in for it. */
  readonly needs: Readonly<Record<string, { readonly value: string; readonly variables: readonly string[] }>>;
  /** Where it sends then. */
  readonly url: string;
  /** With what, beside the content type. */
  readonly headers: Readonly<Record<string, string>>;
  /** The variables that give its address, best first. */
  readonly endpoints: readonly string[];
  /** The path behind an address without one. */
  readonly path: string;
  /** Needed only without an address of one's own. */
  readonly optionalAtEndpoint?: readonly string[];
}

const of = (name: keyof typeof all): BackendCase['make'] => all[name] as BackendCase['make'];
const need = (value: string, ...variables: string[]) => ({ value, variables });
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const TRACES = '/v1/traces';

export const BACKENDS: Readonly<Record<string, BackendCase>> = {
  lemma: {
    make: of('lemma'),
    needs: {
      apiKey: need('lma_k3yOfLemma', 'LEMMA_API_KEY'),
      projectId: need('0f8fad5b-d9cb-469f-a165-70867728950e', 'LEMMA_PROJECT_ID'),
    },
    url: 'https://api.uselemma.ai/otel/v1/traces',
    headers: {
      authorization: 'Bearer lma_k3yOfLemma',
      'x-lemma-project-id': '0f8fad5b-d9cb-469f-a165-70867728950e',
    },
    endpoints: ['LEMMA_OTLP_TRACES_URL', 'LEMMA_BASE_URL'],
    path: '/otel/v1/traces',
  },
  agnost: {
    make: of('agnost'),
    needs: { orgId: need('0rg-of-agnost', 'AGNOST_ORG_ID') },
    url: 'https://otel.agnost.ai/v1/traces',
    headers: { 'x-agnost-org-id': '0rg-of-agnost' },
    endpoints: ['AGNOST_OTEL_URL'],
    path: TRACES,
  },
  langfuse: {
    make: of('langfuse'),
    needs: {
      publicKey: need('pk-lf-publicKey', 'LANGFUSE_PUBLIC_KEY'),
      secretKey: need('sk-lf-s3cretKey', 'LANGFUSE_SECRET_KEY'),
    },
    url: 'https://cloud.langfuse.com/api/public/otel/v1/traces',
    headers: {
      authorization: `Basic ${base64('pk-lf-publicKey:sk-lf-s3cretKey')}`,
      'x-langfuse-ingestion-version': '4',
    },
    endpoints: ['LANGFUSE_BASE_URL', 'LANGFUSE_BASEURL', 'LANGFUSE_HOST'],
    path: '/api/public/otel/v1/traces',
  },
  langsmith: {
    make: of('langsmith'),
    needs: { apiKey: need('lsv2_k3yOfLangSmith', 'LANGSMITH_API_KEY', 'LANGCHAIN_API_KEY') },
    url: 'https://api.smith.langchain.com/otel/v1/traces',
    headers: { 'x-api-key': 'lsv2_k3yOfLangSmith' },
    endpoints: ['LANGSMITH_ENDPOINT', 'LANGCHAIN_ENDPOINT'],
    path: '/api/v1/otel/v1/traces', // of a server of one's own
  },
  braintrust: {
    make: of('braintrust'),
    needs: { apiKey: need('sk-k3yOfBraintrust', 'BRAINTRUST_API_KEY') },
    url: 'https://api.braintrust.dev/otel/v1/traces',
    headers: { authorization: 'Bearer sk-k3yOfBraintrust', 'x-bt-parent': 'project_name:mastra-tracing' },
    endpoints: ['BRAINTRUST_API_URL', 'BRAINTRUST_ENDPOINT'],
    path: '/otel/v1/traces',
  },
  phoenix: {
    make: of('phoenix'),
    needs: {},
    url: 'http://localhost:6006/v1/traces',
    headers: {},
    endpoints: ['PHOENIX_COLLECTOR_ENDPOINT', 'PHOENIX_ENDPOINT'],
    path: TRACES,
  },
  arize: {
    make: of('arize'),
    needs: {
      spaceId: need('5paceOfArize', 'ARIZE_SPACE_ID'),
      apiKey: need('k3yOfArize', 'ARIZE_API_KEY'),
    },
    url: 'https://otlp.arize.com/v1/traces',
    headers: { space_id: '5paceOfArize', api_key: 'k3yOfArize' },
    endpoints: ['ARIZE_COLLECTOR_ENDPOINT'],
    path: TRACES,
  },
  datadog: {
    make: of('datadog'),
    needs: { apiKey: need('k3yOfDatadog', 'DD_API_KEY') },
    url: 'https://otlp.datadoghq.com/v1/traces',
    headers: { 'dd-api-key': 'k3yOfDatadog', 'dd-otlp-source': 'llmobs' },
    endpoints: [],
    path: TRACES,
    optionalAtEndpoint: ['apiKey'],
  },
  laminar: {
    make: of('laminar'),
    needs: { apiKey: need('k3yOfLaminar', 'LMNR_PROJECT_API_KEY') },
    url: 'https://api.lmnr.ai/v1/traces',
    headers: { authorization: 'Bearer k3yOfLaminar' },
    endpoints: ['LAMINAR_ENDPOINT', 'LMNR_BASE_URL'],
    path: TRACES,
  },
  posthog: {
    make: of('posthog'),
    needs: { apiKey: need('phc_k3yOfPostHog', 'POSTHOG_API_KEY', 'NEXT_PUBLIC_POSTHOG_KEY') },
    url: 'https://us.i.posthog.com/i/v0/ai/otel',
    headers: { authorization: 'Bearer phc_k3yOfPostHog' },
    endpoints: ['POSTHOG_HOST', 'NEXT_PUBLIC_POSTHOG_HOST'],
    path: '/i/v0/ai/otel',
  },
  sentry: {
    make: of('sentry'),
    needs: { dsn: need('https://k3yOfSentry@o1.ingest.us.sentry.io/42', 'SENTRY_DSN') },
    url: 'https://o1.ingest.us.sentry.io/api/42/integration/otlp/v1/traces/',
    headers: { 'x-sentry-auth': 'Sentry sentry_version=7, sentry_key=k3yOfSentry' },
    endpoints: [],
    path: '/api/42/integration/otlp/v1/traces/',
  },
  dash0: {
    make: of('dash0'),
    needs: {
      apiKey: need('auth_k3yOfDash0', 'DASH0_API_KEY', 'DASH0_AUTH_TOKEN'),
      endpoint: need('https://ingress.eu-west-1.aws.dash0.com', 'DASH0_ENDPOINT', 'DASH0_OTLP_URL'),
    },
    url: 'https://ingress.eu-west-1.aws.dash0.com/v1/traces',
    headers: { authorization: 'Bearer auth_k3yOfDash0' },
    endpoints: ['DASH0_ENDPOINT', 'DASH0_OTLP_URL'],
    path: TRACES,
  },
  mlflow: {
    make: of('mlflow'),
    needs: { experimentId: need('4321', 'MLFLOW_EXPERIMENT_ID') },
    url: 'http://localhost:5000/v1/traces',
    headers: { 'x-mlflow-experiment-id': '4321' },
    endpoints: ['MLFLOW_TRACKING_URI'],
    path: TRACES,
  },
  newRelic: {
    make: of('newRelic'),
    needs: { apiKey: need('k3yOfNewRelicNRAL', 'NEW_RELIC_LICENSE_KEY') },
    url: 'https://otlp.nr-data.net/v1/traces',
    headers: { 'api-key': 'k3yOfNewRelicNRAL' },
    endpoints: ['NEW_RELIC_ENDPOINT'],
    path: TRACES,
  },
  signoz: {
    make: of('signoz'),
    needs: { apiKey: need('k3yOfSigNoz', 'SIGNOZ_API_KEY', 'SIGNOZ_INGESTION_KEY') },
    url: 'https://ingest.us.signoz.cloud/v1/traces',
    headers: { 'signoz-ingestion-key': 'k3yOfSigNoz' },
    endpoints: ['SIGNOZ_ENDPOINT'],
    path: TRACES,
    optionalAtEndpoint: ['apiKey'],
  },
  traceloop: {
    make: of('traceloop'),
    needs: { apiKey: need('k3yOfTraceloop', 'TRACELOOP_API_KEY') },
    url: 'https://api.traceloop.com/v1/traces',
    headers: { authorization: 'Bearer k3yOfTraceloop' },
    endpoints: ['TRACELOOP_ENDPOINT', 'TRACELOOP_BASE_URL'],
    path: TRACES,
  },
  honeycomb: {
    make: of('honeycomb'),
    needs: { apiKey: need('k3yOfHoneycomb', 'HONEYCOMB_API_KEY') },
    url: 'https://api.honeycomb.io/v1/traces',
    headers: { 'x-honeycomb-team': 'k3yOfHoneycomb' },
    endpoints: ['HONEYCOMB_API_ENDPOINT'],
    path: TRACES,
  },
  grafanaCloud: {
    make: of('grafanaCloud'),
    needs: {
      instanceId: need('123456', 'GRAFANA_CLOUD_INSTANCE_ID'),
      token: need('glc_t0kenOfGrafana', 'GRAFANA_CLOUD_API_KEY'),
      endpoint: need(
        'https://otlp-gateway-prod-us-west-0.grafana.net/otlp',
        'OTEL_EXPORTER_OTLP_ENDPOINT',
      ),
    },
    url: 'https://otlp-gateway-prod-us-west-0.grafana.net/otlp/v1/traces',
    headers: { authorization: `Basic ${base64('123456:glc_t0kenOfGrafana')}` },
    endpoints: [], // only an address of Grafana's
    path: '/otlp/v1/traces',
  },
  axiom: {
    make: of('axiom'),
    needs: {
      token: need('xaat-t0kenOfAxiom', 'AXIOM_TOKEN'),
      dataset: need('agents-of-axiom', 'AXIOM_DATASET'),
    },
    url: 'https://api.axiom.co/v1/traces',
    headers: { authorization: 'Bearer xaat-t0kenOfAxiom', 'x-axiom-dataset': 'agents-of-axiom' },
    endpoints: ['AXIOM_URL'],
    path: TRACES,
  },
  collector: {
    make: of('collector'),
    needs: {},
    url: 'http://localhost:4318/v1/traces',
    headers: {},
    endpoints: ['OTEL_EXPORTER_OTLP_ENDPOINT'],
    path: TRACES,
  },
};

/** What a backend needs, as options. */
export const options = ({ needs }: BackendCase): Record<string, unknown> =>
  Object.fromEntries(Object.entries(needs).map(([option, { value }]) => [option, value]));

/** The same, as variables: of each option the one at a place, or the last there is. */
export const variables = ({ needs }: BackendCase, place = 0): Record<string, string> =>
  Object.fromEntries(
    Object.values(needs).map(({ value, variables }) => [variables[place] ?? variables.at(-1), value]),
  );
