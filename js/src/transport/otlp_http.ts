/**
 * OTLP over HTTP with fetch: one body, one request, one answer. Retry, spooling and fan-out belong
 * above this (deliver.ts); the judgement of an answer belongs to the core.
 * @module
 */
import { MAX_ANSWER_BYTES, RETRY_MS } from '../limits.js';
import { BODY_JSON, BODY_OTHER, BODY_PROTOBUF } from '../core/schema.gen.js';
import type { Address, Answer, Destination, Payload, SpanFormatter } from '../destinations/destination.js';
import type { ScoreAdapter } from '../destinations/scores/score.js';
import type { Dialect } from '../destinations/dialect.js';
import type { SpanLimits } from '../core/pipeline.js';
import type { PrivacyOptions } from '../engine/privacy.js';
import type { TailSampler } from '../sampling/tail.js';
import type { Environment } from './env.js';
import { nativeFetch } from './native_fetch.js';
import { noAnswer, NOTHING } from './no_answer.js';
import { secretsOf } from './secrets.js';

export interface OtlpOptions extends PrivacyOptions {
  /**
   * Base URL of the receiver, as in OTEL_EXPORTER_OTLP_ENDPOINT: `/v1/traces` is appended to its path
   * unless the path already ends so. A query stays. Left out, everything that is not given here comes
   * from the environment's OTEL_EXPORTER_OTLP_* variables; given as undefined, the destination is off.
   */
  endpoint?: string | undefined;
  /** Where the environment's variables are: a Worker's `env`; `process.env` by default. */
  env?: Environment | undefined;
  /** Sent with every request: credentials, mostly. An undefined value disables the destination. */
  headers?: Record<string, string | undefined> | undefined;
  /** Names the destination in receipts and warnings; `otlp` by default. */
  name?: string | undefined;
  /**
   * Compress bodies where the runtime can (CompressionStream); off by default. With a threshold only
   * bodies of at least so many bytes.
   */
  gzip?: boolean | { threshold: number } | undefined;
  /** Milliseconds from a request to the end of its answer; 10000 by default. */
  timeout?: number | undefined;
  /**
   * Milliseconds that a run's delivery may take, repetitions and the waits between them included; 25000
   * by default, for Workers live 30 seconds after their response. With 0 nothing is sent twice.
   */
  retryBudget?: number | undefined;
  /**
   * `incremental` (default): spans leave as they end where a run is long or large, in as many requests
   * as it takes, as OTLP receivers expect. `whole`: one request a run, when its root has ended, for
   * receivers that look at a run once. What does not fit one is trimmed then.
   */
  delivery?: 'incremental' | 'whole' | undefined;
  /**
   * A batch is cut before it passes this many bytes; 4 000 000 by default. Of what does not fit alone,
   * a span or a whole run, the longest values are cut.
   */
  maxRequestBytes?: number | undefined;
  /** A batch is cut before it passes this many spans; 512 by default, unlimited for whole runs. */
  maxRequestSpans?: number | undefined;
  /**
   * How spans become attributes: `genai` (OpenTelemetry's GenAI conventions, the default), or one of
   * `edgespan/dialects`.
   */
  dialect?: 'genai' | Dialect | undefined;
  /**
   * What becomes of a parent that lives in another process (a `traceparent` that came in): it stays the
   * run's parent (`keep`), or is left out and named in `mastra.external_parent_span_id` (`detach`), for
   * receivers that never see it and show only what has a root. The dialect's own choice by default.
   */
  remoteParent?: 'keep' | 'detach' | undefined;
  /**
   * Spans of these types are not sent; what lay below them goes to the nearest ancestor that is.
   * `['model_chunk']` by default: what chunks tell (reasoning, the time of the first one) stands on their
   * model call; `[]` sends all.
   */
  dropTypes?: readonly string[] | undefined;
  /**
   * Tells this destination, at its address, from others in a store (`spool`): spans that were stored
   * under one key are sent by who has the same. By default the address and the `headers` are the key
   * (a store holds their digest), so that tenants are apart; then what is stored before a credential
   * changes is not sent after. A name of the tenant, say, stays.
   */
  storeKey?: string | undefined;
  /** Which of `logs` and `metrics` the receiver takes beside spans; both by default. */
  signals?: readonly ('logs' | 'metrics')[] | undefined;
  /** How the receiver takes scores and feedback; as spans by default. */
  scores?: ScoreAdapter | undefined;
  /**
   * Changes the content of spans on their way to this destination, in place of the exporter's
   * `customSpanFormatter`: the same contract.
   */
  customSpanFormatter?: SpanFormatter | undefined;
  /**
   * Which runs are sent, once they have ended: `tail()` of `edgespan/sampling`, in place of the exporter's
   * `tail`; `false`: all.
   */
  tail?: TailSampler | false | undefined;
}

/** What is looked at of an answer: declarations that need no DOM. */
export interface Head {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
}

/** Another format than OTLP in protobuf, made of a body in that. */
export interface Wire {
  /** Equal for formats that are the same. */
  readonly name: string;
  readonly contentType: string;
  encode(body: Uint8Array): Uint8Array;
  /** What an answer means where its status does not say it. */
  read?(response: Head): Partial<Answer> | undefined;
}

/** Everything that is known of a destination, once the environment has been asked. */
export interface Target extends OtlpOptions {
  /** The endpoint is to be used as it is. */
  exact?: boolean;
  warnings: readonly string[];
  /** What was found to be wrong already. */
  problem?: string | undefined;
  /** Sent in another format. */
  wire?: Wire | undefined;
  /** Attributes that the receiver needs on the resource. */
  resource?: Record<string, unknown> | undefined;
  /** The receiver's own limits of a span. */
  limits?: SpanLimits | undefined;
  /** What must not be shown, beside the address and the headers. */
  secrets?: readonly string[];
}

export const MISSING = 'is missing';
export const BUILT = 'was built from a missing value';
// `Bearer ${env.KEY}` without the KEY: no receiver would take it.
export const NONE: RegExp = /(^|[\s=:])(undefined|null)$|^\s*(Bearer|Basic)\s*$/i;

export class OtlpDestination implements Destination {
  readonly name: string;
  readonly settings: Destination['settings'];
  readonly problem: string | undefined;
  readonly customSpanFormatter: Destination['customSpanFormatter'];
  readonly tail: Destination['tail'];
  readonly privacy: PrivacyOptions;
  readonly signals: Destination['signals'];
  readonly scores: Destination['scores'];
  readonly #url: string = '';
  readonly #headers: Record<string, string> = {};
  readonly #request: RequestInit;
  readonly budget: number;
  readonly coding: string;
  readonly warnings: readonly string[];
  readonly #gzip: number; // from so many bytes on
  readonly #wire: Wire | undefined;
  readonly #timeout: number;
  readonly #storeKey: string | undefined;
  readonly #secrets: readonly string[];

  constructor(given: Target) {
    const { endpoint, name, gzip, remoteParent, wire } = given;
    const { delivery = 'incremental', dialect = 'genai', dropTypes = ['model_chunk'] } = given;
    const whole = delivery === 'whole';
    this.tail = given.tail;
    this.warnings = given.warnings;
    this.name = typeof name === 'string' && name !== '' ? name : 'otlp';
    this.settings = {
      dialect: typeof dialect === 'string' ? dialect : dialect?.table,
      maxBytes: positive(given.maxRequestBytes, 4_000_000),
      maxSpans: positive(given.maxRequestSpans, whole ? 2 ** 31 - 1 : 512),
      whole,
      remoteParent,
      dropTypes,
      resource: given.resource,
      limits: given.limits,
    };
    this.problem = given.problem;
    this.customSpanFormatter = given.customSpanFormatter;
    this.privacy = { redact: given.redact, content: given.content };
    this.signals = given.signals;
    this.scores = given.scores;
    this.#storeKey = given.storeKey;
    this.#secrets = given.secrets ?? [];
    this.#timeout = positive(given.timeout, 10_000);
    this.budget = given.retryBudget === 0 ? 0 : positive(given.retryBudget, RETRY_MS);
    const threshold = gzip === true ? 0 : ((gzip || undefined)?.threshold ?? Infinity);
    this.#gzip = typeof CompressionStream === 'function' ? threshold : Infinity;
    this.#wire = wire;
    this.coding = this.#gzip < Infinity || wire ? `${this.#gzip}${wire?.name}` : '';
    const strange =
      typeof dialect === 'string'
        ? dialect !== 'genai' && 'is none: import one from edgespan/dialects'
        : typeof dialect?.table !== 'string' && 'is no dialect';
    if (strange) this.problem ??= `\`dialect\` ${strange}`;
    if (!['keep', 'detach', undefined].includes(remoteParent)) {
      this.problem ??= "`remoteParent` is neither 'keep' nor 'detach'";
    }
    if (!whole && delivery !== 'incremental') {
      this.problem ??= "`delivery` is neither 'whole' nor 'incremental'";
    }
    let wrong = endpointProblem(endpoint);
    if (wrong) this.problem ??= `\`endpoint\` ${wrong}`;
    else this.#url = given.exact ? (endpoint as string) : tracesUrl(endpoint as string);
    for (const [header, value] of Object.entries(given.headers ?? {})) {
      wrong = headerProblem(header, value);
      if (wrong) this.problem ??= `\`headers.${header}\` ${wrong}`;
      this.#headers[header.toLowerCase()] = `${value}`;
    }
    const type = wire?.contentType ?? 'application/x-protobuf';
    this.#request = {
      method: 'POST',
      headers: { ...this.#headers, 'content-type': type },
      redirect: 'manual', // credentials go where the user sent them, nowhere else
      edgespan: true, // a traced `fetch` leaves it alone
    } as RequestInit;
  }

  identity(): string {
    return JSON.stringify([this.#url, this.#headers]);
  }

  storeId(): string {
    const [url] = this.#url.split('?');
    return this.#storeKey ? JSON.stringify([url, this.#storeKey]) : this.identity();
  }

  address(): Address {
    return { url: this.#url, headers: this.#headers };
  }

  encode(body: Uint8Array, json?: boolean): Promise<Payload> | undefined {
    const bytes = json || !this.#wire ? body : this.#wire.encode(body);
    if (bytes.length >= this.#gzip) return gzip(bytes);
    return bytes === body ? undefined : Promise.resolve({ bytes, gzip: false });
  }

  async post({ bytes, gzip }: Payload, most: number, at?: Address): Promise<Answer> {
    const abort = new AbortController();
    const limit = Math.min(this.#timeout, most);
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const request: RequestInit = {
        ...this.#request,
        signal: abort.signal,
        body: bytes as Uint8Array<ArrayBuffer>,
      };
      if (at) request.headers = { ...at.headers, 'content-type': 'application/json' };
      if (gzip) request.headers = { ...request.headers, 'content-encoding': 'gzip' };
      timer = setTimeout(() => abort.abort(), limit);
      const response = await nativeFetch(at?.url ?? this.#url, request);
      // A browser hides what a redirect was; any will do.
      const status = response.status || 302;
      // Most receivers say "accepted" with nothing: opening a stream for that costs more than it says.
      const { body: stream, headers } = response;
      const silent = !stream || headers.get('content-length') === '0';
      const body = silent ? NOTHING : await beginning(stream);
      const kind = silent ? BODY_OTHER : bodyKind(response);
      const retryAfter = status < 300 ? '' : (headers.get('retry-after') ?? '');
      return { status, kind, body, retryAfter, cause: '', ...this.#wire?.read?.(response) };
    } catch (error) {
      const cause = abort.signal.aborted
        ? `no answer within ${limit} ms`
        : `no answer (${this.redact(describe(error))})`;
      return noAnswer(cause);
    } finally {
      clearTimeout(timer);
    }
  }

  secrets(): readonly string[] {
    return secretsOf(this.#url, this.#headers, this.#secrets);
  }

  redact(text: string): string {
    // What a header says that is no secret is the user's own business all the same.
    const said = Object.values(this.#headers).filter(({ length }) => length >= 4);
    for (const secret of [...this.secrets(), ...said]) text = text.replaceAll(secret, '[redacted]');
    return text;
  }

  serializeForSpan(): { name: string } {
    return { name: this.name };
  }
}

async function gzip(body: Uint8Array): Promise<Payload> {
  const packed = new Blob([body as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new CompressionStream('gzip'));
  return { bytes: new Uint8Array(await new Response(packed).arrayBuffer()), gzip: true };
}

function positive(value: number | undefined, standard: number): number {
  return typeof value === 'number' && value >= 1 && value < 2 ** 31 ? Math.floor(value) : standard;
}

/** What is wrong with an address: undefined, nothing. */
export function endpointProblem(endpoint: unknown): string | undefined {
  if (typeof endpoint !== 'string' || endpoint.trim() === '') return MISSING;
  if (!URL.canParse(endpoint)) return 'is not a URL';
  const { protocol, username, password, hostname } = new URL(endpoint);
  if (!/^https?:$/.test(protocol)) return 'is not an http(s) URL';
  if (username + password !== '') return 'holds credentials: use `headers`';
  return NONE.test(hostname) ? BUILT : undefined;
}

function tracesUrl(endpoint: string): string {
  const url = new URL(endpoint);
  url.pathname = url.pathname.replace(/(\/v1\/traces)?\/*$/, '/v1/traces');
  url.hash = '';
  return url.href;
}

/** What is wrong with a header: undefined, nothing. */
export function headerProblem(header: string, value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return MISSING;
  if (NONE.test(`${value}`)) return BUILT;
  try {
    new Headers([[header, `${value}`]]);
  } catch {
    return 'is not a valid header';
  }
  return undefined;
}

function bodyKind(response: Response): number {
  const type = response.headers.get('content-type') ?? '';
  if (/^application\/x-protobuf\b/i.test(type)) return BODY_PROTOBUF;
  return /^application\/json\b/i.test(type) ? BODY_JSON : BODY_OTHER;
}

/** The answer's beginning. The status is known, so a body that breaks off changes nothing. */
async function beginning(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  let bytes = NOTHING;
  try {
    const reader = stream.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const joined = new Uint8Array(bytes.length + value.length);
      joined.set(bytes);
      joined.set(value, bytes.length);
      bytes = joined;
      if (bytes.length >= MAX_ANSWER_BYTES) {
        await reader.cancel();
        break;
      }
    }
  } catch {
    // Broken off, or timed out: what came is used.
  }
  return bytes.subarray(0, MAX_ANSWER_BYTES);
}

function describe(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { code?: string } };
  return cause?.code ?? message ?? String(error);
}
