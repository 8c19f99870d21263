// OpenTelemetry spans for CoreLab: what js/src/engine/record.ts writes of a span that is not Mastra's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/support/core_lab.h"

namespace edgespan::testing {

constexpr double kOtelStartMs = 1'795'161'429'000;  // that of Span()
constexpr double kOtelEndMs = kOtelStartMs + 250;

struct OtelSpan {
  std::string id;
  std::string parent = {};
  Json members = Json::object();
  uint32_t flags = 0;  // beside kOtel and kHasEnd
  std::string trace_id = kTraceId;
};

// Views both: they outlive what is returned.
inline TapeWriter::Envelope EnvelopeOf(const OtelSpan& span, std::u16string_view name) {
  TapeWriter::Envelope envelope;
  envelope.type = kTypeGeneric;  // any: OpenTelemetry spans have no type of Mastra's
  envelope.flags = tape::kOtel | span.flags;
  envelope.span_id = span.id;
  envelope.parent_id = span.parent;
  envelope.name = name;
  envelope.start_ms = kOtelStartMs;
  envelope.end_ms = kOtelEndMs;
  return envelope;
}

inline int32_t StartOtel(CoreLab* lab, const OtelSpan& span) {
  TapeWriter tape;
  tape.Trace(span.trace_id);
  tape.Start(EnvelopeOf(span, u""));
  tape.End();
  return lab->Commit(&tape);
}

// A text of digits that ends with 'n' is a bigint.
inline void WriteOtelMembers(TapeWriter* tape, const Json& object) {
  for (const auto& [name, value] : object.items()) {
    const uint32_t key = tape->Key(name);
    const std::string text = value.is_string() ? value.get<std::string>() : "";
    if (text.size() > 1 && text.find_first_not_of("-0123456789") == text.size() - 1 &&
        text.back() == 'n') {
      tape->Int64(key, std::stoll(text));
    } else {
      tools::WriteJson(tape, key, value);
    }
  }
}

inline int32_t EndOtel(CoreLab* lab, const OtelSpan& span) {
  const std::u16string name = u"otel " + tools::ToUtf16(span.id);
  TapeWriter::Envelope envelope = EnvelopeOf(span, name);
  envelope.flags |= tape::kHasEnd;
  TapeWriter tape;
  tape.Trace(span.trace_id);
  tape.Span(envelope);
  WriteOtelMembers(&tape, span.members);
  tape.End();
  return lab->Commit(&tape);
}

// Whose root ended.
inline uint32_t EndOtelRoot(CoreLab* lab, OtelSpan span) {
  span.flags |= tape::kIsRoot;
  const int32_t trace = EndOtel(lab, span);
  REQUIRE(trace > 0);
  return static_cast<uint32_t>(trace);
}

inline Json ScopeOf(const std::string& name) { return {{"scope", {{"name", name}}}}; }

}  // namespace edgespan::testing
