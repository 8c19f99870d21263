// CoreSession: the core behind its C ABI, as native tests and fuzzers drive it: open an exporter,
// commit tapes, take the batches, read the totals. The core itself is one per process.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "edgespan/otlp/otlp.pb.h"
#include "edgespan/otlp/response.h"
#include "edgespan/pipeline/accounting.h"
#include "edgespan/pipeline/pipeline.h"
#include "tools/tape_writer.h"
#include "wasm/abi.h"

namespace edgespan::testing {

struct ExporterConfig {
  std::string service = "oracle";
  uint32_t max_spans = 0;  // 0: the core's default
  uint32_t max_bytes = 0;
  bool whole = false;             // wants runs whole
  std::string dialect = "genai";  // or a text (semconv/layer.h)
  bool tight_limits = false;      // a few attributes of a few bytes, one event, one link
  bool own_settings = false;      // the destination has limits and a resource of its own
  bool tail = false;              // it gets half of all runs, and those of rules of every kind
};

class CoreSession {
 public:
  // A failed open leaves id() negative.
  explicit CoreSession(const ExporterConfig& config) {
    tools::TapeWriter tape;
    tape.Config();
    tape.Object(kKeyResource);
    tape.String(tape.Key("service.name"), config.service);
    tape.End();
    tape.Object(kKeyScope);
    tape.String(kKeyName, "edgespan.test");
    tape.String(kKeyVersion, "1");
    tape.End();
    if (config.tight_limits) {
      tape.Object(kKeyLimits);
      tape.Number(kKeyAttributeCountLimit, 6);
      tape.Number(kKeyAttributeValueLengthLimit, 7);
      tape.Number(kKeyEventCountLimit, 1);
      tape.Number(kKeyLinkCountLimit, 1);
      tape.End();
    }
    tape.Array(kKeyDestinations);
    tape.Object();
    tape.String(kKeyDialect, config.dialect);
    if (config.max_spans != 0) tape.Number(kKeyMaxSpans, config.max_spans);
    if (config.max_bytes != 0) tape.Number(kKeyMaxBytes, config.max_bytes);
    if (config.whole) tape.Bool(kKeyWhole, true);
    if (config.own_settings) {
      tape.Object(kKeyResource);
      tape.String(tape.Key("service.name"), "own");
      tape.String(tape.Key("zone"), "eu");
      tape.End();
      tape.Object(kKeyLimits);
      tape.Number(kKeyAttributeValueLengthLimit, 70);
      tape.Number(kKeyEventCountLimit, 0);
      tape.End();
    }
    if (config.tail) WriteTail(&tape);
    tape.End();
    tape.End();
    tape.End();
    id_ = tools::OpenExporterTape(tape.Take());
  }

  int32_t id() const { return id_; }
  uint32_t exporter() const { return static_cast<uint32_t>(id_); }

  int32_t Commit(tools::TapeWriter* tape) { return tools::CommitTape(exporter(), tape->Take()); }
  int32_t Close() { return edgespan_close(exporter(), UINT32_MAX); }

  struct Batch {
    std::string body;
    uint32_t spans = 0;
  };
  // Cuts one batch of `trace` (0: any closed one), answers it with `http_status` and releases it.
  // False when there was none.
  bool Cut(uint32_t trace, uint32_t http_status, Batch* batch) {
    const int32_t cut = edgespan_cut(exporter(), 0, trace, 0, 0);
    if (cut <= 0) return false;
    const auto id = static_cast<uint32_t>(cut);
    const tools::BatchView view(id);
    batch->body = view.body;
    batch->spans = view.spans;
    edgespan_judge(id, http_status, static_cast<uint32_t>(otlp::BodyKind::kOther), 0, 0, 0, 0, 0);
    edgespan_release(id, 0);
    return true;
  }
  std::vector<Batch> CutAll(uint32_t trace = 0, uint32_t http_status = 200) {
    std::vector<Batch> batches;
    for (Batch batch; Cut(trace, http_status, &batch);) batches.push_back(std::move(batch));
    return batches;
  }

  class Stats {
   public:
    uint32_t operator[](Stat stat) const { return fields_[static_cast<uint32_t>(stat)]; }
    uint32_t dropped(LossReason reason) const {
      return fields_[static_cast<uint32_t>(Stat::kDropped) + static_cast<uint32_t>(reason)];
    }
    uint32_t dropped() const {
      uint32_t sum = 0;
      for (uint32_t i = 0; i < kLossReasons; ++i) sum += dropped(static_cast<LossReason>(i));
      return sum;
    }
    // The one law of accounting.h.
    bool Balanced() const {
      return (*this)[Stat::kEnded] + (*this)[Stat::kReplayed] ==
             (*this)[Stat::kAccepted] + (*this)[Stat::kRejected] + (*this)[Stat::kSpooled] +
                 (*this)[Stat::kPending] + dropped();
    }

   private:
    friend class CoreSession;
    std::array<uint32_t, kStatFields> fields_ = {};
  };
  Stats ReadStats() const {
    Stats stats;
    if (edgespan_stats(exporter(), 0) < 0) return stats;
    memcpy(stats.fields_.data(), tools::CoreResult(), sizeof stats.fields_);
    return stats;
  }

 private:
  static void WriteTail(tools::TapeWriter* tape) {
    static constexpr const char* kBy[] = {"name", "entity", "tag", "metadata"};
    uint32_t next = 0;
    tape->Object(kKeyTail);
    tape->Number(kKeyRatio, 0.5);
    tape->Array(kKeyKeep);
    for (const char* const on : {"error", "tripwire", "slow", "tokens", "cost", "tag", "metadata",
                                 "score", "rate", "rate", "rate", "rate", "?"}) {
      tape->Object();
      tape->String(kKeyOn, on);
      tape->Number(kKeyMs, 1e12);
      tape->Number(kKeyAtLeast, 1e12);
      tape->Number(kKeyBelow, 0);
      tape->Number(kKeyPerMinute, 1);
      tape->String(kKeyBy, kBy[next++ % 4]);  // each of the rates has another
      tape->String(kKeyKey, "userId");
      tape->String(kKeyValue, "x");
      tape->End();
    }
    tape->End();
    tape->End();
  }

  int32_t id_;
};

}  // namespace edgespan::testing
