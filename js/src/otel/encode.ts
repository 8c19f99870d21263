/**
 * Spans of OpenTelemetry's SDK as a request's body, for who sends it himself.
 * @module
 */
import { Pipeline, pipelineFor } from '../core/pipeline.js';
import type { Destination } from '../destinations/destination.js';
import { recordEnd } from '../engine/record.js';
import { EdgespanError } from '../errors.js';
import { VERSION } from '../version.js';
import type { ReadableSpan, Resource } from './api.js';
import { contentOf, envelopeOf, flagsOf } from './content.js';

/** Bytes that fetch takes, in the words of TypeScript 5.6 as of those that know what is behind an array. */
type Bytes = ReturnType<Uint8Array['slice']>;

/** Nowhere: what of a destination the core needs to make bodies, of which none is cut. */
const NOWHERE = {
  settings: {
    dialect: 'genai',
    maxBytes: 2 ** 31 - 1,
    maxSpans: 2 ** 31 - 1,
    whole: false,
    remoteParent: undefined,
    dropTypes: [],
  },
  identity: () => '',
} as unknown as Destination;

/** What no exporter's lane is numbered by: its pipelines hold spans between calls, these do not. */
const LANE = -1;

/** Knows of texts that did not go through whole. */
class Whole extends Pipeline {
  cuts = 0;

  override cutText(text: string, limit: number): string {
    this.cuts++;
    return super.cutText(text, limit);
  }
}

let last: { resource: Resource; pipeline: Whole } | undefined;

/** That of a resource. REQUIRES: the core is loaded, or can be. */
function pipelineOf(resource: Resource): Whole {
  if (last?.resource === resource) return last.pipeline;
  const scope = { name: 'edgespan', version: VERSION };
  const config = { resource: { ...resource.attributes }, scope, limits: {}, destinations: [NOWHERE] };
  const pipeline = pipelineFor(config, LANE, Whole) as Whole; // nothing else has this lane
  // It may say more once all of it is known.
  last = resource.asyncAttributesPending ? undefined : { resource, pipeline };
  return pipeline;
}

/**
 * Ended spans as the body of an OTLP request (`ExportTraceServiceRequest` in protobuf), with the
 * resources and scopes that they bring: nothing is added, limited, kept or sent. A copy, the caller's
 * own. Synchronous; spans of several traces make one body, those of one resource stand together.
 *
 * @throws EdgespanError EDGESPAN_NOT_ENCODED where one of the spans cannot be encoded whole: its ids are
 * none, it was given twice, a text of it has over 1,048,576 characters (a name 65,535), or it does not
 * fit the core's memory (32 MiB); and what loading the core throws.
 * @example
 * import { encodeSpans } from 'edgespan/otel';
 * const body = encodeSpans(exporter.getFinishedSpans());
 * await fetch(url, { method: 'POST', headers: { 'content-type': 'application/x-protobuf' }, body });
 */
export function encodeSpans(spans: readonly ReadableSpan[]): Bytes {
  const bodies: Bytes[] = [];
  const groups = new Map<Resource, ReadableSpan[]>();
  for (const span of spans) {
    const group = groups.get(span.resource);
    if (group) group.push(span);
    else groups.set(span.resource, [span]);
  }
  for (const [resource, group] of groups) encode(pipelineOf(resource), group, bodies);
  return bodies.length === 1 ? bodies[0] : joined(bodies);
}

/** Spans of one resource. */
function encode(pipeline: Whole, spans: readonly ReadableSpan[], bodies: Bytes[]): void {
  // A getter of a span's attributes may ask for a body while another span is read.
  if (pipeline.tape.busy) throw new EdgespanError('EDGESPAN_NOT_ENCODED', 'a span is being read');
  let missing = spans.length;
  let partial = 0;
  pipeline.cuts = 0;
  try {
    for (const span of spans) {
      const isWhole = recordEnd(pipeline, envelopeOf(span, false), contentOf(span), flagsOf(span));
      if (!isWhole || pipeline.cuts > 0) partial++;
      pipeline.cuts = 0;
    }
  } finally {
    // Nothing stays, whatever a span threw. That none of them is a root, the core takes as it is.
    pipeline.close();
    for (let batch = cut(pipeline); batch; batch = cut(pipeline)) {
      bodies.push(pipeline.view(batch).slice());
      missing -= batch.spans;
      pipeline.release(batch);
    }
  }
  if (missing > 0) fail(missing, spans, 'have no valid ids, came twice, or do not fit the memory');
  if (partial > 0) fail(partial, spans, 'have a text that is too long, or do not fit the memory');
}

function fail(count: number, { length }: readonly ReadableSpan[], what: string): never {
  throw new EdgespanError('EDGESPAN_NOT_ENCODED', `${count} of ${length} spans ${what}`);
}

const cut = (pipeline: Pipeline) => pipeline.cut(0, 0, true, 0);

/** One message after the other is one with the repeated fields of both. */
function joined(bodies: readonly Bytes[]): Bytes {
  const all = new Uint8Array(bodies.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const body of bodies) {
    all.set(body, at);
    at += body.length;
  }
  return all;
}
