#include "edgespan/semconv/messages.h"

#include "edgespan/base/utf.h"
#include "edgespan/model/schema.h"
#include "edgespan/semconv/dialect.h"

namespace edgespan {
namespace {

using tape::Op;

// What Emit() writes, in pieces. In the text '!' stands for a value, a space ends what is written even
// if the value after it is missing. In `pieces` a byte stands in front of each piece instead: its
// length, and what comes after it.
constexpr uint32_t kLength = 63;
constexpr uint32_t kValue = 64;
constexpr uint32_t kEnd = 128;
template <uint32_t kSize>
struct Format {
  char pieces[kSize] = {};

  consteval explicit Format(const char (&text)[kSize]) {
    uint32_t start = 0;
    for (uint32_t i = 0; i < kSize; ++i) {
      if (text[i] > '!') {
        pieces[i + 1] = text[i];
        continue;
      }
      const uint32_t after = text[i] == '!' ? kValue : text[i] == '\0' ? kEnd : 0;
      if (i - start > kLength) __builtin_trap();  // does not compile
      pieces[start] = static_cast<char>((i - start) | after);
      start = i + 1;
    }
  }
  // NOLINTNEXTLINE(google-explicit-constructor): a format is meant to stand for its pieces.
  constexpr operator const char*() const { return pieces; }
};

// Every element of a list ends with a comma; Close() takes back the last one.
constexpr Format kAsItIs("!,");
constexpr Format kTextPart(R"({"type":"text","content":!},)");
constexpr Format kReasoningPart(R"({"type":"reasoning","content":!},)");
constexpr Format kToolCallPart(R"({"type":"tool_call" ,"id":!,"name":!,"arguments":!},)");
constexpr Format kToolResponsePart(
    R"({"type":"tool_call_response" ,"id":!,"name":!,"response":!},)");
// A medium's type is optional; the convention's word for it goes in between.
constexpr Format kUriPart(R"({"type":"uri","modality":!,"mime_type":!,"uri":!},)");
constexpr Format kBlobPart(R"({"type":"blob","modality":!,"mime_type":!,"content":!},)");
// A part that has no type of its own.
constexpr Format kJsonPart(R"({"type":"json","content":!},)");
constexpr Format kMessageStart(R"({"role":!,"parts":[)");
constexpr Format kUserStart(R"({"role":"user","parts":[)");
constexpr Format kAssistantStart(R"({"role":"assistant","parts":[)");
constexpr Format kToolStart(R"({"role":"tool","parts":[)");
constexpr Format kFinishReason(R"(,"finish_reason":!)");
constexpr Format kFinishedByTools(R"(,"finish_reason":"tool_call")");
constexpr Format kFinishedByFilter(R"(,"finish_reason":"content_filter")");
constexpr Format kFinishedSomehow(R"(,"finish_reason":"unknown")");
constexpr Format kFunction(R"({"type":"function","name":!},)");
constexpr Format kListStart("[");
constexpr Format kListEnd("]");
constexpr Format kMessageEnd("]},");
constexpr Format kObjectEnd("},");
constexpr Format kOutputEnd("}]");

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

// What a run was given: messages, or one.
const Node* Given(const Node* input) {
  const Node* const messages = FindMember(input, kKeyMessages);
  return IsList(messages) ? messages : input;
}

// The types of kToolCalls, which stand in a row.
bool IsToolCall(uint16_t type) { return type >= kTypeToolCall && type <= kTypeMcpToolCall; }
static_assert(TypeBit(kTypeMcpToolCall) * 2 - TypeBit(kTypeToolCall) == kToolCalls);

// What came before a model call in its generation, in order: children of the generation, those of a
// step in its place.
class Earlier {
 public:
  Earlier(const RecordContext& context, const TreeNode& generation, const TreeNode& call)
      : arena_(*context.arena),
        at_(generation.first_child),
        self_(arena_.OffsetOf(&call)),
        step_(call.parent) {}

  const TreeNode* Next() {
    for (;;) {
      if (at_ == 0) {
        at_ = after_;
        after_ = 0;
      }
      if (at_ == 0 || at_ == self_ || at_ == step_) return nullptr;
      const TreeNode& node = *arena_.At<TreeNode>(at_);
      at_ = node.next_sibling;
      if (after_ != 0 || node.type != kTypeModelStep) return &node;
      after_ = at_;
      at_ = node.first_child;
    }
  }

 private:
  const PageArena& arena_;
  uint32_t at_;
  uint32_t after_ = 0;  // while among a step's children: what follows the step
  uint32_t self_;
  uint32_t step_;
};

}  // namespace

// A piece in front of a value is left out with it where there is none.
[[gnu::noinline]] void MessageWriter::Emit(const char* piece, const Node* a, const Node* b,
                                           const Node* c) {
  for (;;) {
    const uint32_t head = static_cast<uint8_t>(*piece++);
    const uint32_t length = head & kLength;
    if ((head & kValue) == 0) {
      json_.Raw({piece, length});
    } else {
      if (a != nullptr) {
        json_.Raw({piece, length});
        json_.Value(a);
      }
      a = b;
      b = c;
    }
    if ((head & kEnd) != 0) return;
    piece += length;
  }
}

// The end of a list.
[[gnu::noinline]] void MessageWriter::Close(const char* end) {
  const uint32_t size = out_->size();
  if (size != 0 && out_->data()[size - 1] == ',') out_->Truncate(size - 1);
  Emit(end);
}

// Every element of a list; what is none is an element itself.
void MessageWriter::Each(const Node* list, Element kind) {
  if (!IsList(list)) return Write(list, kind);
  for (const Node* node = list->Begin(); node < list->End(); node = node->Skip()) {
    Write(node, kind);
  }
}

void MessageWriter::List(const Node* list, Element kind) {
  Emit(kListStart);
  Each(list, kind);
  Close(kListEnd);
}

void MessageWriter::Write(const Node* node, Element kind) {
  if (kind == Element::kMessage) return Message(node);
  if (kind == Element::kPart) return Part(node);
  if (kind == Element::kToolCall) return ToolCall(node);
  if (kind == Element::kToolName) return Emit(IsText(node) ? kFunction : kAsItIs, node);
  const Node* const content = FindMember(node, kKeyContent);
  if (!IsText(content)) return Other(node);
  Emit(kTextPart, content);
}

// What is no part that we know: as it is if it could be one, wrapped in one otherwise.
void MessageWriter::Other(const Node* node) {
  const bool typed = IsText(FindMember(node, kKeyType));
  Emit(IsText(node) ? kTextPart : typed ? kAsItIs : kJsonPart, node);
}

void MessageWriter::ToolCall(const Node* call) {
  Emit(kToolCallPart, FindMember(call, kKeyToolCallId), FindMember(call, kKeyToolName),
       FirstOf(call, kKeyInput, kKeyArgs));
}

void MessageWriter::Part(const Node* part) {
  const std::string_view type = TextOf(*context_.arena, FindMember(part, kKeyType));
  const Node* const text = FirstOf(part, kKeyText, kKeyReasoning);
  if (text != nullptr) {
    if (SameText(type, "text")) return Emit(kTextPart, text);
    if (SameText(type, "reasoning")) return Emit(kReasoningPart, text);
  }
  if (Medium(part)) return;
  // Mastra 2 and the AI SDK's UI messages have the call and its result in one.
  const Node* const invocation = FindMember(part, kKeyToolInvocation);
  const Node* const tool = invocation != nullptr ? invocation : part;
  const Node* const id = FindMember(tool, kKeyToolCallId);
  const bool both = invocation != nullptr;
  const bool called = id != nullptr && (both || SameText(type, "tool-call"));
  const Node* output = FirstOf(tool, kKeyOutput, kKeyResult);
  if (!both && !SameText(type, "tool-result")) output = nullptr;
  if (called) ToolCall(tool);
  if (output == nullptr) return called ? void() : Other(part);
  // The AI SDK wraps results as {type: 'json' | 'text' | ..., value}.
  const Node* const value = FindMember(output, kKeyValue);
  if (value != nullptr && FindMember(output, kKeyType) != nullptr) output = value;
  Emit(kToolResponsePart, id, FindMember(tool, kKeyToolName), output);
}

// A file or an image: where it is, or its bytes in base64. False: it is neither, or has none.
bool MessageWriter::Medium(const Node* part) {
  const Node* const image = FindMember(part, kKeyImage);
  const Node* const type = FirstOf(part, kKeyMediaType, kKeyMimeType);
  if (image == nullptr && type == nullptr) return false;
  const Node* const data = image != nullptr ? image : FirstOf(part, kKeyData, kKeyUrl);
  const std::string_view text = TextOf(*context_.arena, data);
  // Bytes that Mastra left out: "[Uint8Array byteLength=8]".
  if (text.empty() || text[0] == '[') return false;
  bool is_uri = false;  // base64 has no colon
  for (const char c : text.substr(0, 16)) is_uri |= c == ':';
  Emit(is_uri ? kUriPart : kBlobPart, FindMember(part, kKeyType), type, data);
  return true;
}

void MessageWriter::Message(const Node* message) {
  const Node* const role = FindMember(message, kKeyRole);
  const Node* content = FindMember(message, kKeyContent);
  // Of UI messages; of messages of Mastra 2.
  const Node* parts = FindMember(message, kKeyParts);
  if (parts == nullptr) parts = FindMember(content, kKeyParts);
  if (IsList(parts)) content = parts;
  const bool known = IsText(role);
  Emit(known ? kMessageStart : kUserStart, role);
  if (known && IsList(content)) {
    Each(content, Element::kPart);
  } else {
    Other(known && IsText(content) ? content : message);
  }
  Close(kMessageEnd);
}

void MessageWriter::Input(const Node* input) { List(Given(input), Element::kMessage); }

// Reasoning, text and tool calls of a model's output: a message that is not closed yet.
void MessageWriter::Assistant(const Node* output) {
  Emit(kAssistantStart);
  const Node* const calls = FindMember(output, kKeyToolCalls);
  const Node* const reasoning = FindMember(output, kKeyReasoning);
  const Node* const text = IsText(output) ? output : FindMember(output, kKeyText);
  const bool has_calls = IsList(calls) && calls->a > 0;
  if (IsText(reasoning) && reasoning->b > 0) Emit(kReasoningPart, reasoning);
  if (IsList(reasoning)) Each(reasoning, Element::kPart);
  // A model that only calls tools says "": no text part then.
  const bool silent = has_calls && IsText(text) && text->b == 0;
  if (text != nullptr && !silent) Emit(kTextPart, text);
  if (has_calls) Each(calls, Element::kToolCall);
  if (text == nullptr && calls == nullptr) Other(output);
  Close(kListEnd);
}

void MessageWriter::Output(const Node* output, const Node* finish_reason) {
  Emit(kListStart);
  Assistant(output);
  const std::string_view reason = TextOf(*context_.arena, finish_reason);
  // The schema's words for the AI SDK's; it asks for one.
  const char* format = kFinishReason;
  if (reason.empty()) format = kFinishedSomehow;
  if (SameText(reason, "tool-calls")) format = kFinishedByTools;
  if (SameText(reason, "content-filter")) format = kFinishedByFilter;
  Emit(format, finish_reason);
  Emit(kOutputEnd);
}

const TreeNode* MessageWriter::GenerationOf(const RecordContext& context, const TreeNode& call) {
  const TreeNode* node = &call;
  for (int up = 0; up < 2 && node->parent != 0; ++up) {
    node = context.arena->At<TreeNode>(node->parent);
    if (node->type == kTypeModelGeneration) return node;
  }
  return nullptr;
}

bool MessageWriter::CanRebuild(const RecordContext& context, const TreeNode& call) {
  const TreeNode* const generation = GenerationOf(context, call);
  const SpanRecord* const record = generation != nullptr ? RecordOf(context, *generation) : nullptr;
  return record != nullptr && MemberOf(*record, kKeyInput) != nullptr;
}

void MessageWriter::Rebuild(const TreeNode& call) {
  const TreeNode* const generation = GenerationOf(context_, call);
  Emit(kListStart);
  Each(Given(MemberOf(*RecordOf(context_, *generation), kKeyInput)), Element::kMessage);
  Earlier earlier(context_, *generation, call);
  while (const TreeNode* const node = earlier.Next()) Turn(*node);
  Close(kListEnd);
}

bool MessageWriter::IsComplete(const RecordContext& context, const TreeNode& call) {
  const TreeNode* const generation = GenerationOf(context, call);
  if (generation == nullptr) return true;
  Earlier earlier(context, *generation, call);
  while (const TreeNode* const node = earlier.Next()) {
    if (!node->ended) return false;
  }
  return true;
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
    Close(kMessageEnd);
  } else if (output != nullptr && node.type == kTypeModelInference) {
    Assistant(output);
    Emit(kObjectEnd);
  }
}

void MessageWriter::Instructions(const Node* prompt) { List(prompt, Element::kInstruction); }

void MessageWriter::ToolNames(const Node* names) { List(names, Element::kToolName); }

}  // namespace edgespan
