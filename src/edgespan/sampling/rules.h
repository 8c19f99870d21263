// Rules: what makes a run one to keep, as a destination's `tail.keep` says it (src/README.md,
// "Configuration"). A rule is an object of the exporter's config record, read whenever a run is judged.
//
// Here is what can be said of one span; what is asked of a whole run (sums, how many there were) is
// pipeline/tail.cc's.
#pragma once

#include <cstdint>
#include <string_view>

#include "edgespan/model/json_text.h"
#include "edgespan/model/record.h"

namespace edgespan {

// A word of the settings, known by its first letter and its length: no two of ours have both.
consteval uint32_t WordOf(std::string_view word) {
  return static_cast<uint8_t>(word[0]) | static_cast<uint32_t>(word.size()) << 8;
}

// What a rule is about: its member `on`, or `by`. One that is about something else keeps nothing.
enum class On : uint32_t {
  kError = WordOf("error"),  // errorInfo, a model call that ended so, or an OpenTelemetry status
  kTripwire = WordOf("tripwire"),  // a processor stopped the agent (Mastra's `tripwireAbort`)
  kSlow = WordOf("slow"),          // the root, or a span of this type and name, took so long
  kScore = WordOf("score"),        // a score of the run (an item with tape::kScore)
  kTag = WordOf("tag"),
  kMetadata = WordOf("metadata"),  // a member of it (of OpenTelemetry's: of the attributes)
  kTokens = WordOf("tokens"),      // of the run's model calls together
  kCost = WordOf("cost"),
  kRate = WordOf("rate"),
  kEntity = WordOf("entity"),
  kName = WordOf("name"),
};
On OnOf(const PageArena& arena, const Node* rule, uint16_t member);

// Whether a span (for kScore: a score) makes its run one to keep; false for what is said of runs.
bool Keeps(const RecordContext& context, On on, const Node* rule, const SpanRecord& span);

// What a span has of kTag (a list), kMetadata, kEntity or kName (that as *name); nullptr for nothing.
const Node* ValueOf(const RecordContext& context, On on, const Node* rule, const SpanRecord& span,
                    Node* name);

}  // namespace edgespan
