/**
 * What is used of the platform's requests and answers: declarations compile without its types.
 * @module
 */

export interface HeadersLike {
  get(name: string): string | null;
  has(name: string): boolean;
}

export interface RequestLike {
  readonly method: string;
  readonly url: string;
  readonly headers: HeadersLike;
}

export interface ResponseLike {
  readonly status: number;
  readonly headers: HeadersLike;
}

/** A URL's parts. */
export interface UrlLike {
  readonly href: string;
  readonly origin: string;
  readonly host: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port: string;
  readonly pathname: string;
  readonly search: string;
}
