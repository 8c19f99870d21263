#include "edgespan/semconv/messages.h"

#include "edgespan/base/utf.h"
#include "edgespan/model/json_check.h"
#include "edgespan/model/schema.h"
#include "edgespan/semconv/generation.h"
#include "edgespan/semconv/message_format.h"
#include "edgespan/semconv/message_shapes.h"

// What is said in one message, and in the parts of it. How that is written is in message_format.cc, what
// a model call was given in rebuilt_messages.cc.
namespace edgespan {

using tape::Op;

// Every element of a list; what is none is an element itself.
void MessageWriter::Each(const Node* list, Element kind) {
  if (!IsList(list)) return Write(list, kind);
  for (const Node* node = list->Begin(); node < list->End(); node = node->Skip()) {
    Write(node, kind);
  }
}

void MessageWriter::List(const Node* list, Element kind) {
  Emit(form::kListStart);
  Each(list, kind);
  Close(form::kListEnd);
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
    return ToolCall(FindMember(node, kKeyId), FindMember(function, kKeyName),
                    FindMember(function, kKeyArguments));
  }
  if (kind == Element::kToolName) {
    if (!IsText(node)) return Emit(form::kAsItIs, node);
    const Node* const end = known_ != nullptr ? known_->End() : nullptr;
    for (const Node* at = known_ != nullptr ? known_->Begin() : nullptr; at < end;
         at = at->Skip()) {
      const Node* const of = FindMember(at, kKeyName);
      if (SameText(TextOf(*context_.arena, of), TextOf(*context_.arena, node))) {
        return Emit(form::kAsItIs, at);
      }
    }
    return Emit(form::kFunction, node);
  }
  const Node* const content = FindMember(node, kKeyContent);
  if (!IsText(content)) return Other(node);
  Text(form::kTextPart, content);
}

// What is no part that we know: as it is if it could be one, wrapped in one otherwise.
void MessageWriter::Other(const Node* node) {
  if (IsText(node)) return Text(form::kTextPart, node);
  Emit(IsText(FindMember(node, kKeyType)) ? form::kAsItIs : form::kJsonPart, node);
}

void MessageWriter::ToolCall(const Node* call, const Node* name) {
  ToolCall(FindMember(call, kKeyToolCallId), name, FirstOf(call, kKeyInput, kKeyArgs));
}

void MessageWriter::ToolCall(const Node* id, const Node* name, const Node* arguments) {
  Resume();
  // Models write arguments as JSON text, which SDKs hand on as they got it, or read. As a number it
  // goes out as it is spelled. (The indexed form wants text.)
  Node spelled;
  if (put_ == nullptr && IsJsonContainer(TextOf(*context_.arena, arguments))) {
    spelled = *arguments;
    spelled.op = static_cast<uint16_t>(Op::kNumber);
    spelled.a -= sizeof(double);
    arguments = &spelled;
  }
  Emit(form::kToolCallPart, id, name, arguments);
  ++calls_;
}

void MessageWriter::Text(const char* format, const Node* text) {
  Resume();
  if (put_ != nullptr && many_ && format == form::kTextPart) format = form::kContent;
  Emit(format, text);
  ++contents_;
}

// What follows a tool's result in one message is a message of its own in the indexed form.
void MessageWriter::Resume() {
  if (put_ != nullptr && responses_ != 0) Emit(form::kAssistantStart);
}

void MessageWriter::Part(const Node* part) {
  const std::string_view type = TextOf(*context_.arena, FindMember(part, kKeyType));
  // A chunk of Mastra's stream holds what its part would.
  const Node* const payload = FindMember(part, kKeyPayload);
  const Node* const body = Is(Op::kObject, payload) ? payload : part;
  const Node* const text = FirstOf(body, kKeyText, kKeyReasoning);
  if (text != nullptr) {
    if (SameText(type, "text")) return Text(form::kTextPart, text);
    if (SameText(type, "reasoning")) return Text(form::kReasoningPart, text);
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
  const Node* const flag =
      FindMember(tool, kKeyIsError);  // of AI SDK 4; of 5: {type: 'error-text'}
  const std::string_view kind = TextOf(*context_.arena, FindMember(output, kKeyType));
  bool failed = (Is(Op::kLiteral, flag) && flag->a == 2) || SameText(kind.substr(0, 6), "error-");
  if (output == nullptr) {
    output = FindMember(tool, kKeyErrorText);
    failed = true;
  }
  if (!answers) output = nullptr;
  if (called) ToolCall(tool, name);
  if (output == nullptr) return called ? void() : Other(part);
  // An indexed message has room for one result, and none beside a call.
  if (put_ != nullptr && (called || responses_ != 0)) Emit(form::kToolStart);
  ++responses_;
  ToolResponse(id, name, Unwrapped(output), failed);
}

void MessageWriter::ToolResponse(const Node* id, const Node* name, const Node* response,
                                 bool failed) {
  Emit(form::kToolResponsePart, id, name, response);
  Emit(failed ? form::kFailed : form::kObjectEnd);
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
    if (image != nullptr || SameText(kind.substr(0, 6), "image/")) Text(form::kImage, data);
    return true;
  }
  // Base64 has neither colons nor commas; in "data:image/png;base64,iVBOR=" it is behind the comma.
  const char* format = form::kBlobPart;
  const bool inlined = SameText(text.substr(0, 5), "data:");
  for (uint32_t i = 0; i < text.size() && i < 100; ++i) {
    if (text[i] == ':') format = form::kUriPart;
    if (text[i] == ',' && inlined) {
      format = form::kBlobPart;
      text.remove_prefix(i + 1);
      break;
    }
  }
  // The convention's words for media are what their types begin with.
  uint32_t size = 0;
  while (size < kind.size() && kind[size] >= 'a' && kind[size] <= 'z') ++size;
  Emit(form::kMedium);
  json_.Raw(size != 0 ? kind.substr(0, size) : image != nullptr ? "image" : "file");
  Emit(format, type);
  json_.String(text);
  Emit(form::kMediumEnd, FirstOf(body, kKeyFilename, kKeyName));
  return true;
}

void MessageWriter::Message(const Node* message) {
  const Node* const role = FindMember(message, kKeyRole);
  const Node* const content = ContentOf(message);
  const bool known = IsText(role);
  Emit(known ? form::kMessageStart : form::kUserStart, role);
  const bool parts = known && IsList(content);
  const Node* const calls = FindMember(message, kKeyOpenAiToolCalls);
  const Node* const answered = FindMember(message, kKeyOpenAiToolCallId);
  const bool text = known && IsText(content);
  many_ = put_ != nullptr && parts && HasMany(content);
  if (many_ && brief_) {
    Emit(form::kJsonPart, content);
  } else if (parts) {
    Each(content, Element::kPart);
  } else if (text && answered != nullptr) {
    ToolResponse(answered, FindMember(message, kKeyName), content, /*failed=*/false);
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
  Close(form::kMessageEnd);
}

void MessageWriter::Input(const Node* input) { List(Given(input), Element::kMessage); }

const Node* MessageWriter::Thought(uint32_t* at) const {
  while (*at != 0) {
    const TreeNode& node = *context_.arena->At<TreeNode>(*at);
    *at = node.next_sibling;
    const SpanRecord* const chunk = RecordOf(*context_.arena, node);
    if (chunk == nullptr || node.type != kTypeModelChunk) continue;
    const Node* const type = FindMember(FindMember(*chunk, kKeyAttributes), kKeyChunkType);
    const Node* const text = FindMember(FindMember(*chunk, kKeyOutput), kKeyText);
    if (IsText(text) && text->b != 0 && SameText(TextOf(*context_.arena, type), "reasoning")) {
      return text;
    }
  }
  return nullptr;
}

// Reasoning, text and tool calls of a model's output: a message that is not closed yet.
void MessageWriter::Assistant(const TreeNode& call, const Node* output) {
  Emit(form::kAssistantStart);
  const Node* const calls = FindMember(output, kKeyToolCalls);
  const Node* const reasoning = FindMember(output, kKeyReasoning);
  const Node* const text = IsText(output) ? output : FindMember(output, kKeyText);
  const bool has_calls = IsList(calls) && calls->a > 0;
  const bool listed = reasoning != nullptr && !IsText(reasoning) && reasoning->a > 0;
  uint32_t chunks = reasoning == nullptr ? call.first_child : 0;
  const Node* thought = IsText(reasoning) && reasoning->b > 0 ? reasoning : Thought(&chunks);
  const Node* files = FindMember(output, kKeyFiles);
  if (files == nullptr) {
    const SpanRecord* const generation = GenerationEndedBy(*context_.arena, call);
    if (generation != nullptr) files = FindMember(FindMember(*generation, kKeyOutput), kKeyFiles);
  }
  many_ = thought != nullptr || listed || (IsList(files) && files->a > 0);
  for (; thought != nullptr; thought = Thought(&chunks)) Text(form::kReasoningPart, thought);
  if (listed) Each(reasoning, Element::kPart);
  // A model that only calls tools says "": no text part then.
  const bool silent = has_calls && IsText(text) && text->b == 0;
  if (text != nullptr && !silent) Text(form::kTextPart, text);
  if (has_calls) Each(calls, Element::kToolCall);
  if (text == nullptr && calls == nullptr) {
    Other(output);
  } else if (IsList(files)) {
    Each(files, Element::kPart);
  }
  Close(form::kListEnd);
}

void MessageWriter::Output(const TreeNode& call, const Node* output, const Node* finish_reason) {
  Emit(form::kListStart);
  Assistant(call, output);
  const std::string_view reason = TextOf(*context_.arena, finish_reason);
  // The schema's words for the AI SDK's; it asks for one.
  const char* format = form::kFinishReason;
  if (reason.empty()) format = form::kFinishedSomehow;
  if (SameText(reason, "tool-calls")) format = form::kFinishedByTools;
  if (SameText(reason, "content-filter")) format = form::kFinishedByFilter;
  Emit(format, finish_reason);
  Emit(form::kOutputEnd);
}

void MessageWriter::Instructions(const Node* prompt) { List(prompt, Element::kInstruction); }

void MessageWriter::ToolNames(const Node* names, const Node* known) {
  known_ = IsList(known) ? known : nullptr;
  List(names, Element::kToolName);
}

}  // namespace edgespan
