#include "edgespan/semconv/messages.h"

#include "edgespan/base/utf.h"
#include "edgespan/model/schema.h"
#include "edgespan/semconv/dialect.h"

namespace edgespan {
namespace {

using tape::Op;

// What Emit() writes, in pieces: JSON, and behind '|' the indexed form. In the text '!' stands for a
// value, a space ends what is written even if the value after it is missing. In `pieces` a byte stands
// in front of each piece instead: its length, and what comes after it.
//
// A piece of the indexed form is an attribute's name, with its value where that is constant. '^' begins
// a message, '#' and '%' are the numbers of the tool call and of the content, <...> is left out of brief
// names.
constexpr uint32_t kLength = 63;
constexpr uint32_t kValue = 64;
constexpr uint32_t kEnd = 128;
template <uint32_t kSize>
struct Format {
  char pieces[kSize + 1] = {};

  consteval explicit Format(const char (&text)[kSize]) {
    uint32_t start = 0;
    for (uint32_t i = 0; i < kSize; ++i) {
      if (text[i] > '!' && text[i] != '|') {
        pieces[i + 1] = text[i];
        continue;
      }
      const uint32_t after = text[i] == '!' ? kValue : text[i] == ' ' ? 0 : kEnd;
      if (i - start > kLength) __builtin_trap();  // does not compile
      pieces[start] = static_cast<char>((i - start) | after);
      start = i + 1;
    }
    pieces[kSize] = static_cast<char>(kEnd);  // no indexed form, unless there was a '|'
  }
  // NOLINTNEXTLINE(google-explicit-constructor): a format is meant to stand for its pieces.
  constexpr operator const char*() const { return pieces; }
};

// Every element of a list ends with a comma; Close() takes back the last one.
constexpr Format kAsItIs("!,");
constexpr Format kTextPart(R"({"type":"text","content":!},|<message.>content!)");
constexpr Format kReasoningPart(R"({"type":"reasoning","content":!},|)"
                                "<message.>contents.%.message_content.type=reasoning "
                                "<message.>contents.%.message_content.text!");
constexpr Format kToolCallPart(R"({"type":"tool_call" ,"id":!,"name":!,"arguments":!},|)"
                               "<message.>tool_calls.#.<tool_call.>id!"
                               "<message.>tool_calls.#.<tool_call.function.>name!"
                               "<message.>tool_calls.#.<tool_call.function.>arguments!");
constexpr Format kToolResponsePart(
    R"({"type":"tool_call_response" ,"id":!,"name":!,"response":!},|)"
    "<message.>tool_call_id!<message.>name!<message.>content!");
constexpr Format kUserMessage(R"({"role":"user","parts":[{"type":"text","content":!}]},|)"
                              "^<message.>role=user <message.>content!");
constexpr Format kMessageStart(R"({"role":!,"parts":[|^<message.>role!)");
constexpr Format kAssistantStart(R"({"role":"assistant","parts":[|^<message.>role=assistant)");
constexpr Format kToolStart(R"({"role":"tool","parts":[|^<message.>role=tool)");
// Of a message with several parts.
constexpr Format kContent(
    "|<message.>contents.%.message_content.type=text <message.>contents.%.message_content.text!");
constexpr Format kFinishReason(R"(,"finish_reason":!)");
constexpr Format kFinishedByTools(R"(,"finish_reason":"tool_call")");
constexpr Format kFinishedByFilter(R"(,"finish_reason":"content_filter")");
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

[[gnu::noinline]] void MessageWriter::EmitIndexed(const char* piece, const Node* a, const Node* b,
                                                  const Node* c) {
  for (bool json = true;;) {
    const uint32_t head = static_cast<uint8_t>(*piece++);
    const char* const end = piece + (head & kLength);
    if (json) {
      json = (head & kEnd) == 0;
      piece = end;
      continue;
    }
    char name[128];  // prefix, three numbers, a piece
    char* to = name;
    const auto number = [&to](uint32_t value) {
      uint32_t unit = 1;
      while (value / unit >= 10) unit *= 10;
      for (; unit != 0; unit /= 10) *to++ = static_cast<char>('0' + value / unit % 10);
    };
    if (piece != end && *piece == '^') {
      ++piece;
      ++messages_;
      calls_ = contents_ = responses_ = 0;
    }
    for (char letter : prefix_) *to++ = letter;
    number(messages_ - 1);
    *to++ = '.';
    std::string_view text;
    bool left_out = false;
    for (; piece != end; ++piece) {
      if (*piece == '<' || *piece == '>') {
        left_out = brief_ && *piece == '<';
      } else if (*piece == '=') {
        text = {piece + 1, static_cast<size_t>(end - piece - 1)};
        break;
      } else if (*piece == '#' || *piece == '%') {
        number(*piece == '#' ? calls_ : contents_);
      } else if (!left_out) {
        *to++ = *piece;
      }
    }
    piece = end;
    const bool has_value = (head & kValue) != 0;
    if (has_value ? a != nullptr : !text.empty()) {
      put_(to_, {name, static_cast<size_t>(to - name)}, has_value ? a : nullptr, text);
    }
    if (has_value) {
      a = b;
      b = c;
    }
    if ((head & kEnd) != 0) return;
  }
}

// A piece in front of a value is left out with it where there is none.
[[gnu::noinline]] void MessageWriter::Emit(const char* piece, const Node* a, const Node* b,
                                           const Node* c) {
  if (put_ != nullptr) return EmitIndexed(piece, a, b, c);
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
  if (put_ != nullptr) return;
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
  Text(format, content);
}

void MessageWriter::ToolCall(const Node* call) {
  Emit(kToolCallPart, FindMember(call, kKeyToolCallId), FindMember(call, kKeyToolName),
       FirstOf(call, kKeyInput, kKeyArgs));
  ++calls_;
}

void MessageWriter::Text(const char* format, const Node* text) {
  if (put_ != nullptr && many_ && format == kTextPart) format = kContent;
  Emit(format, text);
  ++contents_;
}

void MessageWriter::Part(const Node* part) {
  const std::string_view type = TextOf(*context_.arena, FindMember(part, kKeyType));
  const Node* const text = FindMember(part, kKeyText);
  const Node* const id = FindMember(part, kKeyToolCallId);
  if (text != nullptr && SameText(type, "text")) return Text(kTextPart, text);
  if (text != nullptr && SameText(type, "reasoning")) return Text(kReasoningPart, text);
  if (id != nullptr && SameText(type, "tool-call")) return ToolCall(part);
  const Node* output = FirstOf(part, kKeyOutput, kKeyResult);
  if (output == nullptr || !SameText(type, "tool-result")) return Emit(kAsItIs, part);
  // The AI SDK wraps results as {type: 'json' | 'text' | ..., value}.
  const Node* const value = FindMember(output, kKeyValue);
  if (value != nullptr && FindMember(output, kKeyType) != nullptr) output = value;
  // An indexed message has room for one.
  if (responses_++ != 0 && put_ != nullptr) Emit(kToolStart);
  Emit(kToolResponsePart, id, FindMember(part, kKeyToolName), output);
}

void MessageWriter::Message(const Node* message) {
  const Node* const role = FindMember(message, kKeyRole);
  const Node* const content = FindMember(message, kKeyContent);
  if (!IsText(role) || !(IsText(content) || IsList(content))) return Emit(kAsItIs, message);
  Emit(kMessageStart, role);
  if (IsText(content)) {
    many_ = false;
    Text(kTextPart, content);
  } else {
    uint32_t texts = 0;
    for (const Node* part = content->Begin(); part < content->End(); part = part->Skip()) {
      texts += FindMember(part, kKeyText) != nullptr;
    }
    many_ = texts > 1;
    Each(content, Element::kPart);
  }
  Close(kMessageEnd);
}

// What a run was given, as messages.
void MessageWriter::Given(const Node* input) {
  const Node* const messages = FindMember(input, kKeyMessages);
  if (IsList(messages)) input = messages;
  if (!IsList(input)) return Emit(kUserMessage, input);
  Each(input, Element::kMessage);
}

void MessageWriter::Input(const Node* input) {
  const bool said = IsText(input) || IsList(input) || IsList(FindMember(input, kKeyMessages));
  if (!said && put_ == nullptr) return json_.Value(input);
  Emit(kListStart);
  Given(input);
  Close(kListEnd);
}

// Reasoning, text and tool calls of a model's output: a message that is not closed yet.
void MessageWriter::Assistant(const Node* output) {
  Emit(kAssistantStart);
  const Node* const calls = FindMember(output, kKeyToolCalls);
  const Node* const reasoning = FindMember(output, kKeyReasoning);
  const Node* const text = IsText(output) ? output : FindMember(output, kKeyText);
  const bool has_calls = IsList(calls) && calls->a > 0;
  const bool thought = IsText(reasoning) && reasoning->b > 0;
  many_ = thought || (IsList(reasoning) && reasoning->a > 0);
  if (thought) Text(kReasoningPart, reasoning);
  if (IsList(reasoning)) Each(reasoning, Element::kReasoning);
  // A model that only calls tools says "": no text part then.
  const bool silent = has_calls && IsText(text) && text->b == 0;
  if (text != nullptr && !silent) Text(kTextPart, text);
  if (has_calls) Each(calls, Element::kToolCall);
  Close(kListEnd);
}

void MessageWriter::Output(const Node* output, const Node* finish_reason) {
  const bool known = IsText(output) || FirstOf(output, kKeyText, kKeyToolCalls) != nullptr;
  if (!known) return Input(output);
  Emit(kListStart);
  Assistant(output);
  const std::string_view reason = TextOf(*context_.arena, finish_reason);
  if (!reason.empty()) {
    // The schema's words for the AI SDK's.
    if (SameText(reason, "tool-calls")) {
      Emit(kFinishedByTools);
    } else if (SameText(reason, "content-filter")) {
      Emit(kFinishedByFilter);
    } else {
      Emit(kFinishReason, finish_reason);
    }
  }
  Emit(kOutputEnd);
}

const Node* MessageWriter::Question(const RecordContext& context, const Node* input) {
  const Node* const messages = FindMember(input, kKeyMessages);
  const Node* const list = IsList(messages) ? messages : input;
  if (!IsList(list)) return input;
  const Node* said = nullptr;
  for (const Node* node = list->Begin(); node < list->End(); node = node->Skip()) {
    if (!SameText(TextOf(*context.arena, FindMember(node, kKeyRole)), "user")) continue;
    const Node* const content = FindMember(node, kKeyContent);
    if (IsText(content)) said = content;
    if (!IsList(content)) continue;
    for (const Node* part = content->Begin(); part < content->End(); part = part->Skip()) {
      const Node* const text = FindMember(part, kKeyText);
      if (IsText(text)) said = text;
    }
  }
  return said != nullptr ? said : input;
}

const Node* MessageWriter::Answer(const Node* output) {
  const Node* const text = FindMember(output, kKeyText);
  return IsText(text) && text->b != 0 ? text : output;
}

bool MessageWriter::CanRebuild(const RecordContext& context, const TreeNode& call) {
  const TreeNode* const generation = GenerationOf(context, call);
  const SpanRecord* const record = generation != nullptr ? RecordOf(context, *generation) : nullptr;
  return record != nullptr && MemberOf(*record, kKeyInput) != nullptr;
}

void MessageWriter::Rebuild(const TreeNode& call) {
  const TreeNode* const generation = GenerationOf(context_, call);
  Emit(kListStart);
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
  Close(kListEnd);
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

void MessageWriter::Instructions(const Node* prompt) {
  Emit(kListStart);
  if (IsList(prompt)) {
    Each(prompt, Element::kInstruction);
  } else {
    Write(prompt, Element::kInstruction);
  }
  Close(kListEnd);
}

void MessageWriter::ToolNames(const Node* names) {
  if (!IsList(names)) return json_.Value(names);
  Emit(kListStart);
  Each(names, Element::kToolName);
  Close(kListEnd);
}

}  // namespace edgespan
