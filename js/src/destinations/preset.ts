/**
 * What the destinations with a name of their own share: how their options and variables become an
 * address, headers and defaults. A backend says what it is in a few calls of `Settings`; a missing or
 * malformed setting is a problem that names the option and its variables, never the value.
 * @module
 */
import type { SpanLimits } from '../core/pipeline.js';
import { Env, objectOf } from '../transport/env.js';
import {
  BUILT,
  endpointProblem,
  headerProblem,
  MISSING,
  NONE,
  OtlpDestination,
  type OtlpOptions,
  type Wire,
} from '../transport/otlp_http.js';
import type { Destination } from './destination.js';

/**
 * What every destination with a name takes beside its own options: those of `otlp()`. Left out, or given
 * as undefined, an option is the backend's; `endpoint` is a base address, to which the backend's path is
 * appended, or the whole one; `headers` are sent beside the backend's own.
 */
export interface BackendOptions extends OtlpOptions {
  /** Limits of a span at this destination, each before that of the backend, where it has one. */
  limits?: SpanLimits | undefined;
}

/** What a backend is, once its settings are read. */
export interface Backend
  extends Pick<
    OtlpOptions,
    | 'delivery'
    | 'dialect'
    | 'dropTypes'
    | 'gzip'
    | 'maxRequestBytes'
    | 'maxRequestSpans'
    | 'remoteParent'
    | 'scores'
    | 'signals'
  > {
  /** The destination's name, unless the user gave one. */
  readonly name: string;
  /** Where requests go, in full; undefined where a problem says why not. */
  readonly url: string | undefined;
  /** An undefined value is left out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Attributes that the receiver needs on the resource; an undefined value is left out. */
  readonly resource?: Readonly<Record<string, unknown>>;
  /** The receiver's own limits of a span. */
  readonly limits?: SpanLimits;
  /** Another format than OTLP in protobuf. */
  readonly wire?: Wire;
}

/** Bodies from so many bytes on are compressed for receivers that are known to read gzip. */
export const GZIP: { threshold: number } = { threshold: 16_384 };

export class Settings<Options extends BackendOptions> {
  readonly #options: Options;
  readonly #env: Env;
  readonly #secrets: string[] = [];
  readonly #warnings: string[] = [];
  /** Values that were found, and how a user knows them. */
  readonly #known = new Map<string, string>();
  #problem: string | undefined;
  /** The user's code said where: no variable does. */
  #placed = false;

  constructor(options: Options | undefined) {
    this.#options = objectOf(options);
    this.#env = new Env(this.#options.env);
  }

  /** What is wrong; the first is told. The destination is off. */
  fail(problem: string): void {
    this.#problem ??= problem;
  }

  warn(warning: string): void {
    this.#warnings.push(warning);
  }

  /** How a user knows a value that was read; the value itself may be a secret. */
  nameOf(value: string): string {
    return this.#known.get(value) ?? 'a setting';
  }

  /**
   * A setting: the option, or its other name, or one of the variables (parted by spaces), whichever is
   * first to have a value.
   */
  optional(
    option: keyof Options & string,
    variables = '',
    other: keyof Options & string = option,
  ): string | undefined {
    const label = labelOf(option, variables);
    const own = [option, other].map((name) => {
      const given = this.#options[name];
      const text = typeof given === 'number' ? `${given}` : (given ?? '');
      if (typeof text !== 'string') this.fail(`${label} is not a text`);
      return typeof text === 'string' ? text.trim() : '';
    });
    const names = variables.split(' ').filter(Boolean);
    const value = [...own, ...names.map((name) => this.#env.get(name))].find(Boolean);
    if (value === undefined) return undefined;
    if (NONE.test(value)) this.fail(`${label} ${BUILT}`);
    this.#known.set(value, label);
    return value;
  }

  /** The same, where there is no destination without it: '' then. */
  required(
    option: keyof Options & string,
    variables = '',
    other: keyof Options & string = option,
  ): string {
    const value = this.optional(option, variables, other);
    if (value === undefined) this.fail(`${labelOf(option, variables)} ${MISSING}`);
    return value ?? '';
  }

  /** A part of a host's name: a region, a site. The option goes before variables that name an address. */
  part(option: keyof Options & string, variables = '', standard = ''): string {
    if (this.#options[option]) this.#placed = true;
    return this.label(option, variables, standard);
  }

  /** The same, where an address goes before it, whoever names that. */
  label(option: keyof Options & string, variables = '', standard = ''): string {
    const value = this.optional(option, variables) ?? standard;
    if (/[^\w.-]/.test(value)) this.fail(`${this.nameOf(value)} is no part of a host's name`);
    return value;
  }

  /** Headers of a variable: key=value, percent-encoded, as OpenTelemetry has them. */
  pairs(variable: string): Record<string, string> {
    return this.#env.pairs(variable);
  }

  /** Warns where a value is not as the backend's documentation has it: documentations err. */
  expect(value: string | undefined, form: RegExp, words: string): void {
    if (value && !form.test(value)) {
      this.warn(`${this.nameOf(value)} is not ${words}; it is used as it is`);
    }
  }

  /** Credentials for HTTP's basic authentication. */
  basic(user: string, password: string): string {
    this.#secrets.push(user, password);
    return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(`${user}:${password}`)))}`;
  }

  /** Never shown, beside the address and the values of headers. */
  secret(text: string): void {
    this.#secrets.push(text);
  }

  /**
   * The whole address: `endpoint`, or its other name, or a variable's, or `base`, with the backend's path.
   * What of the path is there already is not appended: an address that ends as the path does is whole.
   */
  url(
    path: string,
    base?: string,
    variables = '',
    other: keyof Options & string = 'endpoint',
    repair: (endpoint: string) => string = (endpoint) => endpoint,
  ): string | undefined {
    const names = this.#placed ? '' : variables;
    const given = this[base ? 'optional' : 'required']('endpoint', names, other);
    const endpoint = given ? repair(given) : base;
    if (!endpoint) return undefined;
    const wrong = endpointProblem(endpoint);
    if (!wrong) return withPath(endpoint, path);
    this.fail(`${given ? this.nameOf(given) : '`endpoint`'} ${wrong}`);
    return undefined;
  }

  destination(backend: Backend): Destination {
    const { url, headers = {}, resource = {}, limits, ...defaults } = backend;
    const options = present(this.#options);
    const own = present(headers);
    for (const [header, value] of Object.entries(own)) {
      const wrong = value !== '' && headerProblem(header, value);
      if (!wrong) continue;
      const [, label = `\`headers.${header}\``] =
        [...this.#known].find(([text]) => value.includes(text)) ?? [];
      this.fail(`${label} ${wrong}`);
    }
    return new OtlpDestination({
      ...defaults,
      ...options,
      endpoint: url,
      exact: true,
      headers: { ...own, ...this.#options.headers },
      resource: Object.keys(present(resource)).length > 0 ? present(resource) : undefined,
      limits: limits || options.limits ? { ...limits, ...options.limits } : undefined,
      problem: this.#problem,
      warnings: [...this.#env.warnings, ...this.#warnings],
      secrets: this.#secrets,
    });
  }
}

/** A setting as a user knows it; the variables are parted by spaces. */
function labelOf(option: string, variables: string): string {
  return `\`${option}\`${variables && ` (or ${variables.replaceAll(' ', ', ')})`}`;
}

/** The members that have a value. */
function present<T extends object>(members: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}

/** `path` is '/one/two/…'; an address that ends in its last two parts is whole. */
function withPath(endpoint: string, path: string): string {
  const url = new URL(endpoint);
  url.hash = '';
  const base = url.pathname.replace(/\/+$/, '');
  const [bare, slash] = path.endsWith('/') ? [path.slice(0, -1), '/'] : [path, ''];
  const parts = bare.split('/');
  let shared = parts.length;
  if (!base.endsWith(`/${parts.slice(-2).join('/')}`)) {
    // How many of the path's first parts the address ends with; the first is ''.
    while (shared > 1 && !base.endsWith(parts.slice(0, shared).join('/'))) shared--;
  }
  url.pathname = [base, ...parts.slice(shared)].join('/') + slash;
  return url.href;
}
