// What js/src/sampling has the core told of runs, and what the tests of sampling ask of spans.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "tests/support/core_lab.h"

namespace edgespan::testing {

// One GenAI destination with these settings of tail sampling.
inline Json Tail(const Json& tail) {
  return {{"destinations", {{{"dialect", "genai"}, {"tail", tail}}}}};
}
inline Json Keep(const Json& rule) { return Tail({{"ratio", 0}, {"keep", {rule}}}); }

// A span of any trace, by the digits of its ids.
inline Json SpanOf(const std::string& trace, const std::string& id, const std::string& parent = "",
                   const std::string& type = "generic", const Json& members = Json::object()) {
  Json span = Span(id, parent, type, members);
  span["traceId"] = trace;
  return span;
}

// The start of a run's root, with members (`samplingThreshold`, `traceState`), if any.
inline void StartRoot(CoreLab* lab, const std::string& trace, const std::string& id,
                      const Json& members = Json::object(), uint32_t flags = 0) {
  TapeWriter tape;
  tape.Trace(trace);
  TapeWriter::Envelope root;
  root.flags = tape::kIsRoot | flags;
  root.span_id = id;
  tape.Start(root);
  for (const auto& [name, value] : members.items()) {
    tools::WriteJson(&tape, tape.Key(name), value);
  }
  tape.End();
  lab->Commit(&tape);
}

// A score of a run, by one of its spans or by zeros.
inline int32_t Score(CoreLab* lab, const std::string& trace, const std::string& id, double value,
                     std::u16string_view name = u"quality") {
  TapeWriter tape;
  tape.Trace(trace);
  TapeWriter::Envelope score;
  score.flags = tape::kScore;
  score.span_id = id;
  score.name = name;
  tape.Start(score);
  tape.Number(kKeyValue, value);
  tape.End();
  return lab->Commit(&tape);
}

// How many runs a kept span stands for: 2^56 / (2^56 - th); 0 where it has no `th`.
inline double WeightOf(const otlp::pb::Span& span) {
  const std::string& state = span.trace_state();
  const size_t at = state.find("th:");
  if (at == std::string::npos) return 0;
  std::string digits = state.substr(at + 3, state.find_first_of(";,", at) - at - 3);
  REQUIRE(digits.size() <= 14);
  digits.resize(14, '0');
  const uint64_t rejected = std::strtoull(digits.c_str(), nullptr, 16);
  return std::ldexp(1.0, 56) / (std::ldexp(1.0, 56) - static_cast<double>(rejected));
}

}  // namespace edgespan::testing
