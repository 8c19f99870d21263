// Messages: what went into a model and what came out, in the GenAI convention's JSON form
// (gen-ai-input-messages.json, gen-ai-output-messages.json of semantic-conventions-genai):
//
//   [{"role": "...", "parts": [
//      {"type": "text" | "reasoning", "content": "..."} |
//      {"type": "tool_call", "id": "...", "name": "...", "arguments": any} |
//      {"type": "tool_call_response", "id": "...", "name": "...", "response": any,
//       "is_error": true} |
//      {"modality": "...", "mime_type": "...", "type": "uri" | "blob", "uri" | "content": "...",
//       "filename": "..."} |
//      any part as it was | {"type": "json", "content": anything}
//   ], "finish_reason": "..."}]
//
// "arguments" that are the JSON text of an object or array are that object or array. "name" of a response, "is_error" and "filename" are ours: the schemas allow further members.
//
// or as attributes with an index, one for each thing said, as OpenInference has them and, with shorter
// names, Traceloop:
//
//   {prefix}{i}.message.role, .message.content, .message.tool_call_id, .message.name,
//   .message.contents.{j}.message_content.{type,text,image.image.url}   where there are several parts;
//                                                    Traceloop has .content then, with JSON in it
//   .message.tool_calls.{j}.tool_call.{id,function.name,function.arguments}
//
// Source shapes are Mastra's (1 and 2) and the AI SDK's (4 and 5). What is not understood passes
// through: a part that has a type unchanged, everything else in one of type "json"; so whatever comes,
// the convention's schemas hold. The indexed form has no place for parts that it does not know, and is
// never all that a dialect sends.
#pragma once

#include <cstdint>
#include <string_view>

#include "edgespan/model/json_text.h"
#include "edgespan/model/record.h"
#include "edgespan/model/span_tree.h"

namespace edgespan {

class MessageWriter {
 public:
  // Takes one attribute of the indexed form: its value is `text` where there is no `value`.
  using PutFn = void (*)(void* to, std::string_view name, const Node* value, std::string_view text);

  MessageWriter(const RecordContext& context, Buffer* out)
      : context_(context), out_(out), json_(context, out) {}
  // The indexed form. `brief`: without the segments "message.", "tool_call." and "function.".
  MessageWriter(const RecordContext& context, Buffer* out, PutFn put, void* to,
                std::string_view prefix, bool brief)
      : context_(context),
        out_(out),
        json_(context, out),
        put_(put),
        to_(to),
        prefix_(prefix),
        brief_(brief) {}

  // `input` of a model call: {messages: [...]}, a list of messages, a prompt.
  void Input(const Node* input);
  // `output` of a model call: {text, reasoning, toolCalls, files}; `finish_reason` as Mastra spells it.
  // What the call thought is in its chunks where the output does not say it, and the files that the
  // last call made are in its generation's output.
  void Output(const TreeNode& call, const Node* output, const Node* finish_reason);
  // The input of a model call below a generation or a step where the call has no messages of its own, as
  // Mastra records none: the generation's input, then what the earlier calls said and what the model was
  // told of each tool they asked for. kPartly: the generation is not there, or holds no question (a run
  // that was resumed); what is missing comes from the step's own input, a preview that has the texts and
  // "[tool: name]".
  enum class Rebuilt { kNot, kPartly, kWholly };
  [[nodiscard]] static Rebuilt CanRebuild(const RecordContext& context, const TreeNode& call);
  // REQUIRES: CanRebuild().
  void Rebuild(const TreeNode& call);
  // Whether all that Rebuild() would read has ended.
  static bool IsComplete(const RecordContext& context, const TreeNode& call);
  // A system prompt: [{"type": "text", "content": "..."}].
  void Instructions(const Node* prompt);
  // Tool names as definitions: [{"type": "function", "name": "..."}], or what `known` has of the name.
  void ToolNames(const Node* names, const Node* known = nullptr);

 private:
  enum class Element { kMessage, kPart, kToolCall, kApiCall, kInvocation, kInstruction, kToolName };

  // Elements of a list, each with a comma behind it; Close() takes the last one back.
  void Each(const Node* list, Element kind);
  void List(const Node* list, Element kind);
  void Write(const Node* node, Element kind);
  void Message(const Node* message);
  void Part(const Node* part);
  [[nodiscard]] bool Medium(const Node* body);
  void Other(const Node* node);
  void ToolCall(const Node* call, const Node* name);
  // A tool's call and its result, as far as `part` has them: in `tool`, or itself.
  void Tool(const Node* part, const Node* tool, const Node* name, bool calls, bool answers);
  void ToolCall(const Node* id, const Node* name, const Node* arguments);
  void ToolResponse(const Node* id, const Node* name, const Node* response, bool failed);
  void Text(const char* format, const Node* text);
  void Resume();
  // What was said between a generation's input and a call, written if `write`; how many messages that
  // takes in the AI SDK's form, which has one for all answers to a call.
  uint32_t Turns(const TreeNode& generation, const TreeNode& call, bool write);
  void Answers(const TreeNode& generation, const TreeNode& inference, const TreeNode& call,
               const Node* asked);
  const SpanRecord* Told(const TreeNode& generation, const TreeNode& from, const TreeNode& call,
                         const Node* id) const;
  // `call`: what asked for it, where that is known.
  void Answer(const SpanRecord& tool, const Node* call);
  void Assistant(const TreeNode& call, const Node* output);
  // The next thought among the siblings from `*at` on; moves *at behind it.
  const Node* Thought(uint32_t* at) const;
  // A format (message_format.h) with the values that it has places for.
  void Emit(const char* piece, const Node* a = nullptr, const Node* b = nullptr,
            const Node* c = nullptr);
  void EmitIndexed(const char* piece, const Node* a, const Node* b, const Node* c);
  // Takes back the comma behind the last element, if there is one, and emits `end`.
  void Close(const char* end);

  RecordContext context_;
  Buffer* out_;
  JsonText json_;
  // Of the indexed form; no put_: JSON.
  PutFn put_ = nullptr;
  void* to_ = nullptr;
  std::string_view prefix_;
  bool brief_ = false;
  const Node* known_ = nullptr;  // tool definitions
  bool many_ = false;            // the message has several parts: contents, not content
  // Of the next message, and of what comes next in this one.
  uint32_t messages_ = 0;
  uint32_t calls_ = 0;
  uint32_t contents_ = 0;
  uint32_t responses_ = 0;
};

}  // namespace edgespan
