/**
 * Mastra's `OtelExporter`, for those who have one: its options, defaults and attribute names, by
 * `edgespan`. Only the import changes.
 * @module
 */
import { Settings } from '../destinations/preset.js';
import type { Destination } from '../destinations/destination.js';
import { zipkin } from '../destinations/zipkin.js';
import type { Environment } from '../transport/env.js';
import { forHttp } from '../transport/grpc.js';
import { JSON_WIRE } from '../transport/otlp_json.js';
import type { LogLevel, Logger } from '../log.js';
import { logs } from '../signals/logs.js';
import type { Receipt } from '../transport/receipt.js';
import { EdgespanExporter } from './exporter.js';
import type { EdgespanExporterOptions } from './options.js';
import { type SpanExporter, throughExporter } from '../otel/through_exporter.js';
import type { MastraInitOptions, MastraSpan, MastraTracingEvent } from './types.js';

export type { Receipt, SpanExporter };

export type ExportProtocol = 'http/json' | 'http/protobuf' | 'grpc' | 'zipkin';

export interface Dash0Config {
  /** `DASH0_API_KEY` by default. */
  apiKey?: string | undefined;
  /** `DASH0_ENDPOINT` by default. */
  endpoint?: string | undefined;
  /** `DASH0_DATASET` by default. */
  dataset?: string | undefined;
}
export interface SignozConfig {
  /** `SIGNOZ_API_KEY` by default. */
  apiKey?: string | undefined;
  /** `SIGNOZ_REGION`, else `us` by default. */
  region?: 'us' | 'eu' | 'in' | undefined;
  /** `SIGNOZ_ENDPOINT` by default. */
  endpoint?: string | undefined;
}
export interface NewRelicConfig {
  /** `NEW_RELIC_LICENSE_KEY` by default. */
  apiKey?: string | undefined;
  /** `NEW_RELIC_ENDPOINT` by default. */
  endpoint?: string | undefined;
}
export interface TraceloopConfig {
  /** `TRACELOOP_API_KEY` by default. */
  apiKey?: string | undefined;
  /** `TRACELOOP_DESTINATION_ID` by default. */
  destinationId?: string | undefined;
  /** `TRACELOOP_ENDPOINT` by default. */
  endpoint?: string | undefined;
}
export interface LaminarConfig {
  /** `LMNR_PROJECT_API_KEY` by default. */
  apiKey?: string | undefined;
  /** `LAMINAR_ENDPOINT` by default. */
  endpoint?: string | undefined;
}
export interface CustomConfig {
  endpoint?: string | undefined;
  headers?: Record<string, string> | undefined;
  /** `http/json` by default. `grpc` is sent as `http/protobuf`, to port 4318 where 4317 was given. */
  protocol?: ExportProtocol | undefined;
}

export type ProviderConfig =
  | { dash0: Dash0Config }
  | { signoz: SignozConfig }
  | { newrelic: NewRelicConfig }
  | { traceloop: TraceloopConfig }
  | { laminar: LaminarConfig }
  | { custom: CustomConfig };

export interface OtelExporterConfig {
  /** Where spans go. */
  provider?: ProviderConfig | undefined;
  /** Milliseconds from a request to the end of its answer; 10000 by default. */
  timeout?: number | undefined;
  /** The most spans of one request; 512 by default. */
  batchSize?: number | undefined;
  logLevel?: LogLevel | undefined;
  logger?: Logger | undefined;
  /** They win over ours, `service.name` included. */
  resourceAttributes?: Record<string, unknown> | undefined;
  /** OpenTelemetry's interface of an exporter; takes the spans in the provider's place. */
  exporter?: SpanExporter | undefined;
  /** `false`: no spans, or no logs, are sent. */
  signals?: { traces?: boolean | undefined; logs?: boolean | undefined } | undefined;
  customSpanFormatter?(span: MastraSpan): MastraSpan | Promise<MastraSpan>;
  /** Where the variables are: a Worker's `env`; `process.env` by default. */
  env?: Environment | undefined;
  /** Keeps a promise alive after the response; found by itself on Cloudflare and Vercel. */
  waitUntil?(promise: Promise<unknown>): void;
}

const PROVIDERS = 'dash0, signoz, newrelic, traceloop, laminar or custom';
const SUFFIX = /(\/v1\/(traces|logs))?\/*$/;

/** What of a provider's configuration is an option of its own, however it is called. */
interface Given {
  apiKey?: string;
  dataset?: string;
  region?: string;
  destinationId?: string;
  endpoint?: string;
  headers?: Record<string, string>;
  protocol?: string;
  env?: Environment;
}

function destinationOf(config: OtelExporterConfig): Destination {
  const { provider, timeout, batchSize, env } = config;
  // Chunks as well, as the official exporter sends them.
  const common = { timeout, maxRequestSpans: batchSize || undefined, dropTypes: [], env };
  const [[name, own] = ['otel', undefined]] = Object.entries(provider ?? {}) as [string, Given][];
  const given = { ...own };
  const settings = new Settings({ ...common, ...given } as Given);
  const required = (variable: string): string => settings.required('apiKey', variable);
  const bearer = (variable: string): string => `Bearer ${required(variable)}`;
  const suffixless = (endpoint: string): string => endpoint.replace(SUFFIX, '');
  const url = (base?: string, variables = '', repair = suffixless): string | undefined =>
    settings.url('/v1/traces', base, variables, 'endpoint', repair);
  const over = (more: { url: string | undefined; headers?: object; json?: boolean }): Destination =>
    settings.destination({
      name,
      url: more.url,
      headers: { ...more.headers },
      wire: more.json ? JSON_WIRE : undefined,
    });
  switch (name) {
    case 'dash0': {
      const authorization = bearer('DASH0_API_KEY');
      const dataset = settings.optional('dataset', 'DASH0_DATASET');
      // HTTP is at the usual port there.
      const repair = (endpoint: string): string => forHttp(suffixless(endpoint), '');
      return over({
        url: url(undefined, 'DASH0_ENDPOINT', repair),
        headers: { authorization, 'dash0-dataset': dataset },
      });
    }
    case 'signoz': {
      const headers = { 'signoz-ingestion-key': required('SIGNOZ_API_KEY') };
      const region = settings.label('region', 'SIGNOZ_REGION', 'us');
      return over({ url: url(`https://ingest.${region}.signoz.cloud:443`, 'SIGNOZ_ENDPOINT'), headers });
    }
    case 'newrelic': {
      const headers = { 'api-key': required('NEW_RELIC_LICENSE_KEY') };
      return over({ url: url('https://otlp.nr-data.net:443', 'NEW_RELIC_ENDPOINT'), headers });
    }
    case 'traceloop': {
      const authorization = bearer('TRACELOOP_API_KEY');
      const id = settings.optional('destinationId', 'TRACELOOP_DESTINATION_ID');
      return over({
        url: url('https://api.traceloop.com', 'TRACELOOP_ENDPOINT'),
        headers: { authorization, 'x-traceloop-destination-id': id },
        json: true,
      });
    }
    case 'laminar': {
      const headers = { authorization: bearer('LMNR_PROJECT_API_KEY') };
      return over({ url: url('https://api.lmnr.ai', 'LAMINAR_ENDPOINT'), headers });
    }
    case 'custom':
      break;
    default:
      settings.fail(`\`provider\` is ${provider ? `none of ${PROVIDERS}` : 'missing'}`);
      return over({ url: undefined });
  }
  const { protocol = 'http/json' } = given;
  if (protocol === 'zipkin') return zipkin({ ...common, ...given, name });
  if (protocol === 'grpc') {
    settings.warn('`protocol` grpc is not for fetch: spans leave as http/protobuf, for port 4317 at 4318');
    return over({ url: url(undefined, '', (endpoint) => forHttp(suffixless(endpoint), ':4318')) });
  }
  const json = protocol === 'http/json';
  if (!json && protocol !== 'http/protobuf') {
    settings.fail('`protocol` is none of http/json, http/protobuf, grpc or zipkin');
  }
  return over({ url: url(), json });
}

function optionsOf(config: OtelExporterConfig): EdgespanExporterOptions {
  const { exporter, provider, resourceAttributes, logLevel, customSpanFormatter, env, waitUntil } = config;
  const receiver = destinationOf(config);
  const [name = 'otel'] = Object.keys(provider ?? {});
  // Of logs an exporter of spans knows nothing, nor does Zipkin: the provider's address takes them, if any.
  const tells = config.signals?.logs !== false && !receiver.problem && receiver.signals?.length !== 0;
  const all = {
    destinations: [exporter ? throughExporter(exporter, { name, maxSpans: config.batchSize }) : receiver],
    signals: tells ? [logs({ destinations: [receiver] })] : undefined,
    resourceAttributes,
    logLevel,
    customSpanFormatter,
    env,
    waitUntil,
  };
  const present = Object.entries(all).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as unknown as EdgespanExporterOptions;
}

/** What became of its spans an exporter has said of each; how it ends is its own affair. */
async function settled(end: () => Promise<void> | undefined): Promise<void> {
  await Promise.allSettled([Promise.resolve().then(end)]);
}

/**
 * `OtelExporter` of `@mastra/otel-exporter`, on Workers, too: it takes the same options, sends spans of the
 * same names, ids and attributes to the same addresses, and delivers them as `EdgespanExporter` does, after
 * the response, with receipts.
 *
 * @example
 * new OtelExporter({ provider: { signoz: { apiKey: env.SIGNOZ_API_KEY, region: 'eu' } } })
 */
export class OtelExporter extends EdgespanExporter {
  override readonly name: string = 'opentelemetry';
  readonly #traces: boolean;
  readonly #exporter: SpanExporter | undefined;

  constructor(config: OtelExporterConfig = {}) {
    super(optionsOf(config));
    this.#traces = config.signals?.traces !== false;
    this.#exporter = config.exporter;
    if (config.logger) this.__setLogger(config.logger);
  }

  override init(options?: MastraInitOptions): void {
    const serviceName = options?.config?.serviceName || 'mastra-service';
    super.init({ ...options, config: { ...options?.config, serviceName } });
  }

  override onTracingEvent(event: MastraTracingEvent): void {
    if (this.#traces) super.onTracingEvent(event);
  }

  override async flush(): Promise<Receipt & void> {
    const receipt = await super.flush();
    await settled(() => this.#exporter?.forceFlush?.());
    return receipt;
  }

  override async shutdown(): Promise<Receipt & void> {
    const receipt = await super.shutdown();
    await settled(() => this.#exporter?.shutdown());
    return receipt;
  }
}
