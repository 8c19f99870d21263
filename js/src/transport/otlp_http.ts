/**
 * OTLP over HTTP with fetch: one body, one request, one answer. Retry, spooling and fan-out belong
 * above this (deliver.ts); the judgement of an answer belongs to the core.
 * @module
 */
import { BODY_JSON, BODY_OTHER, BODY_PROTOBUF } from '../core/schema.gen.js';
import type { Answer, Destination } from '../destinations/destination.js';

export interface OtlpOptions {
  /**
   * Base URL of the receiver, as in OTEL_EXPORTER_OTLP_ENDPOINT: `/v1/traces` is appended to its path
   * unless the path already ends so. A query stays.
   */
  endpoint: string | undefined;
  /** Sent with every request: credentials, mostly. An undefined value disables the destination. */
  headers?: Record<string, string | undefined>;
  /** Names the destination in receipts and warnings; `otlp` by default. */
  name?: string;
  /** Compress bodies where the runtime can (CompressionStream); off by default. */
  gzip?: boolean;
  /** Milliseconds from the request to the end of its answer; 10000 by default. */
  timeout?: number;
  /** A batch is cut before it passes this many bytes; 4 000 000 by default. */
  maxRequestBytes?: number;
  /** A batch is cut before it passes this many spans; 512 by default. */
  maxRequestSpans?: number;
  /** How spans are mapped to attributes; `genai` (OpenTelemetry's GenAI conventions) by default. */
  dialect?: string;
}

const MAX_ANSWER_BYTES = 64 * 1024;
const NOTHING: Uint8Array = /* @__PURE__ */ new Uint8Array(0);

export class OtlpDestination implements Destination {
  readonly name: string;
  readonly dialect: string;
  readonly maxRequestBytes: number;
  readonly maxRequestSpans: number;
  readonly problem: string | undefined;
  readonly #url: string = '';
  readonly #headers: Record<string, string> = {};
  readonly #gzip: boolean;
  readonly #timeout: number;

  constructor(options: OtlpOptions | undefined) {
    const { endpoint, headers, name, gzip, timeout, maxRequestBytes, maxRequestSpans, dialect } =
      options ?? ({} as Partial<OtlpOptions>);
    this.name = typeof name === 'string' && name !== '' ? name : 'otlp';
    this.dialect = dialect ?? 'genai';
    this.maxRequestBytes = positive(maxRequestBytes, 4_000_000);
    this.maxRequestSpans = positive(maxRequestSpans, 512);
    this.#timeout = positive(timeout, 10_000);
    this.#gzip = gzip === true;
    const url = tracesUrl(endpoint);
    if (typeof url === 'string') this.#url = url;
    else this.problem = url.problem;
    for (const [header, value] of Object.entries(headers ?? {})) {
      this.problem ??= headerProblem(header, value);
      this.#headers[header.toLowerCase()] = `${value}`;
    }
  }

  identity(): string {
    return JSON.stringify([this.#url, this.#headers, this.problem]);
  }

  async post(body: Uint8Array): Promise<Answer> {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const headers: Record<string, string> = {
        ...this.#headers,
        'content-type': 'application/x-protobuf',
      };
      let payload: BodyInit = body as Uint8Array<ArrayBuffer>;
      if (this.#gzip && typeof CompressionStream === 'function') {
        const packed = new Blob([payload]).stream().pipeThrough(new CompressionStream('gzip'));
        payload = await new Response(packed).arrayBuffer();
        headers['content-encoding'] = 'gzip';
      }
      timer = setTimeout(() => abort.abort(), this.#timeout);
      const response = await fetch(this.#url, {
        method: 'POST',
        headers,
        body: payload,
        redirect: 'manual', // credentials go where the user sent them, nowhere else
        signal: abort.signal,
      });
      // A browser hides what a redirect was; any will do.
      const status = response.status || 302;
      return { status, kind: bodyKind(response), body: await beginning(response), cause: '' };
    } catch (error) {
      const cause = abort.signal.aborted
        ? `no answer within ${this.#timeout} ms`
        : `no answer (${this.redact(describe(error))})`;
      return { status: 0, kind: BODY_OTHER, body: NOTHING, cause };
    } finally {
      clearTimeout(timer);
    }
  }

  redact(text: string): string {
    if (text === '') return text;
    const secrets = Object.values(this.#headers).flatMap((value) => [value, ...value.split(/[\s=,;]+/)]);
    if (this.#url !== '') {
      const { host, hostname, href } = new URL(this.#url);
      secrets.push(href, host, hostname);
    }
    secrets.sort((a, b) => b.length - a.length); // the whole before its parts
    for (const secret of secrets) {
      if (secret.length >= 4) text = text.replaceAll(secret, '[redacted]');
    }
    return text;
  }

  serializeForSpan(): { name: string } {
    return { name: this.name };
  }

  toJSON(): { name: string } {
    return { name: this.name };
  }
}

function positive(value: number | undefined, standard: number): number {
  return typeof value === 'number' && value >= 1 && value < 2 ** 31 ? Math.floor(value) : standard;
}

function tracesUrl(endpoint: unknown): string | { problem: string } {
  if (typeof endpoint !== 'string' || endpoint.trim() === '') {
    return { problem: '`endpoint` is missing' };
  }
  let url: URL;
  try {
    url = new URL(endpoint.trim());
  } catch {
    return { problem: '`endpoint` is not a URL' };
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return { problem: '`endpoint` is not an http(s) URL' };
  }
  if (url.username !== '' || url.password !== '') {
    return { problem: '`endpoint` holds credentials, which belong into `headers`' };
  }
  if (url.hostname === 'undefined' || url.hostname === 'null') {
    return { problem: '`endpoint` was built from a missing value' };
  }
  const path = url.pathname.replace(/\/+$/, '');
  url.pathname = path.endsWith('/v1/traces') ? path : `${path}/v1/traces`;
  url.hash = '';
  return url.href;
}

function headerProblem(header: string, value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') {
    return `\`headers.${header}\` is missing`;
  }
  // `Bearer ${env.KEY}` without the KEY: no receiver would take it.
  if (/(^|[\s=:])(undefined|null)$/.test(`${value}`) || /^\s*(Bearer|Basic)\s*$/i.test(`${value}`)) {
    return `\`headers.${header}\` was built from a missing value`;
  }
  try {
    new Headers([[header, `${value}`]]);
  } catch {
    return `\`headers.${header}\` is not a valid header`;
  }
  return undefined;
}

function bodyKind(response: Response): number {
  const type = response.headers.get('content-type') ?? '';
  if (/^application\/x-protobuf\b/i.test(type)) return BODY_PROTOBUF;
  return /^application\/json\b/i.test(type) ? BODY_JSON : BODY_OTHER;
}

/** The answer's beginning. The status is known, so a body that breaks off changes nothing. */
async function beginning(response: Response): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  if (!reader) return NOTHING;
  const chunks: Uint8Array[] = [];
  let room = MAX_ANSWER_BYTES;
  try {
    while (room > 0) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value.subarray(0, room));
      room -= value.length;
    }
    if (room <= 0) await reader.cancel();
  } catch {
    // Broken off, or timed out: what came is used.
  }
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function describe(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { code?: string } };
  return cause?.code ?? message ?? String(error);
}
