// A run of model calls and tools to rebuild the input of a call from, and what they said: 2+2.
#pragma once

#include <string>

#include <catch2/catch.hpp>

#include "edgespan/model/span_tree.h"
#include "tests/support/message_lab.h"

namespace edgespan::testing {

// A run as the pipeline holds it: nodes in order of start, records of those that ended.
class Run {
 public:
  // `members` nullptr: the span started only.
  TreeNode* Add(uint8_t id, uint8_t parent, uint16_t type, const Json& members = nullptr) {
    TreeNode* const node = tree_.FindOrAdd(&lab.arena, &lab.lane, Id(id), Id(parent), type);
    REQUIRE(node != nullptr);
    if (!members.is_null()) {
      node->record = lab.arena.OffsetOf(lab.Record(members, type));
      node->ended = 1;
    }
    return node;
  }
  MessageWriter::Rebuilt CanRebuild(const TreeNode* call) const {
    return MessageWriter::CanRebuild(lab.context(), *call);
  }
  Json Rebuild(const TreeNode* call,
               MessageWriter::Rebuilt expected = MessageWriter::Rebuilt::kWholly) {
    REQUIRE(CanRebuild(call) == expected);
    return Parsed(&lab, [&](MessageWriter writer) { writer.Rebuild(*call); });
  }
  Json Output(const TreeNode* call) {
    const SpanRecord* const record = lab.arena.At<SpanRecord>(call->record);
    const Node* const output = FindMember(record->Begin(), record->End(), kKeyOutput);
    return Parsed(&lab, [&](MessageWriter writer) { writer.Output(*call, output, nullptr); });
  }

  RecordLab lab;

 private:
  static SpanId Id(uint8_t n) {
    SpanId id = {};
    id.bytes[7] = n;
    return id;
  }
  SpanTree tree_ = {};
};

inline const Json kQuestion = {
    {"input", {{"messages", {{{"role", "user"}, {"content", "2+2?"}}}}}}};
inline const Json kAsked = Message("user", One(Text("2+2?")));
inline const Json kCall = {
    {"output",
     {{"text", ""},
      {"toolCalls", {{{"toolCallId", "c1"}, {"toolName", "add"}, {"args", {{"a", 2}}}}}}}}};
inline const Json kCalled =
    Message("assistant",
            One({{"type", "tool_call"}, {"id", "c1"}, {"name", "add"}, {"arguments", {{"a", 2}}}}));

inline Json Answered(const Json& response) {
  return Message(
      "tool",
      One({{"type", "tool_call_response"}, {"id", "c1"}, {"name", "add"}, {"response", response}}));
}
inline Json Tool(const Json& more) {
  Json tool = {
      {"entityName", "add"}, {"entityId", "add-id"}, {"attributes", {{"toolCallId", "c1"}}}};
  for (const auto& [name, value] : more.items()) tool[name] = value;
  return tool;
}

inline Json Call(const std::string& id) {
  return {{"toolCallId", id}, {"toolName", "add"}, {"args", {{"a", 2}}}};
}
inline Json Asks(const Json& calls) { return {{"output", {{"text", ""}, {"toolCalls", calls}}}}; }
inline Json AnswerTo(const std::string& id, const Json& output) {
  return {{"entityName", "add"}, {"attributes", {{"toolCallId", id}}}, {"output", output}};
}
inline Json Response(const std::string& id, const Json& response) {
  return Message(
      "tool",
      One({{"type", "tool_call_response"}, {"id", id}, {"name", "add"}, {"response", response}}));
}
inline Json CallPart(const std::string& id) {
  return {{"type", "tool_call"}, {"id", id}, {"name", "add"}, {"arguments", {{"a", 2}}}};
}

}  // namespace edgespan::testing
