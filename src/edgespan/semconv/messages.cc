#include "edgespan/semconv/messages.h"

#include "edgespan/base/utf.h"
#include "edgespan/model/schema.h"
#include "edgespan/semconv/dialect.h"

namespace edgespan {
namespace {

using tape::Op;

// What is written, as Emit() reads it: '!' stands for a value, a space ends what is written even if
// the value after it is missing. Every element of a list ends with a comma; Close() takes back the
// last one.
constexpr char kAsItIs[] = "!,";
constexpr char kTextPart[] = R"({"type":"text","content":!},)";
constexpr char kReasoningPart[] = R"({"type":"reasoning","content":!},)";
constexpr char kToolCallPart[] = R"({"type":"tool_call" ,"id":!,"name":!,"arguments":!},)";
constexpr char kToolResponsePart[] =
    R"({"type":"tool_call_response" ,"id":!,"name":!,"response":!},)";
constexpr char kUserMessage[] = R"({"role":"user","parts":[{"type":"text","content":!}]},)";
constexpr char kMessageStart[] = R"({"role":!,"parts":[)";
constexpr char kAssistantStart[] = R"({"role":"assistant","parts":[)";
constexpr char kToolStart[] = R"({"role":"tool","parts":[)";
constexpr char kFunction[] = R"({"type":"function","name":!},)";

[[gnu::noinline]] bool Is(Op op, const Node* node) { return node != nullptr && node->Kind() == op; }
bool IsList(const Node* node) { return Is(Op::kArray, node); }
bool IsText(const Node* node) { return Is(Op::kString, node); }

const SpanRecord* RecordOf(const RecordContext& context, const TreeNode& node) {
  return node.record != 0 ? context.arena->At<SpanRecord>(node.record) : nullptr;
}
[[gnu::noinline]] const Node* MemberOf(const SpanRecord& record, uint16_t key) {
  return FindMember(record.Begin(), record.End(), key);
}
const Node* FirstOf(const Node* object, uint16_t key, uint16_t other) {
  const Node* const member = FindMember(object, key);
  return member != nullptr ? member : FindMember(object, other);
}

// The types of kToolCalls, which stand in a row.
bool IsToolCall(uint16_t type) { return type >= kTypeToolCall && type <= kTypeMcpToolCall; }
static_assert(TypeBit(kTypeMcpToolCall) * 2 - TypeBit(kTypeToolCall) == kToolCalls);

// The generation that a model call belongs to: its parent, or its step's parent.
const TreeNode* GenerationOf(const RecordContext& context, const TreeNode& call) {
  const TreeNode* node = &call;
  for (int up = 0; up < 2 && node->parent != 0; ++up) {
    node = context.arena->At<TreeNode>(node->parent);
    if (node->type == kTypeModelGeneration) return node;
  }
  return nullptr;
}

}  // namespace

// A piece of text before a '!' is left out with its value where there is none.
[[gnu::noinline]] void MessageWriter::Emit(const char* format, const Node* a, const Node* b,
                                           const Node* c) {
  for (;;) {
    const char* end = format;
    while (*end > '!') ++end;
    const bool has_value = *end == '!';
    if (!has_value || a != nullptr) json_.Raw({format, static_cast<size_t>(end - format)});
    if (*end == '\0') return;
    if (has_value) {
      if (a != nullptr) json_.Value(a);
      a = b;
      b = c;
    }
    format = end + 1;
  }
}

// The end of a list.
[[gnu::noinline]] void MessageWriter::Close(const char* end) {
  const uint32_t size = out_->size();
  if (size != 0 && out_->data()[size - 1] == ',') out_->Truncate(size - 1);
  Emit(end);
}

void MessageWriter::Each(const Node* list, Element kind) {
  for (const Node* node = list->Begin(); node < list->End(); node = node->Skip()) {
    Write(node, kind);
  }
}

void MessageWriter::Write(const Node* node, Element kind) {
  const Node* content = nullptr;
  const char* format = kTextPart;
  switch (kind) {
    case Element::kMessage:
      return Message(node);
    case Element::kPart:
      return Part(node);
    case Element::kToolCall:
      return ToolCall(node);
    case Element::kReasoning:
      content = FindMember(node, kKeyText);
      format = kReasoningPart;
      break;
    case Element::kInstruction:
      content = IsText(node) ? node : FindMember(node, kKeyContent);
      if (!IsText(content)) content = nullptr;
      break;
    case Element::kToolName:
      if (IsText(node)) content = node;
      format = kFunction;
  }
  if (content == nullptr) {
    content = node;
    format = kAsItIs;
  }
  Emit(format, content);
}

void MessageWriter::ToolCall(const Node* call) {
  Emit(kToolCallPart, FindMember(call, kKeyToolCallId), FindMember(call, kKeyToolName),
       FirstOf(call, kKeyInput, kKeyArgs));
}

void MessageWriter::Part(const Node* part) {
  const std::string_view type = TextOf(*context_.arena, FindMember(part, kKeyType));
  const Node* const text = FindMember(part, kKeyText);
  const Node* const id = FindMember(part, kKeyToolCallId);
  if (text != nullptr && SameText(type, "text")) return Emit(kTextPart, text);
  if (text != nullptr && SameText(type, "reasoning")) return Emit(kReasoningPart, text);
  if (id != nullptr && SameText(type, "tool-call")) return ToolCall(part);
  const Node* output = FirstOf(part, kKeyOutput, kKeyResult);
  if (output == nullptr || !SameText(type, "tool-result")) return Emit(kAsItIs, part);
  // The AI SDK wraps results as {type: 'json' | 'text' | ..., value}.
  const Node* const value = FindMember(output, kKeyValue);
  if (value != nullptr && FindMember(output, kKeyType) != nullptr) output = value;
  Emit(kToolResponsePart, id, FindMember(part, kKeyToolName), output);
}

void MessageWriter::Message(const Node* message) {
  const Node* const role = FindMember(message, kKeyRole);
  const Node* const content = FindMember(message, kKeyContent);
  if (!IsText(role) || !(IsText(content) || IsList(content))) return Emit(kAsItIs, message);
  Emit(kMessageStart, role);
  if (IsText(content)) {
    Emit(kTextPart, content);
  } else {
    Each(content, Element::kPart);
  }
  Close("]},");
}

// What a run was given, as messages.
void MessageWriter::Given(const Node* input) {
  const Node* const messages = FindMember(input, kKeyMessages);
  if (IsList(messages)) input = messages;
  if (!IsList(input)) return Emit(kUserMessage, input);
  Each(input, Element::kMessage);
}

void MessageWriter::Input(const Node* input) {
  if (!IsText(input) && !IsList(input) && !IsList(FindMember(input, kKeyMessages))) {
    return json_.Value(input);
  }
  Emit("[");
  Given(input);
  Close("]");
}

// Reasoning, text and tool calls of a model's output: a message that is not closed yet.
void MessageWriter::Assistant(const Node* output) {
  Emit(kAssistantStart);
  const Node* const calls = FindMember(output, kKeyToolCalls);
  const Node* const reasoning = FindMember(output, kKeyReasoning);
  const Node* const text = IsText(output) ? output : FindMember(output, kKeyText);
  const bool has_calls = IsList(calls) && calls->a > 0;
  if (IsText(reasoning) && reasoning->b > 0) Emit(kReasoningPart, reasoning);
  if (IsList(reasoning)) Each(reasoning, Element::kReasoning);
  // A model that only calls tools says "": no text part then.
  const bool silent = has_calls && IsText(text) && text->b == 0;
  if (text != nullptr && !silent) Emit(kTextPart, text);
  if (has_calls) Each(calls, Element::kToolCall);
  Close("]");
}

void MessageWriter::Output(const Node* output, std::string_view finish_reason) {
  const bool known = IsText(output) || FirstOf(output, kKeyText, kKeyToolCalls) != nullptr;
  if (!known) return Input(output);
  Emit("[");
  Assistant(output);
  if (!finish_reason.empty()) {
    // The schema's words for the AI SDK's.
    if (SameText(finish_reason, "tool-calls")) {
      Emit(R"(,"finish_reason":"tool_call")");
    } else if (SameText(finish_reason, "content-filter")) {
      Emit(R"(,"finish_reason":"content_filter")");
    } else {
      Emit(R"(,"finish_reason":)");
      json_.String(finish_reason);
    }
  }
  Emit("}]");
}

bool MessageWriter::CanRebuild(const RecordContext& context, const TreeNode& call) {
  const TreeNode* const generation = GenerationOf(context, call);
  const SpanRecord* const record = generation != nullptr ? RecordOf(context, *generation) : nullptr;
  return record != nullptr && MemberOf(*record, kKeyInput) != nullptr;
}

void MessageWriter::Rebuild(const TreeNode& call) {
  const TreeNode* const generation = GenerationOf(context_, call);
  Emit("[");
  Given(MemberOf(*RecordOf(context_, *generation), kKeyInput));
  const uint32_t self = context_.arena->OffsetOf(&call);
  uint32_t after = 0;  // while among a step's children: what follows the step
  for (uint32_t at = generation->first_child;;) {
    if (at == 0) {
      at = after;
      after = 0;
    }
    if (at == 0 || at == self || at == call.parent) break;
    const TreeNode& node = *context_.arena->At<TreeNode>(at);
    at = node.next_sibling;
    if (after == 0 && node.type == kTypeModelStep) {
      after = at;
      at = node.first_child;
    } else {
      Turn(node);
    }
  }
  Close("]");
}

void MessageWriter::Turn(const TreeNode& node) {
  const SpanRecord* const record = RecordOf(context_, node);
  if (record == nullptr) return;
  const Node* output = MemberOf(*record, kKeyOutput);
  if (IsToolCall(node.type)) {
    if (output == nullptr) output = FindMember(MemberOf(*record, kKeyErrorInfo), kKeyMessage);
    if (output == nullptr) return;
    const Node* const name = MemberOf(*record, kKeyEntityName);
    Emit(kToolStart);
    Emit(kToolResponsePart, FindMember(MemberOf(*record, kKeyAttributes), kKeyToolCallId),
         name != nullptr ? name : MemberOf(*record, kKeyEntityId), output);
    Close("]},");
  } else if (output != nullptr && node.type == kTypeModelInference) {
    Assistant(output);
    Emit("},");
  }
}

void MessageWriter::Instructions(const Node* prompt) {
  Emit("[");
  if (IsList(prompt)) {
    Each(prompt, Element::kInstruction);
  } else {
    Write(prompt, Element::kInstruction);
  }
  Close("]");
}

void MessageWriter::ToolNames(const Node* names) {
  if (!IsList(names)) return json_.Value(names);
  Emit("[");
  Each(names, Element::kToolName);
  Close("]");
}

}  // namespace edgespan
