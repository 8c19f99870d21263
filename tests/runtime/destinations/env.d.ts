// What lab.ts binds, and what workerd gives of node:http.
declare module 'cloudflare:workers' {
  export const env: { readonly SINK: string; readonly SECRET: string };
}
declare module 'cloudflare:node' {
  export function handleAsNodeRequest(port: number, request: Request): Promise<Response>;
}
