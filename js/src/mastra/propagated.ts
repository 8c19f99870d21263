/**
 * What Langfuse's `propagateAttributes()` says, in Mastra's words: metadata and tags, which every dialect
 * has its own attributes for. What Mastra itself says of a span wins.
 * @module
 */
import { propagatedAttributes, TRACE_METADATA } from '../otel/langfuse.js';
import type { Context } from '../otel/api.js';
import type { MastraSpan } from './types.js';

/** Metadata of every span, and tags of a run. */
export interface Propagated {
  readonly metadata: Record<string, unknown>;
  readonly tags: readonly string[];
}

const METADATA: Record<string, string> = {
  'user.id': 'userId',
  'session.id': 'sessionId',
  'langfuse.trace.name': 'traceName',
  'langfuse.version': 'version',
  'langfuse.environment': 'environment',
};
const TAGS = 'langfuse.trace.tags';
const PROMPT = 'langfuse.observation.prompt.';

/** Undefined where nothing is propagated. */
export function propagatedOf(context: Context): Propagated | undefined {
  const attributes = propagatedAttributes(context);
  if (!attributes) return undefined;
  const { [TAGS]: tags = [], ...rest } = attributes;
  const metadata: Record<string, unknown> = {};
  const prompt: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(rest)) {
    if (name.startsWith(PROMPT)) prompt[name.slice(PROMPT.length)] = value;
    else if (name.startsWith(TRACE_METADATA)) metadata[name.slice(TRACE_METADATA.length)] = value;
    else metadata[METADATA[name] ?? name] = value;
  }
  if (Object.keys(prompt).length > 0) metadata.langfuse = { prompt };
  return { metadata, tags: tags as string[] };
}

/** A span that says it, too; the given one is everybody's and stays as it is. */
export function withPropagated(span: MastraSpan, said: Propagated): MastraSpan {
  const { metadata, tags } = span as { metadata?: object; tags?: readonly string[] };
  const own = { ...span, metadata: { ...said.metadata, ...metadata } };
  if (!span.isRootSpan || said.tags.length === 0) return own;
  return { ...own, tags: [...new Set([...said.tags, ...(tags ?? [])])] } as MastraSpan;
}
