// What the GenAI dialect writes against the convention's own words: message attributes validate
// against the public JSON schemas, gen_ai.* attributes have the registry's names and types. Where
// those are not there (tests/support/conventions.ts), the tests are skipped.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parse } from 'yaml';
import { folder, invalid, skip, validator } from '../support/conventions.ts';
import { replay } from '../support/official.ts';
import { plain, type Value, type WireSpan } from '../support/otlp.ts';
import { SHAPES } from './message_shapes.ts';

/** Names that Mastra's official exporter has and the registry has not. */
const MASTRAS_OWN = new Set([
  'gen_ai.usage.cache_creation.5m_input_tokens',
  'gen_ai.usage.cache_creation.1h_input_tokens',
  'gen_ai.usage.audio_input_tokens',
  'gen_ai.usage.audio_output_tokens',
]);

// ---- What is validated -------------------------------------------------------------------------

type Event = { type: string; exportedSpan: Record<string, unknown> };

function recordings(): [name: string, WireSpan[]][] {
  const data = new URL('../data/mastra-events/', import.meta.url);
  return readdirSync(data)
    .filter((name) => name.endsWith('.json'))
    .map((name) => {
      const events = JSON.parse(readFileSync(new URL(name, data), 'utf8')) as Event[];
      return [name, replay(events)];
    });
}

/** Every shape of input, output and instructions, each on a span of its own. */
function shapes(): [name: string, WireSpan[]][] {
  const id = (i: number): string => (i + 1).toString(16).padStart(16, '0');
  const events = SHAPES.map(({ name: _, ...span }, i) => {
    const exportedSpan = {
      id: id(i),
      traceId: '0af7651916cd43dd8448eb211c80319c',
      name: 'a span',
      startTime: '2026-11-20T07:57:09.000Z',
      endTime: '2026-11-20T07:57:09.250Z',
      isEvent: false,
      isRootSpan: i === SHAPES.length - 1, // ended last
      ...span,
    };
    return { type: 'span_ended', exportedSpan };
  });
  const wire = new Map(replay(events).map((span) => [span.spanId, span]));
  return SHAPES.map(({ name }, i) => [name, [wire.get(id(i)) as WireSpan]]);
}

// ---- JSON schemas ------------------------------------------------------------------------------

test('the schemas refuse what is wrong', { skip }, () => {
  const bad: [string, unknown][] = [
    ['gen_ai.input.messages', 'hi'],
    ['gen_ai.input.messages', [{ role: 'user', content: 'hi' }]],
    ['gen_ai.input.messages', [{ role: 'user', parts: ['hi'] }]],
    ['gen_ai.output.messages', [{ role: 'assistant', parts: [] }]],
    ['gen_ai.system_instructions', ['be brief']],
    ['gen_ai.tool.definitions', ['weather']],
  ];
  for (const [name, value] of bad) {
    assert.ok(!validator(name)(value), `${name} ${JSON.stringify(value)}`);
  }
});

test('recorded runs: messages, instructions and tool definitions are valid', { skip }, () => {
  let seen = 0;
  for (const [name, spans] of recordings()) {
    for (const span of spans) {
      const found = invalid(span);
      assert.deepEqual(found.faults, [], name);
      seen += found.seen;
    }
  }
  assert.ok(seen >= 39, `${seen} attributes`);
});

test('every shape of messages, instructions and tools is valid', { skip }, () => {
  const all = shapes();
  assert.ok(all.length > 200);
  for (const [name, spans] of all) {
    for (const span of spans) {
      const { faults, seen } = invalid(span);
      assert.deepEqual(faults, [], name);
      assert.ok(seen > 0, name);
    }
  }
});

// ---- The registry ------------------------------------------------------------------------------

interface RegistryAttribute {
  id: string;
  type: string | { members: { value: string }[] };
  deprecated?: unknown;
}

function registry(): Map<string, RegistryAttribute> {
  const text = readFileSync(`${folder}/registry.yaml`, 'utf8');
  const { groups } = parse(text) as { groups: { attributes: RegistryAttribute[] }[] };
  return new Map(groups.flatMap((group) => group.attributes.map((a) => [a.id, a] as const)));
}

function typeOf(value: Value): string {
  if (Array.isArray(value)) return `${value[0] === undefined ? 'string' : typeOf(value[0])}[]`;
  return { bigint: 'int', number: 'double' }[typeof value as string] ?? typeof value;
}

/** True where OTLP holds the registry's type: whole numbers may stand for doubles. */
function fits(value: Value, type: RegistryAttribute['type']): boolean {
  if (type === 'any') return typeof value === 'string' || typeof value === 'object';
  if (typeof type !== 'string') return typeof value === 'string';
  const actual = typeOf(value);
  return actual === type || (type === 'double' && actual === 'int');
}

test('gen_ai.* attributes have the names and the types of the registry', { skip }, () => {
  const known = registry();
  assert.ok(known.size > 40);
  const used = new Set<string>();
  for (const [name, spans] of [...recordings(), ...shapes()]) {
    for (const span of spans) {
      for (const [key, value] of span.attributes) {
        if (!key.startsWith('gen_ai.') || MASTRAS_OWN.has(key)) continue;
        const attribute = known.get(key);
        assert.ok(attribute, `${name}: ${key} is not in the registry`);
        assert.equal(attribute.deprecated, undefined, `${name}: ${key} is deprecated`);
        assert.ok(fits(value, attribute.type), `${name}: ${key} is ${typeOf(value)}`);
        used.add(key);
      }
    }
  }
  assert.ok(used.size > 25, [...used].join(' '));
});

test('names of the registry for operations and providers', { skip }, () => {
  const members = (id: string): string[] => {
    const { type } = registry().get(id) as RegistryAttribute;
    return typeof type === 'string' ? [] : type.members.map(({ value }) => value);
  };
  const operations = new Set<unknown>();
  for (const [, spans] of recordings()) {
    for (const span of spans) operations.add(plain(span.attributes.get('gen_ai.operation.name')));
  }
  const known = members('gen_ai.operation.name');
  for (const operation of ['chat', 'execute_tool', 'invoke_agent', 'invoke_workflow']) {
    assert.ok(known.includes(operation) && operations.has(operation), operation);
  }
  // Ids that the AI SDK's packages give their models.
  const ids = {
    'openai.chat': 'openai',
    'anthropic.messages': 'anthropic',
    'google.generative-ai': 'gcp.gemini',
    'google.vertex.chat': 'gcp.vertex_ai',
    'amazon-bedrock': 'aws.bedrock',
    'azure.chat': 'azure.ai.openai',
    'mistral.chat': 'mistral_ai',
    'xai.chat': 'x_ai',
    'groq.chat': 'groq',
    'cohere.chat': 'cohere',
    'deepseek.chat': 'deepseek',
    perplexity: 'perplexity',
  };
  const canonical = members('gen_ai.provider.name');
  const entries = Object.entries(ids);
  const events = entries.map(([provider], i) => {
    const exportedSpan = {
      id: (i + 1).toString(16).padStart(16, '0'),
      traceId: '0af7651916cd43dd8448eb211c80319c',
      name: 'call',
      type: 'model_inference',
      startTime: '2026-11-20T07:57:09.000Z',
      endTime: '2026-11-20T07:57:09.250Z',
      attributes: { provider },
      isRootSpan: i === entries.length - 1,
      isEvent: false,
    };
    return { type: 'span_ended', exportedSpan };
  });
  const wire = replay(events);
  for (const [i, [provider, expected]] of entries.entries()) {
    assert.ok(canonical.includes(expected), expected);
    const span = wire.find(({ spanId }) => Number.parseInt(spanId, 16) === i + 1);
    assert.equal(span?.attributes.get('gen_ai.provider.name'), expected, provider);
  }
});
