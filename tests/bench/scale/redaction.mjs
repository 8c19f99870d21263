// How long the redactor takes for one text, by its size: for ordinary ones, and for those that are made
// to take long. Of tests/bench/scale.mjs, in a process of its own; prints JSON: of each input its name,
// whether it is ordinary, the sizes asked for, and the microseconds of each.
//
//   node --expose-gc tests/bench/scale/redaction.mjs SIZE...
//
// The text goes through the shipped modules, as the texts beside spans do (edgespan_redact): it lies in
// the core's text area, which is lent for it, however large, and only the call is timed.
import { otlp } from 'edgespan/destinations';
import { redact } from 'edgespan/privacy';
import { pipelineFor } from '../../../js/dist/core/pipeline.js';
import { MIXED, PLAIN } from './runs.mjs';

const ROUNDS = 5;
const SAMPLE_US = 4_000;
/** What the core may read behind a text, generously. */
const SLACK = 64;

const repeat = (piece) => (bytes) => piece.repeat(Math.ceil(bytes / piece.length)).slice(0, bytes);

/** As a model is told: each message an object, each tool's result JSON in a string of it. */
function messages(bytes) {
  const list = [];
  for (let size = 0; size < bytes; ) {
    const message = {
      role: list.length % 2 ? 'tool' : 'user',
      content: list.length % 2 ? JSON.stringify({ seats: list.length, note: PLAIN, price: 4.5 }) : MIXED + PLAIN,
      id: `msg_${(list.length * 7919).toString(36).padStart(12, '0')}`,
    };
    size += JSON.stringify(message).length;
    list.push(message);
  }
  return JSON.stringify(list).slice(0, bytes);
}

/** JSON in a string of JSON in a string, to the depth that is read. */
function levels(bytes) {
  let text = PLAIN.repeat(Math.ceil(bytes / PLAIN.length / 40));
  while (text.length < bytes) text = JSON.stringify({ text });
  return text.slice(0, bytes);
}

const ORDINARY = {
  'prose, ASCII': repeat(PLAIN),
  'prose, a fifth of the characters beyond ASCII': repeat(MIXED),
  'messages as JSON': messages,
};

const MADE = {
  'a word that does not end': repeat('a'),
  'a word in small letters and digits': repeat('a1'),
  digits: repeat('1'),
  'groups of digits': repeat('1111 '),
  'groups of a card that fail its check': repeat('4111-1111-1111-1112 '),
  'parts of telephone numbers': repeat('+1 (415) 55-'),
  'begins of account numbers': repeat('DE89 3704 '),
  '@': repeat('@'),
  'mailboxes without an end': repeat('a@a.'),
  'schemes of URLs': repeat('a://a:'),
  'users of URLs without a host': repeat('://a:b/'),
  'names of secrets': repeat('token='),
  'names of secrets, quotes not closed': repeat('password="'),
  'names of secrets, escaped': repeat('password=\\"\\\\'),
  'names of secrets in JSON, not closed': repeat('{"password":['),
  'Bearer Bearer': repeat('Bearer '),
  'bearer tokens that are words': repeat('Bearer aaaaaaaaaaaaaaaa '),
  'cookies without an end': repeat('Cookie: a='),
  'sk-': repeat('sk-'),
  'sk-, too short': repeat('sk-aaaaaaaaaaaaaaaaaa '),
  'v1.0- and what is no token': repeat(`v1.0-${'/'.repeat(75)}`),
  'begins of JWT': repeat('eyJaaaaaaaaaa.eyJ.'),
  '-----BEGIN': repeat('-----BEGIN '),
  'private keys without an end': repeat('-----BEGIN PRIVATE KEY-----\n'),
  base64: repeat('QUtJQUlPU0ZPRE5ON0VYQU1QTEU/+='),
  backslashes: repeat('\\'),
  'escaped quotes': repeat('\\"'),
  'escapes in JSON': (bytes) => `{"a":"${repeat('\\u0041')(bytes - 8)}"}`,
  'strings that are not closed': repeat('"a\\'),
  'objects that are not closed': repeat('{"a":'),
  'brackets, not closed': repeat('['),
  'brackets with strings': repeat('[["\\"'),
  'JSON that stops making sense': repeat('["a" x '),
  'JSON in strings of JSON': levels,
  'blanks between brackets': repeat(`[1${' '.repeat(64)}x`),
  'secrets, all found': repeat('sk-aaaaaaaaaaaaaaaaaaaa1 jane@example.com 4111111111111111 '),
};

const pipeline = pipelineFor(
  {
    resource: {},
    scope: { name: 'scale', version: '' },
    limits: {},
    destinations: [otlp({ endpoint: 'http://127.0.0.1:4318', redact: redact() })],
  },
  0,
);
const { tape } = pipeline;
pipeline.attach();
const { x } = tape;

/** Where a text of so many bytes goes. */
function area(bytes) {
  if (x.edgespan_lend(0, 0, bytes + SLACK) < 0) throw new Error(`no room for ${bytes} bytes`);
  return new Uint8Array(x.memory.buffer, tape.result[2], bytes);
}

const cell = new Int32Array(new SharedArrayBuffer(4));
/** This thread's microseconds on a processor; see ../worker.ts. */
function threadTime() {
  Atomics.wait(cell, 0, 0, 0.05);
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/** Microseconds of a call, the mean of so many. */
function sample(bytes, calls) {
  const begin = threadTime();
  for (let i = 0; i < calls; i++) {
    if (x.edgespan_redact(pipeline.handle, 0, bytes) < 0) throw new Error('not redacted');
  }
  return (threadTime() - begin) / calls;
}

const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

function measure(make, size) {
  const text = make(size);
  const bytes = Buffer.byteLength(text);
  new TextEncoder().encodeInto(text, area(bytes));
  let calls = 1;
  const samples = [];
  for (let round = -2; round < ROUNDS; round++) {
    const us = sample(bytes, calls);
    if (round >= 0) samples.push(us);
    else calls = Math.max(1, Math.min(5_000, Math.round(SAMPLE_US / Math.max(us, 1))));
  }
  return { size: bytes, us: median(samples) };
}

const sizes = process.argv.slice(2).map(Number);
const inputs = Object.entries({ ...ORDINARY, ...MADE });
measure(ORDINARY['messages as JSON'], 100_000); // the code gets warm
const results = inputs.map(([name, make]) => ({
  name,
  ordinary: name in ORDINARY,
  sizes,
  points: sizes.map((size) => measure(make, size)),
}));
console.log(JSON.stringify(results));
