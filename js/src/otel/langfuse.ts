/**
 * What Langfuse's `propagateAttributes()` wants on every span that starts inside it: its own processor
 * reads that from the context and from baggage, and so do we, so that its users need none.
 * @module
 */
import type { Attributes, Context } from './api.js';
import { BAGGAGE } from './context.js';

/** Names, both of context keys and in baggage, and the attributes that they become. */
const NAMES: Record<string, string> = {
  langfuse_user_id: 'user.id',
  langfuse_session_id: 'session.id',
  langfuse_version: 'langfuse.version',
  langfuse_trace_name: 'langfuse.trace.name',
  langfuse_environment: 'langfuse.environment',
  langfuse_tags: 'langfuse.trace.tags',
  langfuse_prompt_name: 'langfuse.observation.prompt.name',
  langfuse_prompt_version: 'langfuse.observation.prompt.version',
  langfuse_experiment_id: 'langfuse.experiment.id',
  langfuse_experiment_name: 'langfuse.experiment.name',
  langfuse_experiment_metadata: 'langfuse.experiment.metadata',
  langfuse_experiment_dataset_id: 'langfuse.experiment.dataset.id',
  langfuse_experiment_item_id: 'langfuse.experiment.item.id',
  langfuse_experiment_item_metadata: 'langfuse.experiment.item.metadata',
  langfuse_experiment_item_root_observation_id: 'langfuse.experiment.item.root_observation_id',
};
const METADATA = 'langfuse_metadata';
export const TRACE_METADATA = 'langfuse.trace.metadata.';
// Langfuse keeps its own names, and what is too long for a label.
const ENVIRONMENT = /^(?!langfuse)[a-z0-9_-]{1,40}$/;

/** What is used of the API's Baggage. */
interface Baggage {
  getAllEntries(): [string, { value: string }][];
}

let keys: [symbol, string][] | undefined;

/** The attributes of a span that starts in `context`; undefined where nothing is propagated. */
export function propagatedAttributes(context: Context): Attributes | undefined {
  let found: Attributes | undefined;
  const note = (name: string, value: unknown): void => {
    if (name === 'langfuse.environment' && !ENVIRONMENT.test(`${value}`)) return;
    (found ??= {})[name] = value;
  };
  const baggage = context.getValue(BAGGAGE) as Baggage | undefined;
  for (const [key, { value }] of baggage?.getAllEntries() ?? []) {
    const name = NAMES[key];
    if (key.startsWith(`${METADATA}_`)) note(TRACE_METADATA + key.slice(METADATA.length + 1), value);
    else if (key === 'langfuse_tags') note(NAMES[key] as string, value.split(','));
    else if (key === 'langfuse_prompt_version' && /^\d+$/.test(value)) note(name as string, +value);
    else if (name) note(name, value);
  }
  // The context's win: they were set here.
  keys ??= Object.entries(NAMES).map(([key, name]) => [Symbol.for(key), name]);
  for (const [key, name] of keys) {
    const value = context.getValue(key);
    if (value) note(name, value);
  }
  const metadata = context.getValue(Symbol.for(METADATA));
  for (const [key, value] of Object.entries(metadata ?? {})) note(TRACE_METADATA + key, `${value}`);
  if (found?.['langfuse.experiment.item.root_observation_id']) {
    found['langfuse.environment'] = 'sdk-experiment';
  }
  return found;
}
