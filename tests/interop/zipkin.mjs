// Zipkin: its server, from Maven Central, with spans in memory, and what it shows of a trace, by its v2
// interface, which is what its pages read. All tags are text there.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { comparable } from '../support/messages.ts';
import { counts } from './compare.mjs';
import { freePort, output, startServer, Unavailable } from './process.mjs';

const VERSION = '3.6.1';
const BUILD = fileURLToPath(new URL('../../build/interop/zipkin/', import.meta.url));
const KINDS = {
  model_inference: 'CLIENT',
  rag_embedding: 'CLIENT',
  mcp_tool_call: 'CLIENT',
  mcp_server_request: 'SERVER',
};

const text = (value) => (value === undefined || typeof value === 'string' ? value : JSON.stringify(value));

export const zipkin = {
  name: 'zipkin',
  remoteParents: true,
  kindOf: (type) => KINDS[type],
  /** It knows names in lower case alone. */
  named: (name) => name.toLowerCase(),
  counted: ['model_inference', 'rag_embedding'],
  told: text,
  metadataOf: ({ metadata = {} }) =>
    Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, text(value)])),

  async start(log) {
    const jar = await fetchServer(log);
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    const at = { ip: '127.0.0.1', port, 'protocols[0]': 'http' };
    const flags = Object.entries(at).map(([key, value]) => `--armeria.ports[0].${key}=${value}`);
    const command = () => ['java', ['-jar', jar, ...flags]];
    const { stop } = await startServer('zipkin', `${origin}/health`, command, 180);
    return { stop, version: `Zipkin ${VERSION}`, endpoint: origin, read: (...what) => read(origin, ...what) };
  },
};

/** The server as one jar; scripts/interop installs Java and Maven. */
async function fetchServer(log) {
  const jar = join(BUILD, `zipkin-server-${VERSION}-exec.jar`);
  await output('java', ['-version']).catch(() => {
    throw new Unavailable('no Java');
  });
  if (existsSync(jar)) return jar;
  log('fetching Zipkin from Maven Central (135 MB)');
  mkdirSync(BUILD, { recursive: true });
  const copy = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy';
  const artifact = `-Dartifact=io.zipkin:zipkin-server:${VERSION}:jar:exec`;
  await output('mvn', ['-B', '-q', '-Dstyle.color=never', copy, artifact, `-DoutputDirectory=${BUILD}`], { cwd: BUILD }).catch(
    (error) => {
      throw new Unavailable(error.message);
    },
  );
  return jar;
}

/** It answers before it stores: asked again until it has all spans, and all that was said of them. */
async function read(origin, id, count, judged) {
  const about = `annotationQuery=${encodeURIComponent(`mastra.evaluated.trace_id=${id}`)}`;
  for (let tries = 0; ; tries++) {
    const response = await fetch(`${origin}/api/v2/trace/${id}`);
    const spans = response.ok ? await response.json() : [];
    const judgements = await (await fetch(`${origin}/api/v2/traces?limit=100&${about}`)).json();
    const last = tries === 100;
    if (spans.length >= count && (judgements.length >= judged || last)) {
      return shownOf(spans, judgements);
    }
    if (last) throw new Error(`Zipkin has ${spans.length} of ${count} spans of ${id}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function shownOf(spans, judgements) {
  const ids = new Set(spans.map(({ id }) => id));
  const root = spans.find(({ parentId }) => !ids.has(parentId));
  const { tags = {} } = root ?? {};
  return {
    spans: spans.map(spanOf),
    session: tags['session.id'],
    user: tags['user.id'],
    service: root?.localEndpoint.serviceName,
    tags: tags['mastra.tags'] && JSON.parse(tags['mastra.tags']),
    // It has no word for them: each is a trace of one span.
    judgements: judgements.flat().map(({ tags: about }) => ({
      name: about['gen_ai.evaluation.name'],
      value: Number(about['gen_ai.evaluation.score.value']),
      comment: about['gen_ai.evaluation.explanation'],
      byHand:
        about['mastra.evaluation.kind'] === 'feedback' ||
        about['mastra.evaluation.source'] === 'manual',
    })),
  };
}

function spanOf({ id, parentId, name, kind, timestamp, duration, tags = {}, annotations = [] }) {
  const type = tags['mastra.span.type'];
  const isTool = type.endsWith('tool_call');
  const metadata = Object.entries(tags)
    .filter(([key]) => key.startsWith('mastra.metadata.'))
    .map(([key, value]) => [key.slice('mastra.metadata.'.length), value]);
  const input = tags[isTool ? 'gen_ai.tool.call.arguments' : `mastra.${type}.input`];
  const result = tags[isTool ? 'gen_ai.tool.call.result' : `mastra.${type}.output`];
  const usage = (of) => Number(tags[`gen_ai.usage.${of}`] ?? 0);
  const thrown = annotations.map(({ value }) => /^"exception": (.*)$/s.exec(value)?.[1]).find(Boolean);
  const exception = thrown && JSON.parse(thrown);
  return {
    id,
    parent: parentId,
    name,
    kind,
    start: timestamp / 1000,
    // Microseconds, of which it has at least one.
    end: Math.floor((timestamp + duration) / 1000),
    failed: 'error' in tags,
    message: tags.error,
    exception: exception && { type: exception['exception.type'], message: exception['exception.message'] },
    input,
    output: result,
    asked: messagesOf(tags['gen_ai.input.messages']),
    answered: messagesOf(tags['gen_ai.output.messages']),
    model: tags['gen_ai.response.model'] ?? tags['gen_ai.request.model'],
    provider: tags['gen_ai.provider.name'],
    tokens: counts({
      input: usage('input_tokens'),
      output: usage('output_tokens'),
      cacheRead: usage('cache_read.input_tokens'),
      reasoning: usage('reasoning.output_tokens'),
    }),
    tool: {
      name: tags['gen_ai.tool.name'],
      id: tags['gen_ai.tool.call.id'],
      description: tags['gen_ai.tool.description'],
    },
    arguments: input,
    result,
    session: tags['session.id'],
    user: tags['user.id'],
    metadata: Object.fromEntries(metadata),
  };
}

function messagesOf(json) {
  return json && comparable(JSON.parse(json).map(({ role, parts }) => ({ role, parts })));
}
