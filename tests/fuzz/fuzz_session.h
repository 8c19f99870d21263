// What the two fuzzers of the whole core share: a broken promise aborts, and every body that leaves
// must be an OTLP trace request. The core is one per process and lives through all runs, as in a
// Worker: each run ends with everything sent, so that its state does not grow.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>

#include <nlohmann/json.hpp>

#include "edgespan/otlp/otlp.pb.h"
#include "tests/support/core_session.h"

namespace edgespan::fuzz {

inline void Require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

// Small, so that running out of memory is an everyday event; EDGESPAN_FUZZ_BUDGET (bytes) says
// other.
inline void SetBudget(uint32_t bytes) {
  if (const char* text = std::getenv("EDGESPAN_FUZZ_BUDGET")) {
    bytes = static_cast<uint32_t>(std::strtoul(text, nullptr, 10));
  }
  edgespan_reset(bytes);
}

// Every rule that holds for any body, whatever went in; the spans in it. `own`: no attribute bears the
// name of messages but what the dialect says. `part`: scopes may have lost their spans.
inline uint32_t CheckBody(const std::string& body, bool own = false, bool part = false) {
  otlp::pb::ExportTraceServiceRequest request;
  Require(request.ParseFromString(body), "the body parses");
  uint32_t spans = 0;
  std::string trace_id;
  std::set<std::string> span_ids;
  for (const auto& resource_spans : request.resource_spans()) {
    for (const auto& scope_spans : resource_spans.scope_spans()) {
      Require(scope_spans.spans_size() > 0 || part, "a scope has spans");
      for (const auto& span : scope_spans.spans()) {
        ++spans;
        Require(span.trace_id().size() == 16, "a trace id has 16 bytes");
        Require(span.trace_id() != std::string(16, '\0'), "a trace id is not zero");
        Require(span.span_id().size() == 8, "a span id has 8 bytes");
        Require(span.span_id() != std::string(8, '\0'), "a span id is not zero");
        Require(span_ids.insert(span.span_id()).second, "a body has a span once");
        Require(span.parent_span_id().empty() || span.parent_span_id().size() == 8,
                "a parent id has 8 bytes");
        Require(span.parent_span_id() != std::string(8, '\0'), "a parent id is not zero");
        Require(span.end_time_unix_nano() >= span.start_time_unix_nano(), "end >= start");
        Require(span.kind() >= 1 && span.kind() <= 5, "a kind is one of five");
        Require(trace_id.empty() || trace_id == span.trace_id(), "a body is of one trace");
        trace_id = span.trace_id();
        for (const auto& attribute : span.attributes()) {
          if (!own || !attribute.key().starts_with("gen_ai.")) continue;
          if (!attribute.key().ends_with("put.messages")) continue;
          const std::string& text = attribute.value().string_value();
          Require(text.empty() || nlohmann::json::accept(text), "messages are JSON");
        }
      }
    }
  }
  return spans;
}

}  // namespace edgespan::fuzz
