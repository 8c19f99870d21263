import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

const { OTEL_EXPORTER_OTLP_ENDPOINT } = process.env;

export default defineConfig({
  test: { testTimeout: 60_000 },
  plugins: [
    cloudflareTest({
      wrangler: { configPath: './wrangler.jsonc' },
      miniflare: { bindings: { OTEL_EXPORTER_OTLP_ENDPOINT } },
    }),
  ],
});
