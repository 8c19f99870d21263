// What agents.mjs binds, and what workerd gives of node:http.
declare module 'cloudflare:workers' {
  /** DESTINATIONS: JSON, Receiver[] (index.ts). */
  export const env: { readonly DESTINATIONS: string };
}
declare module 'cloudflare:node' {
  export function handleAsNodeRequest(port: number, request: Request): Promise<Response>;
}
