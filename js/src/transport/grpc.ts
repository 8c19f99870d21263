/**
 * Addresses that were meant for gRPC, which fetch does not speak: what becomes of them over HTTP.
 * @module
 */

/** Whether an address names gRPC, by its scheme or its port. */
export function isGrpc(endpoint: string): boolean {
  return /^grpcs?:|:4317(?=[/?#]|$)/i.test(endpoint);
}

/**
 * The address for HTTP. gRPC needs no scheme and has a port of its own.
 * @param port What takes that port's place: `:4318`, say, or nothing.
 */
export function forHttp(endpoint: string, port: string): string {
  const local = /^(localhost|127\.|\[::1\])/.test(endpoint);
  const url = /^[a-z]+:\/\//i.test(endpoint) ? endpoint : `http${local ? '' : 's'}://${endpoint}`;
  return url.replace(/^grpcs?:/i, 'https:').replace(/:4317(?=[/?#]|$)/, port);
}

/** The same, of any address; where it was for gRPC, `warn` is told so, with what names it. */
export function overHttp(
  endpoint: string,
  port: string,
  name: string,
  warn: (warning: string) => void,
): string {
  if (!isGrpc(endpoint)) return endpoint;
  warn(`${name} is for gRPC, which is not for fetch: spans leave over HTTP, for port 4317 at ${port.slice(1)}`);
  return forHttp(endpoint, port);
}
