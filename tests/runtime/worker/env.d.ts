// The bindings that tests/runtime/lab.ts gives the Worker.
declare module 'cloudflare:workers' {
  export const env: { readonly SINK: string; readonly SECRET: string };
}
