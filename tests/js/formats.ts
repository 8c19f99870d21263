// What the tests of formats that are not OTLP share: a sink, and a way to send a run and read what came.
import { readdirSync } from 'node:fs';
import { after, before } from 'node:test';
import type { Destination } from 'edgespan/destinations';
import { EdgespanExporter, type MastraTracingEvent, type Receipt } from 'edgespan/mastra';
import { Sink, type SinkRequest } from '../support/sink.ts';

export type Json = Record<string, any>;

export const RECORDINGS: readonly string[] = readdirSync(
  new URL('../data/mastra-events/', import.meta.url),
).map((file) => file.replace('.json', ''));
export const env = {}; // of the test's own process nothing counts

export let sink: Sink;
before(async () => {
  sink = await Sink.start();
});
after(() => sink.close());

let places = 0;
/** A path of the sink that nobody else sends to. */
export const place = (): string => `/ok/place-${++places}`;
export const sentTo = (path: string): SinkRequest[] =>
  sink.requests.filter((request) => request.path.startsWith(`${path}/`));
export const json = (request: SinkRequest): any => JSON.parse(Buffer.from(request.body).toString());
export const bare = (value: unknown): any => JSON.parse(JSON.stringify(value));

/** What the exporter said while it was given events, and what became of them. */
export async function send(
  destinations: readonly Destination[],
  feed: readonly MastraTracingEvent[] | ((exporter: EdgespanExporter) => void),
): Promise<{ receipt: Receipt; said: string[] }> {
  const exporter = new EdgespanExporter({ destinations, serviceName: 'formats', spool: false, env });
  const said: string[] = [];
  const note = (line: string): void => void said.push(line);
  exporter.__setLogger({ debug: note, info: note, warn: note, error: note });
  if (typeof feed === 'function') feed(exporter);
  else for (const event of feed) exporter.onTracingEvent(event);
  return { receipt: await exporter.flush(), said };
}
