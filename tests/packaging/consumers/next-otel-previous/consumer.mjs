// The same with Next.js, the major release before the current one, by its default bundler.
import { otelRows } from '../../lib/next_otel.mjs';

export default {
  base: 'next-otel',
  slow: true,
  packages: ['next', 'react', '@opentelemetry/api'],
  rows: otelRows('webpack', '/route'),
};
