// A fake receiver whose misbehaviour is scripted: every path gets a script, a list of what to do with
// its first request, its second and so on; the last entry stands for all that follow. Whatever arrives
// whole is kept, decoded, with the time of its arrival.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { decodeJson, decodeProtobuf, type WireSpan } from './otlp.ts';

export interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array | string;
}

/** What to do with a request. */
export type Step =
  | Reply
  /** A reply that depends on what arrived. */
  | ((spans: WireSpan[]) => Reply)
  /** No answer at all, until close(). */
  | 'hang'
  /** The connection is cut before the body was read, or after it. */
  | 'reset before the body'
  | 'reset after the body'
  /** 200 with a body that ends in its middle. */
  | 'half a response'
  /** Bytes that are no HTTP. */
  | 'garbage'
  /** Nothing is read or answered for a while; then 200. */
  | 'slow accept';

export interface Arrival {
  readonly path: string;
  readonly at: number;
  readonly authorization: string | undefined;
  /** undefined: the connection was cut before it was read. */
  readonly spans: WireSpan[] | undefined;
}

/** `ExportTraceServiceResponse { partial_success { rejected_spans, error_message } }`. */
export function partialSuccess(rejected: number, message: string): Reply {
  const text = Buffer.from(message);
  const partial = [...(rejected ? [0x08, rejected] : []), 0x12, text.length, ...text];
  const body = Uint8Array.from([0x0a, partial.length, ...partial]);
  return { status: 200, headers: { 'content-type': 'application/x-protobuf' }, body };
}

/** `google.rpc.Status { code: 3, message }`. */
export function rpcStatus(status: number, message: string): Reply {
  const text = Buffer.from(message);
  const body = Uint8Array.from([0x08, 3, 0x12, text.length, ...text]);
  return { status, headers: { 'content-type': 'application/x-protobuf' }, body };
}

export class Receiver {
  readonly origin: string;
  readonly arrivals: Arrival[] = [];
  readonly #server: Server;
  readonly #scripts = new Map<string, Step[]>();
  readonly #slow: number;

  private constructor(server: Server, slow: number) {
    this.#server = server;
    this.#slow = slow;
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => void this.#take(request, response));
  }

  /** @param slow Milliseconds of a slow accept. */
  static async start(slow = 600): Promise<Receiver> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Receiver(server, slow);
  }

  /** Scripts what exporters get that send to `origin + path`. */
  script(path: string, ...steps: Step[]): string {
    this.#scripts.set(`${path}/v1/traces`, steps);
    return this.origin + path;
  }

  /** What arrived at a scripted path. */
  at(path: string): Arrival[] {
    return this.arrivals.filter((arrival) => arrival.path === `${path}/v1/traces`);
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    const steps = this.#scripts.get(path) ?? [{ status: 599 }];
    const step = (steps.length > 1 ? steps.shift() : steps[0]) as Step;
    const { authorization } = request.headers;
    const arrival = { path, at: performance.now(), authorization };
    if (step === 'reset before the body') {
      this.arrivals.push({ ...arrival, spans: undefined });
      request.socket.destroy();
      return;
    }
    if (step === 'slow accept') await new Promise((resolve) => setTimeout(resolve, this.#slow));
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    const json = request.headers['content-type'] === 'application/json';
    const spans = json ? decodeJson(body.toString()) : decodeProtobuf(body);
    this.arrivals.push({ ...arrival, spans });
    if (step === 'hang') return;
    if (step === 'reset after the body') return void request.socket.destroy();
    if (step === 'garbage') return void request.socket.end('\x00\x01 not HTTP at all \xff\r\n\r\n');
    if (step === 'half a response') {
      response.writeHead(200, {
        'content-type': 'application/x-protobuf',
        'content-length': '4096',
      });
      response.write(Uint8Array.of(0x0a, 0));
      setTimeout(() => request.socket.destroy(), 20);
      return;
    }
    const reply = step === 'slow accept' ? { status: 200 } : typeof step === 'function' ? step(spans) : step;
    response.writeHead(reply.status, reply.headers).end(reply.body);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
