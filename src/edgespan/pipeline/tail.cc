// Tail sampling: whether a destination gets a run is decided once, when the run has ended and is first
// to be cut; or earlier, by what is known then, when memory is short. The decision holds for the rest
// of the run, and nothing of the run leaves before it. Of runs that left it is remembered for a while.
//
//   a rule keeps it          it would be kept anyway: its weight is the head's alone
//   else its randomness does the weight of the larger of both thresholds, if both go by that
//   else a rate does         nobody knows how likely that was: no weight
//   else it is left out
#include "edgespan/otlp/figures.h"
#include "edgespan/pipeline/pipeline.h"
#include "edgespan/sampling/trace_state.h"
#include "edgespan/semconv/generation.h"

namespace edgespan {

bool Pipeline::Keeps(const Trace& trace, On on, const Node* rule) {
  const RecordContext context = {&arena_, &keys_};
  double sum = 0;
  for (uint32_t at = trace.first; at != 0;) {
    const SpanRecord& span = *arena_.At<SpanRecord>(at);
    at = span.next;
    if (on == On::kRate) {
      // The first one stands for the run: in Mastra's words, if it has any.
      if (IsRunsRoot(arena_, span)) return HasRoom(rule, span);
    } else if (on != On::kTokens && on != On::kCost) {
      if (edgespan::Keeps(context, on, rule, span)) return true;
    } else if (IsModelCall(arena_, *arena_.At<TreeNode>(span.tree), trace.strays)) {
      const Node* const of = FindMember(span, kKeyAttributes);
      const Node* const usage = FindMember(of, kKeyUsage);
      sum += on == On::kCost
                 ? NumberOf(arena_, otlp::CostInDollars(arena_, FindMember(of, kKeyCostContext)))
                 : NumberOf(arena_, FindMember(usage, kKeyInputTokens)) +
                       NumberOf(arena_, FindMember(usage, kKeyOutputTokens));
    }
  }
  return (on == On::kTokens || on == On::kCost) &&
         sum >= NumberOf(arena_, FindMember(rule, kKeyAtLeast));
}

bool Pipeline::HasRoom(const Node* rule, const SpanRecord& root) {
  const On by = OnOf(arena_, rule, kKeyBy);
  const double most = NumberOf(arena_, FindMember(rule, kKeyPerMinute));
  Node name;
  const Node* const keys = ValueOf({&arena_, &keys_}, by, rule, root, &name);
  for (const Node* key = nullptr; (key = NextItem(keys, key)) != nullptr;) {
    const std::string_view text = SpellingOf(arena_, key);
    // FNV-1a; keys of two rules are two.
    uint32_t hash = arena_.OffsetOf(rule) + (text.empty() ? key->a : 0);
    for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x01000193;
    if (rates_.Take(hash, now_ / 60 + 1, most)) return true;
  }
  return false;
}

Threshold Pipeline::Judge(const Trace& trace, const Node* tail, const SpanRecord* score) {
  const Threshold ratio = ThresholdOfRatio(NumberOf(arena_, FindMember(tail, kKeyRatio)));
  const uint64_t random = RandomnessOf(trace.trace_id, TextOf(arena_, trace.state));
  Threshold kept = random >= Rejected(ratio) ? ratio : kLeftOut;
  // How likely both together were.
  if (trace.apart && kept > kApplied) kept = kNoThreshold;
  const Node* const rules = FindMember(tail, kKeyKeep);
  // What is kept otherwise takes no room of a rate.
  for (uint32_t rates = 0; rates < (kept == kLeftOut ? 2 : 1); ++rates) {
    for (const Node* rule = nullptr; (rule = NextItem(rules, rule)) != nullptr;) {
      const On on = OnOf(arena_, rule, kKeyOn);
      if ((on == On::kRate) != (rates != 0)) continue;
      if (!(on == On::kScore
                ? score != nullptr && edgespan::Keeps({&arena_, &keys_}, on, rule, *score)
                : score == nullptr && Keeps(trace, on, rule))) {
        continue;
      }
      return rates != 0 ? kNoThreshold : kApplied;
    }
  }
  return score != nullptr ? kUndecided : kept;
}

void Pipeline::Follow(Trace* trace) {
  for (uint32_t i = 1; i <= kPasts; ++i) {
    const Past& past = pasts_[(past_ - i) % kPasts];
    if (past.exporter != trace->exporter->handle || !(past.trace_id == trace->trace_id)) continue;
    trace->decision = past.decision;
    return;
  }
}

void Pipeline::Decide(Trace* trace, const SpanRecord* score) {
  const Exporter& exporter = *trace->exporter;
  if (exporter.config.empty()) return;
  for (uint32_t d = 0; d < exporter.destination_count; ++d) {
    const uint32_t tail = exporter.destinations[d].tail;
    if (tail == 0) continue;
    Threshold* const decided = &trace->decision.tail[d];
    if (*decided == kUndecided) *decided = Judge(*trace, arena_.At<Node>(tail), score);
    // What came since an early decision, too.
    if (*decided == kLeftOut) {
      NextToLeave(*trace, d, trace->first);
      trace->left_early = true;
    }
  }
  // Once, when it is about to be cut; parts without a root are no run.
  if (trace->closed && !trace->cutting) {
    Past& past = pasts_[past_++ % kPasts];
    past.decision = trace->decision;
    past.exporter = exporter.handle;
    past.trace_id = trace->trace_id;
  }
}

}  // namespace edgespan
