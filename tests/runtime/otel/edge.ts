// The app as a function of edge-runtime, whose event has the waitUntil.
import { handle } from './app.ts';

interface FetchEvent {
  readonly request: Request;
  waitUntil(promise: Promise<unknown>): void;
  respondWith(response: Promise<Response>): void;
}
const { addEventListener, SINK } = globalThis as unknown as {
  addEventListener(type: 'fetch', listener: (event: FetchEvent) => void): void;
  SINK: string;
};

addEventListener('fetch', (event) => {
  event.respondWith(handle(event.request, { SINK, waitUntil: (promise) => event.waitUntil(promise) }));
});
