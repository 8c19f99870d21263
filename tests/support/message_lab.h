// What MessageWriter makes of values, as parsed JSON, and short names for what is expected.
#pragma once

#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "edgespan/semconv/messages.h"
#include "tests/support/record_lab.h"

namespace edgespan::testing {

// What `write` writes, as parsed JSON: that it is valid is part of every check.
template <class Write>
Json Parsed(RecordLab* lab, Write write) {
  const std::string text =
      lab->Written([&](Buffer* out) { write(MessageWriter(lab->context(), out)); });
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  INFO(text);
  REQUIRE(!json.is_discarded());
  return json;
}
inline Json Input(const Json& value) {
  RecordLab lab;
  return Parsed(&lab, [&](MessageWriter writer) { writer.Input(lab.Value(value)); });
}
inline Json Output(const Json& value, std::string_view finish_reason = "") {
  RecordLab lab;
  const Node* const reason = lab.Value(std::string(finish_reason));
  const TreeNode call = {};
  return Parsed(&lab, [&](MessageWriter writer) { writer.Output(call, lab.Value(value), reason); });
}
inline Json Text(const char* content) { return {{"type", "text"}, {"content", content}}; }
inline Json Other(const Json& value) { return {{"type", "json"}, {"content", value}}; }
// A list of one; braces around one element would copy it.
inline Json One(const Json& element) { return Json::array({element}); }
inline Json Message(const char* role, const Json& parts) {
  return {{"role", role}, {"parts", parts}};
}

}  // namespace edgespan::testing
