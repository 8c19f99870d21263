// A local OTLP/HTTP endpoint that keeps every request. How it answers depends on the first segment
// of the path, so that one sink serves exporters with different fates:
//   /ok/v1/traces    200 and an empty protobuf answer (also without a segment: /v1/traces)
//   /NNN/v1/traces   that status, with a google.rpc.Status body where it is an error
//   /hang/v1/traces  no answer until release()
// Before that, what `replies` has for a path is said, one after another.
// It is not a receiver: bodies are decoded by the tests (otlp.ts), never here.
import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface SinkRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The body, after gzip was undone. */
  readonly body: Uint8Array;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

export class Sink {
  /** Where exporters send: `origin + '/ok'` and so on; the exporter adds `/v1/traces`. */
  readonly origin: string;
  readonly requests: SinkRequest[] = [];
  readonly replies = new Map<string, Reply[]>();
  readonly #server: Server;
  readonly #held: ServerResponse[] = [];
  readonly #waiters = new Set<() => void>();

  private constructor(server: Server) {
    this.#server = server;
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Listens on a free port of 127.0.0.1. */
  static async start(): Promise<Sink> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const sink = new Sink(server);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const raw = Buffer.concat(chunks);
        const gzip = request.headers['content-encoding'] === 'gzip';
        const path = request.url ?? '/';
        sink.requests.push({ path, headers: request.headers, body: gzip ? gunzipSync(raw) : raw });
        sink.#answer(path, response);
        for (const wake of sink.#waiters) wake();
      });
    });
    return sink;
  }

  #answer(path: string, response: ServerResponse): void {
    const reply = this.replies.get(path)?.shift();
    if (reply) {
      response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
      response.end(reply.body);
      return;
    }
    const fate = path.split('/')[1] ?? '';
    if (fate === 'hang') {
      this.#held.push(response);
      return;
    }
    const status = /^\d{3}$/.test(fate) ? Number(fate) : 200;
    response.writeHead(status, { 'content-type': 'application/x-protobuf' });
    // ExportTraceServiceResponse with an empty partial_success, as the Collector answers; or Status
    // { code: 13, message: "no" }.
    response.end(
      status < 300 ? Uint8Array.of(0x0a, 0) : Uint8Array.of(0x08, 13, 0x12, 2, 0x6e, 0x6f),
    );
  }

  /** Requests held by `/hang`. */
  get held(): number {
    return this.#held.length;
  }

  /** Answers everything that hangs. */
  release(): void {
    for (const response of this.#held.splice(0)) response.writeHead(200).end();
  }

  /** Resolves when `ready()` holds; rejects after `timeoutMs`, saying what had arrived. */
  async until(ready: () => boolean, what: string, timeoutMs = 10_000): Promise<void> {
    if (ready()) return;
    await new Promise<void>((resolve, reject) => {
      const done = (settle: () => void): void => {
        clearTimeout(timer);
        this.#waiters.delete(check);
        settle();
      };
      const check = (): void => {
        if (ready()) done(resolve);
      };
      const timer = setTimeout(() => {
        const arrived = this.requests.map((r) => `${r.path} ${r.body.length} B`).join(', ');
        done(() => reject(new Error(`${what} did not arrive in ${timeoutMs} ms; got: ${arrived}`)));
      }, timeoutMs);
      this.#waiters.add(check);
    });
  }

  async close(): Promise<void> {
    this.release();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
