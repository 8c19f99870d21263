// What tests of outages share: receivers that may be down, exporters that send to them once, and a store
// of bytes that can be made to fail.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { type Destination, otlp, type OtlpOptions } from 'edgespan/destinations';
import { EdgespanExporter, type EdgespanExporterOptions, type Receipt } from 'edgespan/mastra';
import { type Spool, type SpoolStore, storeSpool } from 'edgespan/spool';
import { play, run } from '../js/spans.ts';
import { decodeProtobuf } from './otlp.ts';

/** A receiver that may be down, and which takes a body before it fails to answer (`swallow`). */
export class Receiver {
  state: number | 'swallow' = 200;
  /** Statuses of the next answers, before `state` says what it is. */
  readonly answers: number[] = [];
  readonly bodies: Uint8Array[] = [];
  readonly #server: Server;
  constructor(server: Server) {
    this.#server = server;
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const state = this.answers.shift() ?? this.state;
        const body = Buffer.concat(chunks);
        const gzip = request.headers['content-encoding'] === 'gzip';
        if (state === 'swallow' || state === 200) this.bodies.push(gzip ? gunzipSync(body) : body);
        if (state === 'swallow') request.socket.destroy();
        else response.writeHead(state).end();
      });
    });
  }
  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  get ids(): string[] {
    return this.bodies.flatMap((body) => decodeProtobuf(body).map((s) => s.spanId));
  }
  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

const receivers: Receiver[] = [];
/** On a free port, unless told; until the tests of the file are over. */
export async function receiver(port = 0): Promise<Receiver> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const made = new Receiver(server);
  receivers.push(made);
  return made;
}
after(() => {
  for (const one of receivers) one.close();
});

let names = 0;
/** Sent once: no clock decides what these tests see. */
export function to(where: Receiver, options: Partial<OtlpOptions> = {}): Destination {
  return otlp({ endpoint: where.origin, headers: { key: 'k' }, retryBudget: 0, ...options });
}
/** With a circuit of its own: exporters that are equal share one, which leaves a destination alone. */
export function make(where: Receiver, spool: Spool | false, options: Partial<EdgespanExporterOptions> = {}) {
  const serviceName = `service ${++names}`;
  const destinations = [to(where)];
  return new EdgespanExporter({ destinations, spool, serviceName, logLevel: 'silent', ...options });
}

/** ended + replayed = accepted + rejected + dropped + spooled + pending. */
export function balanced(receipt: Receipt, ended: number): void {
  const { accepted, rejected, dropped, spooled, pending, replayed } = receipt;
  const lost = Object.values(dropped).reduce((a, b) => a + b, 0);
  assert.equal(ended + replayed, accepted + rejected + lost + spooled + pending, JSON.stringify(receipt));
}

export async function send(exporter: EdgespanExporter, children = 2): Promise<{ receipt: Receipt; ids: string[] }> {
  const spans = run(children);
  play(exporter, spans);
  const receipt = await exporter.flush();
  balanced(receipt, spans.length);
  return { receipt, ids: spans.map((s) => s.id) };
}

/** A store of bytes that keeps what it is told, and can be made to fail. */
export class Shelf implements SpoolStore {
  readonly entries = new Map<string, Uint8Array | string>();
  /** Names of methods that reject. */
  readonly broken = new Set<string>();
  calls = 0;
  async #works(method: string): Promise<void> {
    this.calls++;
    await new Promise((resolve) => setImmediate(resolve));
    if (this.broken.has(method)) throw new Error(`${method} failed`);
  }
  async put(key: string, value: Uint8Array): Promise<void> {
    await this.#works('put');
    this.entries.set(key, value);
  }
  async get(key: string): Promise<Uint8Array | undefined> {
    await this.#works('get');
    return this.entries.get(key) as Uint8Array | undefined;
  }
  async delete(key: string): Promise<void> {
    await this.#works('delete');
    this.entries.delete(key);
  }
  async list(prefix: string): Promise<string[]> {
    await this.#works('list');
    return [...this.entries.keys()].filter((key) => key.startsWith(prefix)).sort();
  }
  async swap(key: string, next: (text?: string) => string | undefined): Promise<boolean> {
    await this.#works('swap');
    const text = next(this.entries.get(key) as string | undefined);
    if (text !== undefined) this.entries.set(key, text);
    return text !== undefined;
  }
  get records(): string[] {
    return [...this.entries.keys()].filter((key) => !key.includes('/leases/'));
  }
  /** As a new isolate sees it: it remembers nothing of the store. */
  spool(options?: Parameters<typeof storeSpool>[1]): Spool {
    return storeSpool(this, options, {});
  }
}

/** For comparing ids, in whatever order they came. */
export const sorted = (ids: string[]): string[] => [...ids].sort();
