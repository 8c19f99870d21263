// The Worker's bindings; `wrangler types` writes a longer form of this.
declare module 'cloudflare:workers' {
  export const env: {
    /** Where spans go: the base URL of an OTLP/HTTP receiver. */
    readonly OTEL_EXPORTER_OTLP_ENDPOINT: string;
    /** With it a real model answers; without it a scripted one. */
    readonly OPENAI_API_KEY?: string;
  };
}
