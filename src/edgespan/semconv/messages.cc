#include "edgespan/semconv/messages.h"

#include "edgespan/base/utf.h"
#include "edgespan/model/schema.h"
#include "edgespan/semconv/dialect.h"

namespace edgespan {
namespace {

using tape::Op;

bool IsList(const Node* node) { return node != nullptr && node->Kind() == Op::kArray; }
bool IsText(const Node* node) { return node != nullptr && node->Kind() == Op::kString; }

const SpanRecord* RecordOf(const RecordContext& context, const TreeNode& node) {
  return node.record != 0 ? context.arena->At<SpanRecord>(node.record) : nullptr;
}
const Node* MemberOf(const SpanRecord& record, uint16_t key) {
  return FindMember(record.Begin(), record.End(), key);
}
bool IsToolCall(uint16_t type) {
  return type >= kFirstSpanType && type <= kLastSpanType &&
         (TypeBit(static_cast<Key>(type)) & kToolCalls) != 0;
}

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

void MessageWriter::Separate() {
  if (!first_) json_.Raw(",");
  first_ = false;
}

void MessageWriter::Field(std::string_view comma_and_name, const Node* value) {
  if (value == nullptr) return;
  json_.Raw(comma_and_name);
  json_.Value(value);
}

void MessageWriter::TextPart(std::string_view type, const Node* content) {
  json_.Raw("{\"type\":\"");
  json_.Raw(type);
  Field("\",\"content\":", content);
  json_.Raw("}");
}

void MessageWriter::ToolCall(const Node* call) {
  json_.Raw("{\"type\":\"tool_call\"");
  Field(",\"id\":", FindMember(call, kKeyToolCallId));
  Field(",\"name\":", FindMember(call, kKeyToolName));
  const Node* input = FindMember(call, kKeyInput);
  Field(",\"arguments\":", input != nullptr ? input : FindMember(call, kKeyArgs));
  json_.Raw("}");
}

void MessageWriter::Part(const Node* part) {
  const std::string_view type = TextOf(*context_.arena, FindMember(part, kKeyType));
  const Node* const text = FindMember(part, kKeyText);
  if (SameText(type, "text") && text != nullptr) return TextPart("text", text);
  if (SameText(type, "reasoning") && text != nullptr) return TextPart("reasoning", text);
  if (SameText(type, "tool-call") && FindMember(part, kKeyToolCallId) != nullptr)
    return ToolCall(part);
  const Node* output = FindMember(part, kKeyOutput);
  if (output == nullptr) output = FindMember(part, kKeyResult);
  if (SameText(type, "tool-result") && output != nullptr) {
    json_.Raw("{\"type\":\"tool_call_response\"");
    Field(",\"id\":", FindMember(part, kKeyToolCallId));
    Field(",\"name\":", FindMember(part, kKeyToolName));
    // The AI SDK wraps results as {type: 'json' | 'text' | ..., value}.
    const Node* const value = FindMember(output, kKeyValue);
    const bool wrapped = value != nullptr && FindMember(output, kKeyType) != nullptr;
    Field(",\"response\":", wrapped ? value : output);
    return json_.Raw("}");
  }
  json_.Value(part);
}

void MessageWriter::Parts(const Node* content) {
  if (!IsList(content)) return TextPart("text", content);
  for (const Node* part = content->Begin(); part < content->End(); part = part->Skip()) {
    if (part != content->Begin()) json_.Raw(",");
    Part(part);
  }
}

void MessageWriter::Message(const Node* message) {
  Separate();
  const Node* const role = FindMember(message, kKeyRole);
  const Node* const content = FindMember(message, kKeyContent);
  if (!IsText(role) || !(IsText(content) || IsList(content))) return json_.Value(message);
  Field("{\"role\":", role);
  json_.Raw(",\"parts\":[");
  Parts(content);
  json_.Raw("]}");
}

void MessageWriter::List(const Node* messages) {
  for (const Node* m = messages->Begin(); m < messages->End(); m = m->Skip()) Message(m);
}

void MessageWriter::Input(const Node* input) {
  const Node* const messages = FindMember(input, kKeyMessages);
  if (!IsText(input) && !IsList(input) && !IsList(messages)) return json_.Value(input);
  json_.Raw("[");
  if (IsText(input)) {
    json_.Raw("{\"role\":\"user\",\"parts\":[");
    TextPart("text", input);
    json_.Raw("]}");
  } else {
    List(IsList(messages) ? messages : input);
  }
  json_.Raw("]");
}

// Reasoning, text and tool calls of a model's output, as parts.
void MessageWriter::AssistantParts(const Node* output) {
  if (IsText(output)) return TextPart("text", output);
  const Node* const calls = FindMember(output, kKeyToolCalls);
  const bool has_calls = IsList(calls) && calls->a > 0;
  const Node* const text = FindMember(output, kKeyText);
  const Node* const reasoning = FindMember(output, kKeyReasoning);
  bool comma = false;
  const auto separate = [&] {
    if (comma) json_.Raw(",");
    comma = true;
  };
  if (IsText(reasoning) && reasoning->b > 0) {
    separate();
    TextPart("reasoning", reasoning);
  } else if (IsList(reasoning)) {
    for (const Node* r = reasoning->Begin(); r < reasoning->End(); r = r->Skip()) {
      separate();
      const Node* const words = FindMember(r, kKeyText);
      if (words != nullptr) {
        TextPart("reasoning", words);
      } else {
        json_.Value(r);
      }
    }
  }
  // A model that only calls tools says "": no text part then.
  if (text != nullptr && !(has_calls && IsText(text) && text->b == 0)) {
    separate();
    TextPart("text", text);
  }
  if (!has_calls) return;
  for (const Node* call = calls->Begin(); call < calls->End(); call = call->Skip()) {
    separate();
    ToolCall(call);
  }
}

void MessageWriter::Output(const Node* output, std::string_view finish_reason) {
  const bool known = IsText(output) || FindMember(output, kKeyText) != nullptr ||
                     FindMember(output, kKeyToolCalls) != nullptr;
  if (!known) return Input(output);
  json_.Raw("[{\"role\":\"assistant\",\"parts\":[");
  AssistantParts(output);
  json_.Raw("]");
  if (!finish_reason.empty()) {
    // The schema's words for the AI SDK's.
    if (SameText(finish_reason, "tool-calls")) finish_reason = "tool_call";
    if (SameText(finish_reason, "content-filter")) finish_reason = "content_filter";
    json_.Raw(",\"finish_reason\":");
    json_.String(finish_reason);
  }
  json_.Raw("}]");
}

bool MessageWriter::CanRebuild(const RecordContext& context, const TreeNode& call) {
  const TreeNode* const generation = GenerationOf(context, call);
  const SpanRecord* const record = generation != nullptr ? RecordOf(context, *generation) : nullptr;
  return record != nullptr && MemberOf(*record, kKeyInput) != nullptr;
}

void MessageWriter::Rebuild(const TreeNode& call) {
  const TreeNode* const generation = GenerationOf(context_, call);
  const Node* const input = MemberOf(*RecordOf(context_, *generation), kKeyInput);
  const Node* const messages = FindMember(input, kKeyMessages);
  json_.Raw("[");
  if (IsList(messages) || IsList(input)) {
    List(IsList(messages) ? messages : input);
  } else {
    Separate();
    json_.Raw("{\"role\":\"user\",\"parts\":[");
    TextPart("text", input);
    json_.Raw("]}");
  }
  const uint32_t self = context_.arena->OffsetOf(&call);
  const uint32_t step = call.parent;
  for (uint32_t at = generation->first_child; at != 0 && at != self && at != step;) {
    const TreeNode& node = *context_.arena->At<TreeNode>(at);
    if (node.type == kTypeModelStep) {
      for (uint32_t child = node.first_child; child != 0;) {
        const TreeNode& inner = *context_.arena->At<TreeNode>(child);
        Turn(inner);
        child = inner.next_sibling;
      }
    } else {
      Turn(node);
    }
    at = node.next_sibling;
  }
  json_.Raw("]");
}

void MessageWriter::Turn(const TreeNode& node) {
  const SpanRecord* const record = RecordOf(context_, node);
  if (record == nullptr) return;
  if (node.type == kTypeModelInference) AssistantTurn(*record);
  if (IsToolCall(node.type)) ToolTurn(*record);
}

void MessageWriter::AssistantTurn(const SpanRecord& call) {
  const Node* const output = MemberOf(call, kKeyOutput);
  if (output == nullptr) return;
  Separate();
  json_.Raw("{\"role\":\"assistant\",\"parts\":[");
  AssistantParts(output);
  json_.Raw("]}");
}

void MessageWriter::ToolTurn(const SpanRecord& tool) {
  const Node* const output = MemberOf(tool, kKeyOutput);
  const Node* const error = FindMember(MemberOf(tool, kKeyErrorInfo), kKeyMessage);
  if (output == nullptr && error == nullptr) return;
  Separate();
  json_.Raw("{\"role\":\"tool\",\"parts\":[{\"type\":\"tool_call_response\"");
  Field(",\"id\":", FindMember(MemberOf(tool, kKeyAttributes), kKeyToolCallId));
  const Node* const name = MemberOf(tool, kKeyEntityName);
  Field(",\"name\":", name != nullptr ? name : MemberOf(tool, kKeyEntityId));
  Field(",\"response\":", output != nullptr ? output : error);
  json_.Raw("}]}");
}

void MessageWriter::Instructions(const Node* prompt) {
  json_.Raw("[");
  const bool list = IsList(prompt);
  const Node* const begin = list ? prompt->Begin() : prompt;
  const Node* const end = list ? prompt->End() : prompt->Skip();
  for (const Node* one = begin; one < end; one = one->Skip()) {
    Separate();
    const Node* const content = FindMember(one, kKeyContent);
    if (IsText(one) || IsText(content)) {
      TextPart("text", IsText(one) ? one : content);
    } else {
      json_.Value(one);
    }
  }
  json_.Raw("]");
}

void MessageWriter::ToolNames(const Node* names) {
  if (!IsList(names)) return json_.Value(names);
  json_.Raw("[");
  for (const Node* name = names->Begin(); name < names->End(); name = name->Skip()) {
    if (name != names->Begin()) json_.Raw(",");
    if (IsText(name)) {
      Field("{\"type\":\"function\",\"name\":", name);
      json_.Raw("}");
    } else {
      json_.Value(name);
    }
  }
  json_.Raw("]");
}

}  // namespace edgespan
