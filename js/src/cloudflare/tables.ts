/**
 * What bindings can do, as tables: which methods are traced, what a span of each says, and what else a
 * binding hands out. A method that is in no table is called as if nobody looked.
 * @module
 */
import { CLIENT, PRODUCER } from '../http/span.js';
import { scrubUrl } from '../http/url.js';
import type { Attributes } from '../otel/api.js';
import { scrubSql } from './sql.js';
import { aboutOf } from './view.js';

/** What a span says of a call's arguments; `keys`: whether keys may be told. */
export type Before = (args: any[], keys: boolean) => Attributes;
/** The same of its result. */
export type After = (result: any) => Attributes;
export type Row = readonly [before?: Before, after?: After];

export interface Table {
  /** Of each of its spans. */
  readonly attributes: Attributes;
  readonly kind: number;
  /** Where the method's name belongs. */
  readonly operation: string;
  /** By method; its span's name is the method's and the binding's, unless `before` gives a `name`. */
  readonly rows: Readonly<Record<string, Row>>;
  /** Tables of what methods return, or call back with, and of objects inside. */
  readonly makes?: Readonly<Record<string, () => Table>>;
  /** What spans of a returned object say of the call that made it, by that call's method. */
  readonly about?: Readonly<Record<string, Before>>;
}

// ---- Stores --------------------------------------------------------------------------------------

/** How many it asks for, and which, if that may be told; of prepared statements their queries. */
const asked: Before = ([first], keys) => {
  const list: unknown[] = [first].flat();
  const texts = list.flatMap((one) => aboutOf(one)?.['db.query.text'] ?? []);
  return {
    // By the conventions one is no batch.
    'db.operation.batch.size': list.length > 1 && typeof list[0] !== 'number' ? list.length : undefined,
    'db.query.text': [...new Set(texts)].join('; ') || undefined,
    'cloudflare.keys': keys && list.every((one) => typeof one === 'string') ? list : undefined,
  };
};
const address: Before = ([request], keys) => ({
  'url.full': keys ? scrubUrl(request?.url ?? request) : undefined,
});
const text: Before = ([sql]) => ({ 'db.query.text': scrubSql(sql) });

const rows = (count: unknown): Attributes => ({ 'db.response.returned_rows': count });
/** Whether there was what was asked for; of several keys, how many. */
const one: After = (result) => rows(result instanceof Map ? result.size : +(result != null));
/** How many there were, and what the database says of its work. */
const many: After = (result) => {
  const { keys, objects, results, matches, size, meta } = result;
  const list = [keys, objects, results, matches, result].find(Array.isArray);
  return {
    ...rows(list?.length ?? size),
    'cloudflare.d1.rows_read': meta?.rows_read,
    'cloudflare.d1.rows_written': meta?.rows_written,
  };
};

type Names = readonly [ones: string, manys: string, others: string];

function store(system: string, names: Names, more?: Partial<Table>): Table {
  const afters = [one, many, undefined];
  const listed = names.flatMap((list, i) => list.split(' ').map((name) => [name, [asked, afters[i]]]));
  return {
    attributes: { 'db.system.name': `cloudflare.${system}` },
    kind: CLIENT,
    operation: 'db.operation.name',
    ...more,
    rows: { ...Object.fromEntries(listed), ...more?.rows },
  };
}

export const kv = (): Table =>
  store('kv', ['get', 'list', 'put delete'], {
    rows: { getWithMetadata: [asked, (result) => one(result?.value)] },
  });

const upload = (): Table => store('r2', ['', '', 'uploadPart abort complete']);
export const r2 = (): Table =>
  store('r2', ['head get', 'list', 'put delete createMultipartUpload'], {
    makes: { createMultipartUpload: upload, resumeMultipartUpload: upload },
  });

const statement = (): Table => store('d1', ['first', 'all run raw', ''], { makes: { bind: statement } });
export const d1 = (): Table =>
  store('d1', ['', '', 'batch'], {
    rows: { exec: [text] },
    makes: { prepare: statement, withSession: d1 },
    about: { prepare: text },
  });

export const vectorize = (): Table =>
  store('vectorize', ['', 'query queryById getByIds', 'insert upsert deleteByIds describe']);
export const analytics = (): Table => store('analytics_engine', ['', '', 'writeDataPoint']);
export const hyperdrive = (): Table =>
  store('hyperdrive', ['', '', 'connect']);

const cache = (): Table =>
  store('cache', ['', '', ''], { rows: { match: [address, one], put: [address], delete: [address] } });
/** Of the global `caches`. */
export const caches = (): Table => store('cache', ['', '', ''], { makes: { default: cache, open: cache } });

const DURABLE = 'durable_object';
const pairs = (): Table => store(DURABLE, ['get', 'list', 'put delete']);
/** Of a Durable Object's `ctx.storage`. */
export const storage = (): Table =>
  store(DURABLE, ['get getAlarm', 'list', 'put delete deleteAll setAlarm deleteAlarm sync transaction'], {
    makes: {
      kv: pairs,
      sql: () => store(DURABLE, ['', '', ''], { rows: { exec: [text] } }),
      transaction: pairs,
    },
  });

// ---- Everything else -----------------------------------------------------------------------------

const batch: Before = ([messages]) => ({
  'messaging.batch.message_count': Array.isArray(messages) ? messages.length : undefined,
});
const sends = (system: string, rows: Table['rows']): Table => ({
  attributes: { 'messaging.system': `cloudflare.${system}`, 'messaging.operation.type': 'send' },
  kind: PRODUCER,
  operation: 'messaging.operation.name',
  rows,
});
export const queue = (): Table => sends('queues', { send: [], sendBatch: [batch] });
export const email = (): Table => sends('email', { send: [] });

export const rateLimit = (): Table => ({
  attributes: {},
  kind: CLIENT,
  operation: 'cloudflare.operation',
  rows: { limit: [undefined, ({ success }) => ({ 'cloudflare.rate_limit.success': success })] },
});

export const workflow = (): Table => ({
  attributes: {},
  kind: CLIENT,
  operation: 'cloudflare.operation',
  rows: {
    create: [undefined, ({ id }) => ({ 'cloudflare.workflow.instance_id': id })],
    createBatch: [],
    get: [([id]) => ({ 'cloudflare.workflow.instance_id': id })],
  },
});

/** https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/ */
export const ai = (): Table => ({
  attributes: { 'gen_ai.provider.name': 'cloudflare.workers_ai' },
  kind: CLIENT,
  operation: '',
  rows: {
    run: [
      ([model, inputs = {}]) => {
        const does = inputs.messages ? 'chat' : inputs.text ? 'embeddings' : 'generate_content';
        return {
          name: `${does} ${model}`,
          'gen_ai.operation.name': does,
          'gen_ai.request.model': model,
          'gen_ai.request.max_tokens': inputs.max_tokens,
          'gen_ai.request.temperature': inputs.temperature,
          'gen_ai.request.top_p': inputs.top_p,
        };
      },
      (result) => ({
        'gen_ai.usage.input_tokens': result?.usage?.prompt_tokens,
        'gen_ai.usage.output_tokens': result?.usage?.completion_tokens,
      }),
    ],
  },
});
