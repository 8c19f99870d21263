// What the core makes of Mastra spans in the GenAI dialect, in one call each.
#pragma once

#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/core_lab.h"

namespace edgespan::testing {

// The attributes of one span that is a run of its own.
inline Json Encoded(const Json& members, const std::string& type) {
  CoreLab lab;
  return AttributesOf(lab.Encode(Span("1", "", type, members)).attributes());
}
// The spans of a run that ends with its root, by the last digit of their ids.
inline std::map<std::string, otlp::pb::Span> EncodedRun(const std::vector<Json>& spans) {
  CoreLab lab;
  for (const Json& span : spans) lab.Start(span);
  for (size_t i = spans.size(); i > 0; --i) lab.End(spans[i - 1]);
  std::map<std::string, otlp::pb::Span> by_id;
  for (const otlp::pb::Span& span : lab.Take()) by_id[HexOf(span.span_id()).substr(15)] = span;
  CHECK(by_id.size() == spans.size());
  return by_id;
}

}  // namespace edgespan::testing
