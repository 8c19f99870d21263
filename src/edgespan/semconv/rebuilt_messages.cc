// MessageWriter, the part that rebuilds from its run what a model call was given.
//
// Mastra records no input of a model call: it is what the generation was given, and behind it what the
// earlier calls said and what the model was told of each tool they asked for (semconv/README.md). Reads
// the tree and the records of the generation, in order of start, up to the call; settled.cc asks
// IsComplete() whether all of it is there.
#include "edgespan/base/utf.h"
#include "edgespan/model/schema.h"
#include "edgespan/semconv/dialect.h"
#include "edgespan/semconv/generation.h"
#include "edgespan/semconv/message_format.h"
#include "edgespan/semconv/message_shapes.h"
#include "edgespan/semconv/messages.h"

namespace edgespan {
namespace {

// The types of kToolCalls, which stand in a row.
bool IsToolCall(uint16_t type) { return type >= kTypeToolCall && type <= kTypeMcpToolCall; }
static_assert(TypeBit(kTypeMcpToolCall) * 2 - TypeBit(kTypeToolCall) == kToolCalls);

// Which call of the model's a tool's span answers.
const Node* CallIdOf(const SpanRecord& tool) {
  const Node* const id = FindMember(FindMember(tool, kKeyAttributes), kKeyToolCallId);
  return id != nullptr ? id : FindMember(FindMember(tool, kKeyMetadata), kKeyToolCallId);
}

// What a model is told of it.
const Node* AnswerOf(const SpanRecord& tool) {
  const Node* const output = FindMember(tool, kKeyOutput);
  if (tool.type == kTypeMapping) return Unwrapped(output);
  return output != nullptr ? output : FindMember(FindMember(tool, kKeyErrorInfo), kKeyMessage);
}

// What a model call's input is made of.
struct Source {
  const TreeNode* generation = nullptr;
  const Node* given = nullptr;    // to the generation
  const Node* preview = nullptr;  // Mastra's, unless all is in `given`
  bool whole = false;
};
Source SourceOf(const RecordContext& context, const TreeNode& call) {
  Source source;
  source.generation = GenerationOf(*context.arena, call);
  const auto input_of = [&](const TreeNode* node) {
    const SpanRecord* const record = node != nullptr ? RecordOf(*context.arena, *node) : nullptr;
    return record != nullptr ? FindMember(*record, kKeyInput) : nullptr;
  };
  const Node* const given = source.given = Given(input_of(source.generation));
  source.whole = given != nullptr && !IsList(given);
  if (IsList(given)) {
    for (const Node* node = given->Begin(); node < given->End(); node = node->Skip()) {
      const Node* const role = FindMember(node, kKeyRole);
      source.whole |= !IsText(role) || SameText(TextOf(*context.arena, role), "user");
    }
  }
  const TreeNode* const step =
      call.parent != 0 ? context.arena->At<TreeNode>(call.parent) : nullptr;
  if (source.whole || step == nullptr || !IsStepOrGeneration(*step)) return source;
  source.preview = input_of(&call);
  if (source.preview == nullptr && step != source.generation) source.preview = input_of(step);
  if (!IsList(source.preview)) source.preview = nullptr;
  return source;
}

}  // namespace

MessageWriter::Rebuilt MessageWriter::CanRebuild(const RecordContext& context,
                                                 const TreeNode& call) {
  const SpanRecord* const record = RecordOf(*context.arena, call);
  const Node* const own = record != nullptr ? FindMember(*record, kKeyInput) : nullptr;
  if (IsList(FindMember(own, kKeyMessages))) return Rebuilt::kNot;  // no preview
  const Source source = SourceOf(context, call);
  if (source.whole) return Rebuilt::kWholly;
  return source.given != nullptr || source.preview != nullptr ? Rebuilt::kPartly : Rebuilt::kNot;
}

void MessageWriter::Rebuild(const TreeNode& call) {
  const Source source = SourceOf(context_, call);
  const TreeNode* generation = source.generation;
  Emit(form::kListStart);
  if (source.preview == nullptr) {
    Each(source.given, Element::kMessage);
  } else {
    // What the earlier calls did not say.
    uint32_t left = 0;
    for (const Node* node = source.preview->Begin(); node < source.preview->End(); ++left) {
      node = node->Skip();
    }
    const uint32_t turns = generation != nullptr ? Turns(*generation, call, /*write=*/false) : 0;
    if (turns > left) generation = nullptr;
    if (generation != nullptr) left -= turns;
    for (const Node* node = source.preview->Begin(); left != 0; node = node->Skip(), --left) {
      Message(node);
    }
  }
  if (generation != nullptr) Turns(*generation, call, /*write=*/true);
  Close(form::kListEnd);
}

bool MessageWriter::IsComplete(const RecordContext& context, const TreeNode& call) {
  const TreeNode* const generation = GenerationOf(*context.arena, call);
  const TreeNode* at = generation;
  while (at != nullptr && at != &call) {
    if (at != generation && at->started && !at->ended && !IsStepOrGeneration(*at)) return false;
    at = NextBelow(*context.arena, *generation, at);
  }
  return true;
}

uint32_t MessageWriter::Turns(const TreeNode& generation, const TreeNode& call, bool write) {
  uint32_t turns = 0;
  const TreeNode* at = &generation;
  while ((at = NextBelow(*context_.arena, generation, at)) != nullptr && at != &call) {
    const SpanRecord* const record = RecordOf(*context_.arena, *at);
    if (record == nullptr || !IsNear(*context_.arena, *at)) continue;
    if (at->type == kTypeModelInference) {
      const Node* const output = FindMember(*record, kKeyOutput);
      if (output == nullptr) continue;
      const Node* const calls = FindMember(output, kKeyToolCalls);
      turns += IsList(calls) && calls->a > 0 ? 2 : 1;
      if (!write) continue;
      Assistant(*at, output);
      Emit(form::kObjectEnd);
      Answers(generation, *at, call, calls);
    } else if (write && IsToolCall(at->type) && CallIdOf(*record) == nullptr) {
      Answer(*record, nullptr);
    }
  }
  return turns;
}

// The answers to what an earlier call asked for, in the order it asked. A tool's span is mostly beside
// the call's, and else anywhere below the generation: in a run that was resumed even before it.
void MessageWriter::Answers(const TreeNode& generation, const TreeNode& inference,
                            const TreeNode& call, const Node* asked) {
  if (!IsList(asked)) return;
  for (const Node* tool = asked->Begin(); tool < asked->End(); tool = tool->Skip()) {
    const Node* const id = FindMember(tool, kKeyToolCallId);
    if (!IsText(id)) continue;
    const SpanRecord* told = Told(generation, inference, call, id);
    if (told == nullptr) told = Told(generation, generation, call, id);
    if (told != nullptr) Answer(*told, tool);
  }
}

// The span between `from` and `call` that says what the model was told of the tool call `id`: what the
// tool made of its result for the model, if it did, or the tool's own.
const SpanRecord* MessageWriter::Told(const TreeNode& generation, const TreeNode& from,
                                      const TreeNode& call, const Node* id) const {
  const SpanRecord* told = nullptr;
  const TreeNode* at = &from;
  while ((at = NextBelow(*context_.arena, generation, at)) != nullptr && at != &call) {
    if (at->type == kTypeModelInference && told != nullptr) break;
    const bool mapping = at->type == kTypeMapping;
    const SpanRecord* const record = RecordOf(*context_.arena, *at);
    if (record == nullptr || (!mapping && (told != nullptr || !IsToolCall(at->type)))) continue;
    if (AnswerOf(*record) == nullptr) continue;
    const PageArena& arena = *context_.arena;
    if (!SameText(TextOf(arena, CallIdOf(*record)), TextOf(arena, id))) continue;
    told = record;
    if (mapping) break;
  }
  return told;
}

void MessageWriter::Answer(const SpanRecord& tool, const Node* call) {
  const Node* const answer = AnswerOf(tool);
  if (answer == nullptr) return;
  const Node* name = FindMember(tool, kKeyEntityName);
  if (name == nullptr) name = FindMember(tool, kKeyEntityId);
  if (name == nullptr) name = FindMember(call, kKeyToolName);
  Emit(form::kToolStart);
  const bool failed = tool.type != kTypeMapping && FindMember(tool, kKeyOutput) == nullptr;
  ToolResponse(FindMember(call, kKeyToolCallId), name, answer, failed);
  Close(form::kMessageEnd);
}

}  // namespace edgespan
