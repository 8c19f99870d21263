// What a server shows of a run against what Mastra recorded of it. Servers differ in words, so each one's
// module (phoenix.mjs, mlflow.mjs, zipkin.mjs) tells what it shows in one form, a Shown:
//
//   spans     of each: id, parent, name, kind, start and end (milliseconds), failed, message, and what of
//             the following the server has a word for: exception, input, output, asked and answered (of
//             model calls, messages as tests/support/messages.ts has them), tokens, model, provider, tool,
//             metadata, user, session
//   of the trace, where the server has a word for it: tokens, session, user, failed, service, tags,
//             judgements (scores and feedback)
//
// A member that is absent has no word there; one that is null is shown by nobody, which is a fault
// wherever Mastra recorded something.
import { isDeepStrictEqual } from 'node:util';
import { nameOf, providerError, wireId } from '../support/expect.ts';
import { comparable, expectedMessages, heardMessages } from '../support/messages.ts';

/** The aspects of a run, in the order in which they are told. */
export const ASPECTS = [
  ...['tree', 'times', 'content', 'messages', 'tokens'],
  ...['sessions', 'errors', 'tools', 'labels', 'scores'],
];

/**
 * Compares one trace.
 *
 * @param server what its module exports
 * @returns a Map from each aspect that there was something to compare of to its faults
 */
export function compare(server, shown, trace, run) {
  const found = new Map();
  const same = (aspect, what, actual, expected) => {
    if (!found.has(aspect)) found.set(aspect, []);
    const [got, wanted] = [actual, expected].map((v) => JSON.parse(JSON.stringify(v ?? null)));
    if (isDeepStrictEqual(got, wanted)) return;
    // From a little before where they differ.
    const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)];
    let at = 0;
    while (at < a.length && a[at] === b[at]) at++;
    const show = (text) => `${at > 80 ? '…' : ''}${text.slice(Math.max(at - 80, 0), at + 200)}`;
    const size = a.length === b.length ? '' : ` (${a.length} and ${b.length} characters)`;
    found.get(aspect).push(`${what} is ${show(a)}, not ${show(b)}${size}`);
  };

  const root = trace.find((span) => span.isRootSpan);
  const sent = trace.filter(({ type }) => type !== 'model_chunk');
  const ids = (spans) => spans.map(({ id }) => id).sort();
  same('tree', 'the set of spans', ids(shown.spans), sent.map(({ id }) => wireId(id, 16)).sort());
  for (const span of sent) {
    const got = shown.spans.find(({ id }) => id === wireId(span.id, 16));
    if (got) compareSpan(server, got, span, { trace, sent, root, run }, same);
  }

  const usages = trace.filter(({ type }) => server.counted.includes(type)).map(usageOf);
  if ('tokens' in shown) same('tokens', 'the sum', shown.tokens, server.sum(usages));
  if ('session' in shown) same('sessions', 'the session', shown.session, sessionOf(root));
  if ('user' in shown) same('sessions', 'the user', shown.user, userOf(root));
  if ('failed' in shown) same('errors', 'the trace failed', shown.failed, server.isFailed(root, trace));
  if ('service' in shown) same('labels', 'the service', shown.service, 'interop');
  if ('tags' in shown) same('labels', 'tags', shown.tags, root.tags ?? null);
  const { judgements } = run;
  // Of a run that was judged the first trace was: the scorer has one of its own.
  if (judgements && root.type === 'agent_run') {
    const byName = (list) => list.toSorted((a, b) => a.name.localeCompare(b.name));
    same('scores', 'what was judged', byName(shown.judgements ?? []), byName(judgements));
  }
  return found;
}

function compareSpan(server, got, span, { trace, sent, root, run }, same) {
  const is = (aspect, member, expected) => {
    if (member in got) same(aspect, `${span.type} ${span.id}: ${member}`, got[member], expected);
  };
  // The child of a span that Mastra showed to nobody hangs below the root.
  const known = sent.some(({ id }) => id === span.parentSpanId);
  const remote = server.remoteParents ? (span.externalParentSpanId ?? span.parentSpanId) : undefined;
  const parent = known ? span.parentSpanId : span === root ? remote : root.id;
  is('tree', 'parent', parent ? wireId(parent, 16) : null);
  is('tree', 'name', server.named(nameOf(span)));
  is('tree', 'kind', server.kindOf(span.type));
  is('times', 'start', Date.parse(span.startTime));
  is('times', 'end', Date.parse(span.endTime));

  const error = span.errorInfo ?? providerError(span, trace);
  is('errors', 'failed', error !== undefined);
  is('errors', 'message', error?.message);
  if (error) is('errors', 'exception', { type: error.name ?? 'Error', message: error.message });

  const isCall = span.type === 'model_inference';
  const told = (value) => server.told?.(value) ?? value;
  // Mastra's preview of a step's input is sent only where no call below the step has the messages.
  const below = trace.filter(({ parentSpanId }) => parentSpanId === span.id);
  const isTold = span.type === 'model_step' && below.some(({ type }) => type === 'model_inference');
  if (!isCall && !isTold) is('content', 'input', told(span.input));
  if (!isCall) is('content', 'output', told(span.output));
  is('labels', 'metadata', server.metadataOf?.(span) ?? span.metadata);
  is('sessions', 'user', userOf(span));
  is('sessions', 'session', sessionOf(span));

  const { attributes = {} } = span;
  if (isCall) {
    const { asked, answered } = messagesOf(span, trace, run);
    if (asked) is('messages', 'asked', server.worded?.(asked) ?? asked);
    if (answered) is('messages', 'answered', server.worded?.(answered) ?? answered);
    is('messages', 'model', attributes.responseModel ?? attributes.model);
    is('messages', 'provider', attributes.provider?.replace(/\..*/, ''));
  }
  // Nothing else may count: a server sums over spans.
  is('tokens', 'tokens', server.counted.includes(span.type) ? usageOf(span) : {});
  if (span.type.endsWith('tool_call')) {
    is('tools', 'tool', {
      name: span.entityName ?? span.entityId,
      id: attributes.toolCallId ?? span.metadata?.toolCallId,
      description: attributes.toolDescription,
    });
    is('tools', 'arguments', told(span.input));
    is('tools', 'result', told(span.output));
  }
}

/** Token counts without those that are 0, or that nobody knows. */
export const counts = (all) => Object.fromEntries(Object.entries(all).filter(([, count]) => count));

/** Token counts of a span. */
export function usageOf({ attributes: { usage = {} } = {} }) {
  const { inputTokens: input, outputTokens: output, inputDetails, outputDetails } = usage;
  const all = { input, output, cacheRead: inputDetails?.cacheRead, reasoning: outputDetails?.reasoning };
  return counts(all);
}

const sessionOf = ({ metadata = {}, attributes = {}, type }) =>
  metadata.sessionId ?? metadata.threadId ?? (type === 'agent_run' ? attributes.conversationId : undefined);
const userOf = ({ metadata = {} }) => metadata.userId ?? metadata.resourceId;

/** What a call was given and answered: as its scripted model had it, or else as Mastra recorded it. */
function messagesOf(span, trace, { calls, heard }) {
  const call = heard[calls.indexOf(span.id)];
  const messages = call ? heardMessages(call) : expectedMessages(span, trace);
  const read = (key) => messages[key] && comparable(messages[key]);
  // Mastra does not record what the call said in which a run was suspended, or a provider failed.
  const answered = span.output === undefined || call?.turn.fails ? undefined : read('gen_ai.output.messages');
  return { asked: read('gen_ai.input.messages'), answered };
}
