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
// What the medium is goes behind the first, what it holds behind the others.
constexpr Format kMedium(R"({"modality":")");
constexpr Format kUriPart(R"(" ,"mime_type":! ,"type":"uri","uri":)");
constexpr Format kBlobPart(R"(" ,"mime_type":! ,"type":"blob","content":)");
// A part that has no type of its own.
constexpr Format kJsonPart(R"({"type":"json","content":!},|<message.>content!)");
constexpr Format kMessageStart(R"({"role":!,"parts":[|^<message.>role!)");
constexpr Format kUserStart(R"({"role":"user","parts":[|^<message.>role=user)");
constexpr Format kAssistantStart(R"({"role":"assistant","parts":[|^<message.>role=assistant)");
constexpr Format kToolStart(R"({"role":"tool","parts":[|^<message.>role=tool)");
// Of the indexed form alone: a part of a message with several, and an image, by address or in base64.
constexpr Format kContent(
    "|<message.>contents.%.message_content.type=text <message.>contents.%.message_content.text!");
constexpr Format kImage(
    "|<message.>contents.%.message_content.type=image "
    "<message.>contents.%.message_content.image.image.url!");
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

// What a message says: a text, a list of parts or anything.
const Node* ContentOf(const Node* message) {
  const Node* const content = FindMember(message, kKeyContent);
  // Of UI messages; of messages of Mastra 2.
  const Node* parts = FindMember(message, kKeyParts);
  if (parts == nullptr) parts = FindMember(content, kKeyParts);
  return IsList(parts) ? parts : content;
}

// Whether more than one of them is content, rather than a call or a result.
bool HasMany(const Node* parts) {
  uint32_t count = 0;
  for (const Node* part = parts->Begin(); part < parts->End(); part = part->Skip()) {
    count += FirstOf(part, kKeyText, kKeyReasoning) != nullptr ||
             FirstOf(part, kKeyMediaType, kKeyMimeType) != nullptr ||
             FindMember(part, kKeyImage) != nullptr;
  }
  return count > 1;
}

[[gnu::noinline]] char* PutNumber(uint32_t value, char* to) {
  uint32_t unit = 1;
  while (value / unit >= 10) unit *= 10;
  for (; unit != 0; unit /= 10) *to++ = static_cast<char>('0' + value / unit % 10);
  return to;
}

// The types of kToolCalls, which stand in a row.
bool IsToolCall(uint16_t type) { return type >= kTypeToolCall && type <= kTypeMcpToolCall; }
static_assert(TypeBit(kTypeMcpToolCall) * 2 - TypeBit(kTypeToolCall) == kToolCalls);

// The AI SDK wraps what a model is told of a result: {type: 'json' | 'text' | ..., value}.
const Node* Unwrapped(const Node* output) {
  const Node* const value = FindMember(output, kKeyValue);
  return value != nullptr && FindMember(output, kKeyType) != nullptr ? value : output;
}

// Which call of the model's a tool's span answers.
const Node* CallIdOf(const SpanRecord& tool) {
  const Node* const id = FindMember(MemberOf(tool, kKeyAttributes), kKeyToolCallId);
  return id != nullptr ? id : FindMember(MemberOf(tool, kKeyMetadata), kKeyToolCallId);
}

// What a model is told of it.
const Node* AnswerOf(const SpanRecord& tool) {
  const Node* const output = MemberOf(tool, kKeyOutput);
  if (tool.type == kTypeMapping) return Unwrapped(output);
  return output != nullptr ? output : FindMember(MemberOf(tool, kKeyErrorInfo), kKeyMessage);
}

bool IsStepOrGeneration(const TreeNode& node) {
  return node.type == kTypeModelGeneration || node.type == kTypeModelStep;
}
bool IsNear(const PageArena& arena, const TreeNode& node) {
  return IsStepOrGeneration(*arena.At<TreeNode>(node.parent));
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
  source.generation = GenerationOf(context, call);
  const auto input_of = [&](const TreeNode* node) {
    const SpanRecord* const record = node != nullptr ? RecordOf(context, *node) : nullptr;
    return record != nullptr ? MemberOf(*record, kKeyInput) : nullptr;
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

const TreeNode* GenerationOf(const RecordContext& context, const TreeNode& call) {
  const TreeNode* node = &call;
  for (int up = 0; up < 2 && node->parent != 0; ++up) {
    node = context.arena->At<TreeNode>(node->parent);
    if (node->type == kTypeModelGeneration) return node;
  }
  return nullptr;
}

const TreeNode* NextBelow(const PageArena& arena, const TreeNode& generation,
                          const TreeNode* node) {
  const bool enter = node == &generation || node->type != kTypeModelGeneration;
  uint32_t at = enter ? node->first_child : 0;
  while (at == 0 && node != &generation) {
    at = node->next_sibling;
    node = arena.At<TreeNode>(node->parent);
  }
  return at != 0 ? arena.At<TreeNode>(at) : nullptr;
}

const SpanRecord* GenerationEndedBy(const RecordContext& context, const TreeNode& call) {
  const TreeNode* const generation = GenerationOf(context, call);
  if (generation == nullptr) return nullptr;
  const TreeNode* at = &call;
  while ((at = NextBelow(*context.arena, *generation, at)) != nullptr) {
    if (at->type == kTypeModelInference && IsNear(*context.arena, *at)) return nullptr;
  }
  return RecordOf(context, *generation);
}

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
    if (piece != end && *piece == '^') {
      ++piece;
      ++messages_;
      calls_ = contents_ = responses_ = 0;
    }
    for (char letter : prefix_) *to++ = letter;
    to = PutNumber(messages_ - 1, to);
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
        to = PutNumber(*piece == '#' ? calls_ : contents_, to);
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
  const Node* const name = FindMember(node, kKeyToolName);
  if (kind == Element::kInvocation) return Tool(node, node, name, true, true);
  if (kind == Element::kToolCall) {
    const bool odd = name == nullptr && FindMember(node, kKeyToolCallId) == nullptr;
    return odd ? Other(node) : ToolCall(node, name);
  }
  if (kind == Element::kApiCall) {  // {id, function: {name, arguments}}
    const Node* const function = FindMember(node, kKeyFunction);
    if (function == nullptr) return Other(node);
    Resume();
    Emit(kToolCallPart, FindMember(node, kKeyId), FindMember(function, kKeyName),
         FindMember(function, kKeyArguments));
    ++calls_;
    return;
  }
  if (kind == Element::kToolName) {
    if (!IsText(node)) return Emit(kAsItIs, node);
    const Node* const end = known_ != nullptr ? known_->End() : nullptr;
    for (const Node* at = known_ != nullptr ? known_->Begin() : nullptr; at < end;
         at = at->Skip()) {
      const Node* const of = FindMember(at, kKeyName);
      if (SameText(TextOf(*context_.arena, of), TextOf(*context_.arena, node))) {
        return Emit(kAsItIs, at);
      }
    }
    return Emit(kFunction, node);
  }
  const Node* const content = FindMember(node, kKeyContent);
  if (!IsText(content)) return Other(node);
  Text(kTextPart, content);
}

// What is no part that we know: as it is if it could be one, wrapped in one otherwise.
void MessageWriter::Other(const Node* node) {
  if (IsText(node)) return Text(kTextPart, node);
  Emit(IsText(FindMember(node, kKeyType)) ? kAsItIs : kJsonPart, node);
}

void MessageWriter::ToolCall(const Node* call, const Node* name) {
  Resume();
  Emit(kToolCallPart, FindMember(call, kKeyToolCallId), name, FirstOf(call, kKeyInput, kKeyArgs));
  ++calls_;
}

void MessageWriter::Text(const char* format, const Node* text) {
  Resume();
  if (put_ != nullptr && many_ && format == kTextPart) format = kContent;
  Emit(format, text);
  ++contents_;
}

// What follows a tool's result in one message is a message of its own in the indexed form.
void MessageWriter::Resume() {
  if (put_ != nullptr && responses_ != 0) Emit(kAssistantStart);
}

void MessageWriter::Part(const Node* part) {
  const std::string_view type = TextOf(*context_.arena, FindMember(part, kKeyType));
  // A chunk of Mastra's stream holds what its part would.
  const Node* const payload = FindMember(part, kKeyPayload);
  const Node* const body = Is(Op::kObject, payload) ? payload : part;
  const Node* const text = FirstOf(body, kKeyText, kKeyReasoning);
  if (text != nullptr) {
    if (SameText(type, "text")) return Text(kTextPart, text);
    if (SameText(type, "reasoning")) return Text(kReasoningPart, text);
  }
  if (Medium(body)) return;
  // Mastra 2 and the AI SDK's UI messages have the call and its result in one.
  const Node* const invocation = FindMember(part, kKeyToolInvocation);
  const Node* const tool = invocation != nullptr ? invocation : body;
  const Node* name = FindMember(tool, kKeyToolName);
  bool calls = invocation != nullptr;
  bool answers = calls;
  Node rest;
  if (SameText(type, "tool-call")) {
    calls = true;
  } else if (SameText(type, "tool-result")) {
    answers = true;
  } else if (FindMember(tool, kKeyToolCallId) != nullptr && !calls) {
    // Of AI SDK 5: "dynamic-tool" with a name, "tool-add" without.
    calls = answers = SameText(type, "dynamic-tool");
    if (SameText(type.substr(0, 5), "tool-")) {
      calls = answers = true;
      rest = *FindMember(part, kKeyType);
      rest.a += 5;
      rest.b -= 5;
      if (name == nullptr) name = &rest;
    }
  }
  Tool(part, tool, name, calls, answers);
}

void MessageWriter::Tool(const Node* part, const Node* tool, const Node* name, bool calls,
                         bool answers) {
  const Node* const id = FindMember(tool, kKeyToolCallId);
  const bool called = id != nullptr && calls;
  const Node* output = FirstOf(tool, kKeyOutput, kKeyResult);
  if (output == nullptr) output = FindMember(tool, kKeyErrorText);
  if (!answers) output = nullptr;
  if (called) ToolCall(tool, name);
  if (output == nullptr) return called ? void() : Other(part);
  // An indexed message has room for one result, and none beside a call.
  if (put_ != nullptr && (called || responses_ != 0)) Emit(kToolStart);
  ++responses_;
  Emit(kToolResponsePart, id, name, Unwrapped(output));
}

// A file or an image: where it is, or its bytes in base64. False: it is neither, or has none.
bool MessageWriter::Medium(const Node* body) {
  const Node* const image = FindMember(body, kKeyImage);
  const Node* type = FirstOf(body, kKeyMediaType, kKeyMimeType);
  if (type == nullptr) type = FindMember(body, kKeyContentType);  // of attachments
  if (image == nullptr && type == nullptr) return false;
  const Node* const data = image != nullptr ? image : FirstOf(body, kKeyData, kKeyUrl);
  std::string_view text = TextOf(*context_.arena, data);
  const std::string_view kind = TextOf(*context_.arena, type);
  // Bytes that Mastra left out: "[Uint8Array byteLength=8]".
  if (text.empty() || text[0] == '[') return false;
  if (put_ != nullptr) {
    if (image != nullptr || SameText(kind.substr(0, 6), "image/")) Text(kImage, data);
    return true;
  }
  // Base64 has neither colons nor commas; in "data:image/png;base64,iVBOR=" it is behind the comma.
  const char* format = kBlobPart;
  const bool inlined = SameText(text.substr(0, 5), "data:");
  for (uint32_t i = 0; i < text.size() && i < 100; ++i) {
    if (text[i] == ':') format = kUriPart;
    if (text[i] == ',' && inlined) {
      format = kBlobPart;
      text.remove_prefix(i + 1);
      break;
    }
  }
  // The convention's words for media are what their types begin with.
  uint32_t size = 0;
  while (size < kind.size() && kind[size] >= 'a' && kind[size] <= 'z') ++size;
  Emit(kMedium);
  json_.Raw(size != 0 ? kind.substr(0, size) : image != nullptr ? "image" : "file");
  Emit(format, type);
  json_.String(text);
  Emit(kObjectEnd);
  return true;
}

void MessageWriter::Message(const Node* message) {
  const Node* const role = FindMember(message, kKeyRole);
  const Node* const content = ContentOf(message);
  const bool known = IsText(role);
  Emit(known ? kMessageStart : kUserStart, role);
  const bool parts = known && IsList(content);
  const Node* const calls = FindMember(message, kKeyOpenAiToolCalls);
  const Node* const answered = FindMember(message, kKeyOpenAiToolCallId);
  const bool text = known && IsText(content);
  many_ = put_ != nullptr && parts && HasMany(content);
  if (many_ && brief_) {
    Emit(kJsonPart, content);
  } else if (parts) {
    Each(content, Element::kPart);
  } else if (text && answered != nullptr) {
    Emit(kToolResponsePart, answered, FindMember(message, kKeyName), content);
  } else {
    Other(text ? content : message);
  }
  // What older SDKs and the models' own API have beside the content.
  if (parts || text) {
    const Node* attached = FindMember(message, kKeyAttachments);
    if (attached == nullptr)
      attached = FindMember(FindMember(message, kKeyContent), kKeyAttachments);
    const Node* const invocations = FindMember(message, kKeyToolInvocations);
    if (IsList(calls)) Each(calls, Element::kApiCall);
    // Messages of UIs have them in their parts, too.
    if (!parts && IsList(invocations)) Each(invocations, Element::kInvocation);
    if (IsList(attached)) Each(attached, Element::kPart);
  }
  Close(kMessageEnd);
}

void MessageWriter::Input(const Node* input) { List(Given(input), Element::kMessage); }

const Node* MessageWriter::Thought(uint32_t* at) const {
  while (*at != 0) {
    const TreeNode& node = *context_.arena->At<TreeNode>(*at);
    *at = node.next_sibling;
    const SpanRecord* const chunk = RecordOf(context_, node);
    if (chunk == nullptr || node.type != kTypeModelChunk) continue;
    const Node* const type = FindMember(MemberOf(*chunk, kKeyAttributes), kKeyChunkType);
    const Node* const text = FindMember(MemberOf(*chunk, kKeyOutput), kKeyText);
    if (IsText(text) && text->b != 0 && SameText(TextOf(*context_.arena, type), "reasoning")) {
      return text;
    }
  }
  return nullptr;
}

// Reasoning, text and tool calls of a model's output: a message that is not closed yet.
void MessageWriter::Assistant(const TreeNode& call, const Node* output) {
  Emit(kAssistantStart);
  const Node* const calls = FindMember(output, kKeyToolCalls);
  const Node* const reasoning = FindMember(output, kKeyReasoning);
  const Node* const text = IsText(output) ? output : FindMember(output, kKeyText);
  const bool has_calls = IsList(calls) && calls->a > 0;
  const bool listed = reasoning != nullptr && !IsText(reasoning) && reasoning->a > 0;
  uint32_t chunks = reasoning == nullptr ? call.first_child : 0;
  const Node* thought = IsText(reasoning) && reasoning->b > 0 ? reasoning : Thought(&chunks);
  const Node* files = FindMember(output, kKeyFiles);
  if (files == nullptr) {
    const SpanRecord* const generation = GenerationEndedBy(context_, call);
    if (generation != nullptr) files = FindMember(MemberOf(*generation, kKeyOutput), kKeyFiles);
  }
  many_ = thought != nullptr || listed || (IsList(files) && files->a > 0);
  for (; thought != nullptr; thought = Thought(&chunks)) Text(kReasoningPart, thought);
  if (listed) Each(reasoning, Element::kPart);
  // A model that only calls tools says "": no text part then.
  const bool silent = has_calls && IsText(text) && text->b == 0;
  if (text != nullptr && !silent) Text(kTextPart, text);
  if (has_calls) Each(calls, Element::kToolCall);
  if (text == nullptr && calls == nullptr) {
    Other(output);
  } else if (IsList(files)) {
    Each(files, Element::kPart);
  }
  Close(kListEnd);
}

void MessageWriter::Output(const TreeNode& call, const Node* output, const Node* finish_reason) {
  Emit(kListStart);
  Assistant(call, output);
  const std::string_view reason = TextOf(*context_.arena, finish_reason);
  // The schema's words for the AI SDK's; it asks for one.
  const char* format = kFinishReason;
  if (reason.empty()) format = kFinishedSomehow;
  if (SameText(reason, "tool-calls")) format = kFinishedByTools;
  if (SameText(reason, "content-filter")) format = kFinishedByFilter;
  Emit(format, finish_reason);
  Emit(kOutputEnd);
}

const Node* MessageWriter::Question(const RecordContext& context, const Node* input) {
  const Node* const list = Given(input);
  if (!IsList(list)) return input;
  const Node* said = nullptr;
  for (const Node* node = list->Begin(); node < list->End(); node = node->Skip()) {
    if (!SameText(TextOf(*context.arena, FindMember(node, kKeyRole)), "user")) continue;
    const Node* const content = ContentOf(node);
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

MessageWriter::Rebuilt MessageWriter::CanRebuild(const RecordContext& context,
                                                 const TreeNode& call) {
  const SpanRecord* const record = RecordOf(context, call);
  const Node* const own = record != nullptr ? MemberOf(*record, kKeyInput) : nullptr;
  if (IsList(FindMember(own, kKeyMessages))) return Rebuilt::kNot;  // no preview
  const Source source = SourceOf(context, call);
  if (source.whole) return Rebuilt::kWholly;
  return source.given != nullptr || source.preview != nullptr ? Rebuilt::kPartly : Rebuilt::kNot;
}

void MessageWriter::Rebuild(const TreeNode& call) {
  const Source source = SourceOf(context_, call);
  const TreeNode* generation = source.generation;
  Emit(kListStart);
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
  Close(kListEnd);
}

bool MessageWriter::IsComplete(const RecordContext& context, const TreeNode& call) {
  const TreeNode* const generation = GenerationOf(context, call);
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
    const SpanRecord* const record = RecordOf(context_, *at);
    if (record == nullptr || !IsNear(*context_.arena, *at)) continue;
    if (at->type == kTypeModelInference) {
      const Node* const output = MemberOf(*record, kKeyOutput);
      if (output == nullptr) continue;
      const Node* const calls = FindMember(output, kKeyToolCalls);
      turns += IsList(calls) && calls->a > 0 ? 2 : 1;
      if (!write) continue;
      Assistant(*at, output);
      Emit(kObjectEnd);
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
    const SpanRecord* const record = RecordOf(context_, *at);
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
  const Node* name = MemberOf(tool, kKeyEntityName);
  if (name == nullptr) name = MemberOf(tool, kKeyEntityId);
  if (name == nullptr) name = FindMember(call, kKeyToolName);
  Emit(kToolStart);
  Emit(kToolResponsePart, FindMember(call, kKeyToolCallId), name, answer);
  Close(kMessageEnd);
}

void MessageWriter::Instructions(const Node* prompt) { List(prompt, Element::kInstruction); }

void MessageWriter::ToolNames(const Node* names, const Node* known) {
  known_ = IsList(known) ? known : nullptr;
  List(names, Element::kToolName);
}

bool MessageWriter::LeavesOut(const Node* value, uint16_t key) {
  if (IsList(FindMember(value, kKeyMessages))) return key != kKeyMessages;
  if (FirstOf(value, kKeyText, kKeyToolCalls) == nullptr) return false;
  return key != kKeyText && key != kKeyToolCalls && key != kKeyReasoning && key != kKeyFiles;
}

}  // namespace edgespan
