// Messages: what went into a model and what came out, in the GenAI convention's JSON form
// (gen-ai-input-messages.json, gen-ai-output-messages.json of semantic-conventions-genai):
//
//   [{"role": "...", "parts": [
//      {"type": "text" | "reasoning", "content": "..."} |
//      {"type": "tool_call", "id": "...", "name": "...", "arguments": any} |
//      {"type": "tool_call_response", "id": "...", "name": "...", "response": any} |
//      {"type": "uri" | "blob", "mime_type": "...", "modality": "...", "uri" | "content": "..."} |
//      any part as it was | {"type": "json", "content": anything}
//   ], "finish_reason": "..."}]
//
// Source shapes are Mastra's (1 and 2) and the AI SDK's (4 and 5). What is not understood passes
// through: a part that has a type unchanged, everything else in one of type "json"; so whatever comes,
// the convention's schemas hold.
#pragma once

#include <cstdint>
#include <string_view>

#include "edgespan/model/json_text.h"
#include "edgespan/model/record.h"
#include "edgespan/model/span_tree.h"

namespace edgespan {

class MessageWriter {
 public:
  MessageWriter(const RecordContext& context, Buffer* out)
      : context_(context), out_(out), json_(context, out) {}

  // `input` of a model call: {messages: [...]}, a list of messages, a prompt.
  void Input(const Node* input);
  // `output` of a model call: {text, reasoning, toolCalls}; `finish_reason` as Mastra spells it.
  void Output(const Node* output, const Node* finish_reason);
  // The input of a model call that has none of its own: its generation's input, then what the earlier
  // steps said and what their tools answered (Mastra's own step preview reads "[tool: name]").
  // False when there is no generation to take it from; nothing is written then.
  [[nodiscard]] static bool CanRebuild(const RecordContext& context, const TreeNode& call);
  void Rebuild(const TreeNode& call);
  // The generation that a model call belongs to: its parent, or its step's parent; or nullptr.
  static const TreeNode* GenerationOf(const RecordContext& context, const TreeNode& call);
  // Whether all that Rebuild() would read has ended.
  static bool IsComplete(const RecordContext& context, const TreeNode& call);
  // A system prompt: [{"type": "text", "content": "..."}].
  void Instructions(const Node* prompt);
  // Tool names as definitions: [{"type": "function", "name": "..."}].
  void ToolNames(const Node* names);

 private:
  enum class Element { kMessage, kPart, kToolCall, kInstruction, kToolName };

  // Elements of a list, each with a comma behind it; Close() takes the last one back.
  void Each(const Node* list, Element kind);
  void List(const Node* list, Element kind);
  void Write(const Node* node, Element kind);
  void Message(const Node* message);
  void Part(const Node* part);
  [[nodiscard]] bool Medium(const Node* part);
  void Other(const Node* node);
  void ToolCall(const Node* call);
  void Turn(const TreeNode& node);
  void Assistant(const Node* output);
  // A format (messages.cc) with the values that it has places for.
  void Emit(const char* piece, const Node* a = nullptr, const Node* b = nullptr,
            const Node* c = nullptr);
  // Takes back the comma behind the last element, if there is one, and emits `end`.
  void Close(const char* end);

  RecordContext context_;
  Buffer* out_;
  JsonText json_;
};

}  // namespace edgespan
