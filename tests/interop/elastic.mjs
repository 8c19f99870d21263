// Elastic's mock OTLP server (@elastic/mockotlpserver) as a receiver: it decodes with protobuf.js.
// It answers 200 before it decodes, takes no gzip, and ends its process on a body it cannot decode;
// so what counts is what it hands to onTrace, and that it still runs.
import { createRequire } from 'node:module';
import { decodeJson } from '../support/otlp.ts';

const require = createRequire(import.meta.url);
const { MockOtlpServer } = require('@elastic/mockotlpserver');

export async function startElastic() {
  let received = [];
  const server = new MockOtlpServer({
    services: ['http'],
    httpHostname: '127.0.0.1',
    httpPort: 0,
    logLevel: 'error',
    onTrace: (trace) => received.push(trace),
  });
  await server.start();
  const url = new URL('/v1/traces', server.httpUrl).href;
  return {
    stop: () => server.close(),
    async send(body) {
      received = [];
      const headers = { 'content-type': 'application/x-protobuf' };
      const response = await fetch(url, { method: 'POST', body, headers });
      await response.arrayBuffer();
      for (let tries = 0; received.length === 0; tries++) {
        if (response.status !== 200 || tries === 100)
          throw new Error(`decoded nothing (${response.status})`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return decodeJson(toOtlpJson(received[0]));
    },
  };
}

/** protobuf.js objects as OTLP/JSON: ids from Buffers, Longs to text, other bytes to base64. */
function toOtlpJson(value, key = '') {
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Uint8Array) {
    const isId = key === 'traceId' || key === 'spanId' || key === 'parentSpanId';
    return Buffer.from(value).toString(isId ? 'hex' : 'base64');
  }
  if (typeof value.low === 'number' && typeof value.high === 'number') return value.toString();
  if (Array.isArray(value)) return value.map((item) => toOtlpJson(item));
  const entries = Object.entries(value).filter(([, item]) => item !== null && item !== undefined);
  return Object.fromEntries(entries.map(([name, item]) => [name, toOtlpJson(item, name)]));
}
