// In the place of app/exporter.js in the control run: a subpath of another external package.
import * as z from 'zod/mini';

export const exporters = () => [
  {
    name: z.parse(z.string(), 'none'),
    async exportTracingEvent() {},
    async flush() {},
    async shutdown() {},
  },
];
