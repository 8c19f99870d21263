// What workerd gives the Workers of these folders, as far as they use it, and what the labs bind.
declare module 'cloudflare:workers' {
  export const env: { readonly SINK: string; readonly SECRET: string };

  class Served<Env> {
    protected readonly ctx: any;
    protected readonly env: Env;
    constructor(ctx: unknown, env: Env);
  }
  export class DurableObject<Env = unknown> extends Served<Env> {}
  export class WorkerEntrypoint<Env = unknown> extends Served<Env> {}
  export class WorkflowEntrypoint<Env = unknown, _Params = unknown> extends Served<Env> {}
}
declare module 'cloudflare:node' {
  export function handleAsNodeRequest(port: number, request: Request): Promise<Response>;
}

declare const WebSocketPair: new () => { readonly 0: any; readonly 1: any };
declare const caches: { open(name: string): Promise<any> };
declare namespace WebAssembly {
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  let Module: new (bytes: Uint8Array) => Module;
  let Instance: new (module: Module, imports?: unknown) => { readonly exports: Record<string, unknown> };
}
