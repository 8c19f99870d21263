// How MessageWriter's output looks, in pieces: what messages.cc and rebuilt_messages.cc emit.
//
// Internal to the two of them. All is made at compile time and constant.
#pragma once

#include <cstdint>

namespace edgespan::form {

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
inline constexpr Format kAsItIs("!,");
inline constexpr Format kTextPart(R"({"type":"text","content":!},|<message.>content!)");
inline constexpr Format kReasoningPart(R"({"type":"reasoning","content":!},|)"
                                       "<message.>contents.%.message_content.type=reasoning "
                                       "<message.>contents.%.message_content.text!");
inline constexpr Format kToolCallPart(R"({"type":"tool_call" ,"id":!,"name":!,"arguments":!},|)"
                                      "<message.>tool_calls.#.<tool_call.>id!"
                                      "<message.>tool_calls.#.<tool_call.function.>name!"
                                      "<message.>tool_calls.#.<tool_call.function.>arguments!");
inline constexpr Format kToolResponsePart(
    R"({"type":"tool_call_response" ,"id":!,"name":!,"response":!|)"
    "<message.>tool_call_id!<message.>name!<message.>content!");
inline constexpr Format kFailed(R"(,"is_error":true},)");
// What the medium is goes behind the first, what it holds behind the others.
inline constexpr Format kMedium(R"({"modality":")");
inline constexpr Format kUriPart(R"(" ,"mime_type":! ,"type":"uri","uri":)");
inline constexpr Format kBlobPart(R"(" ,"mime_type":! ,"type":"blob","content":)");
inline constexpr Format kMediumEnd(R"(,"filename":!},)");
// A part that has no type of its own.
inline constexpr Format kJsonPart(R"({"type":"json","content":!},|<message.>content!)");
inline constexpr Format kMessageStart(R"({"role":!,"parts":[|^<message.>role!)");
inline constexpr Format kUserStart(R"({"role":"user","parts":[|^<message.>role=user)");
inline constexpr Format kAssistantStart(
    R"({"role":"assistant","parts":[|^<message.>role=assistant)");
inline constexpr Format kToolStart(R"({"role":"tool","parts":[|^<message.>role=tool)");
// Of the indexed form alone: a part of a message with several, and an image, by address or in base64.
inline constexpr Format kContent(
    "|<message.>contents.%.message_content.type=text <message.>contents.%.message_content.text!");
inline constexpr Format kImage(
    "|<message.>contents.%.message_content.type=image "
    "<message.>contents.%.message_content.image.image.url!");
inline constexpr Format kFinishReason(R"(,"finish_reason":!)");
inline constexpr Format kFinishedByTools(R"(,"finish_reason":"tool_call")");
inline constexpr Format kFinishedByFilter(R"(,"finish_reason":"content_filter")");
inline constexpr Format kFinishedSomehow(R"(,"finish_reason":"unknown")");
inline constexpr Format kFunction(R"({"type":"function","name":!},)");
inline constexpr Format kListStart("[");
inline constexpr Format kListEnd("]");
inline constexpr Format kMessageEnd("]},");
inline constexpr Format kObjectEnd("},");
inline constexpr Format kOutputEnd("}]");

}  // namespace edgespan::form
