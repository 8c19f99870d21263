// Runs of any size, for tests/bench/scale.mjs: of W1's turns (workloads.ts), as many as there are to be
// spans, or of one turn whose answers hold so much text. Made anew for each pass: no object or string of
// which another pass has seen.

/** Beyond this many UTF-16 units a string is cut; see the README's limits. */
const MAX_UNITS = 1_000_000;

const revive = (key, value) =>
  /Time$|Date$/.test(key) && typeof value === 'string' ? new Date(value) : value;

/** Ids that no other run has. */
const hex = (number, digits) => (number + 1).toString(16).padStart(digits, '0');

/** The span that events of `text` open at `index`, in order of their start. */
function indexes(events) {
  const ids = new Map();
  for (const { exportedSpan } of events) {
    if (!ids.has(exportedSpan.id)) ids.set(exportedSpan.id, ids.size);
  }
  return ids;
}

/** Events of a run of `spans` spans: a root, and below it turn after turn of the sources (JSON of W1's). */
export function longRun(sources, spans, run) {
  const traceId = hex(run, 32);
  const root = hex(0, 16);
  let start;
  let end;
  const body = [];
  for (let made = 1, turn = 0; made < spans || !start; turn++) {
    const events = JSON.parse(sources[turn % sources.length].json, revive);
    const places = indexes(events);
    start ??= events[0];
    end ??= events.at(-1);
    const left = spans - made;
    for (const event of events.slice(1, -1)) {
      const span = event.exportedSpan;
      const place = places.get(span.id);
      if (place > left) continue;
      span.traceId = traceId;
      span.id = hex(made + place, 16);
      const parent = places.get(span.parentSpanId);
      span.parentSpanId = parent === 0 ? root : hex(made + parent, 16);
      body.push(event);
    }
    made += Math.min(left, places.size - 1);
  }
  for (const { exportedSpan } of [start, end]) Object.assign(exportedSpan, { traceId, id: root });
  return [start, ...body, end];
}

export const PLAIN = 'the agent answers with a table of trains from Porto to Madrid and a note that "prices" rise.\n';
export const MIXED = 'the agent answers – mit „Gleis“ – with 旅行 予約 and trains 🚆 from Porto to Madrid, façade.\n';

/** A text of about so many bytes in UTF-8; no two have their storage in common. */
function prose(bytes, mixed, salt) {
  const piece = mixed ? MIXED : PLAIN;
  const perPiece = new TextEncoder().encode(piece).length;
  const text = `${salt} ${piece.repeat(Math.ceil(bytes / perPiece))}`;
  return text.slice(0, Math.max(1, Math.round((bytes / perPiece) * piece.length)));
}

/** A run of 8 spans whose answers hold `bytes` of text together. */
export function textRun(sources, bytes, mixed, run) {
  const events = longRun(sources, 8, run);
  const ends = events.filter(({ type }) => type === 'span_ended');
  for (const { exportedSpan } of events) {
    delete exportedSpan.input;
    delete exportedSpan.output;
  }
  ends.forEach(({ exportedSpan }, i) => {
    const share = bytes / ends.length;
    const text = prose(share, mixed, run * 8 + i);
    exportedSpan.output = text.length <= MAX_UNITS ? { text } : { parts: halves(text) };
  });
  return events;
}

const halves = (text) => [text.slice(0, text.length >> 1), text.slice(text.length >> 1)];

/** Events of a run whose root does not end: all of a source's but the last. */
function openRun(source, run) {
  const traceId = hex(run, 32);
  const events = JSON.parse(source.json, revive).slice(0, -1);
  for (const { exportedSpan } of events) exportedSpan.traceId = traceId;
  return events;
}

/** Opens runs number `from` to `to`, not included; the first with which a span was lost, if one was. */
export function openMore(exporter, sources, from, to) {
  for (let run = from; run < to; run++) {
    for (const event of openRun(sources[run % sources.length], run)) exporter.onTracingEvent(event);
    if (Object.keys(exporter.stats().dropped).length > 0) return run;
  }
  return undefined;
}
