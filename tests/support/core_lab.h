// CoreLab: a fresh core behind its C ABI, driven with Mastra spans as JSON, for tests that need any
// configuration, several destinations or a budget of their own. The law of accounting.h is checked
// whenever something happens, and again at the end.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "edgespan/otlp/otlp.pb.h"
#include "edgespan/pipeline/accounting.h"
#include "tools/mastra_tape.h"
#include "tools/tape_writer.h"
#include "tools/unknown_fields.h"
#include "wasm/abi.h"

namespace edgespan::testing {

using tools::Json;
using tools::TapeWriter;

inline std::string HexOf(const std::string& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    hex += kDigits[static_cast<uint8_t>(c) >> 4];
    hex += kDigits[static_cast<uint8_t>(c) & 15];
  }
  return hex;
}

// An AnyValue as JSON: text, bool, int, double, array, object; bytes as {"bytes": text}.
inline Json Plain(const otlp::pb::AnyValue& value) {
  using otlp::pb::AnyValue;
  switch (value.value_case()) {
    case AnyValue::kStringValue:
      return value.string_value();
    case AnyValue::kBoolValue:
      return value.bool_value();
    case AnyValue::kIntValue:
      return value.int_value();
    case AnyValue::kDoubleValue:
      return value.double_value();
    case AnyValue::kArrayValue: {
      Json list = Json::array();
      for (const auto& element : value.array_value().values()) list.push_back(Plain(element));
      return list;
    }
    case AnyValue::kKvlistValue: {
      Json object = Json::object();
      for (const auto& entry : value.kvlist_value().values()) {
        object[entry.key()] = Plain(entry.value());
      }
      return object;
    }
    case AnyValue::kBytesValue:
      return Json{{"bytes", value.bytes_value()}};
    case AnyValue::VALUE_NOT_SET:
      break;
  }
  return nullptr;
}

// Attributes as a JSON object; a name that comes twice fails.
template <class Repeated>
Json AttributesOf(const Repeated& attributes) {
  Json object = Json::object();
  for (const auto& attribute : attributes) {
    INFO(attribute.key());
    CHECK(!object.contains(attribute.key()));
    object[attribute.key()] = Plain(attribute.value());
  }
  return object;
}

constexpr char kTraceId[] = "0af7651916cd43dd8448eb211c80319c";

// An ended span; the root of its run when it has no parent.
inline Json Span(const std::string& id, const std::string& parent = "",
                 const std::string& type = "generic", const Json& members = Json::object()) {
  Json span = {{"id", id},
               {"traceId", kTraceId},
               {"name", "span " + id},
               {"type", type},
               {"startTime", "2026-11-20T07:57:09.000Z"},
               {"endTime", "2026-11-20T07:57:09.250Z"},
               {"isEvent", false},
               {"isRootSpan", parent.empty()}};
  if (!parent.empty()) span["parentSpanId"] = parent;
  for (const auto& [name, value] : members.items()) span[name] = value;
  return span;
}

struct Batch {
  uint32_t id = 0;
  std::string body;
  std::vector<otlp::pb::Span> spans;
  otlp::pb::ExportTraceServiceRequest request;
};

class CoreLab {
 public:
  struct Stats {
    std::array<uint32_t, kStatFields> fields = {};

    uint32_t operator[](Stat stat) const { return fields[static_cast<uint32_t>(stat)]; }
    uint32_t dropped(LossReason reason) const {
      return fields[static_cast<uint32_t>(Stat::kDropped) + static_cast<uint32_t>(reason)];
    }
    uint32_t dropped() const {
      uint32_t sum = 0;
      for (uint32_t i = 0; i < kLossReasons; ++i) sum += dropped(static_cast<LossReason>(i));
      return sum;
    }
  };

  // Members of `config` replace those of a minimal configuration (one GenAI destination).
  explicit CoreLab(const Json& config = Json::object(), uint32_t budget = 0) {
    edgespan_reset(budget);
    id_ = Open(config);
    REQUIRE(id_ > 0);
    while (edgespan_stats(id(), destinations_) == 0) ++destinations_;
    REQUIRE(destinations_ > 0);
  }
  ~CoreLab() { CheckBooks(); }
  CoreLab(const CoreLab&) = delete;
  CoreLab& operator=(const CoreLab&) = delete;

  static Json Config(const Json& members) {
    Json config = {{"resource", {{"service.name", "lab"}}},
                   {"scope", {{"name", "edgespan"}, {"version", "1"}}},
                   {"destinations", {{{"dialect", "genai"}}}}};
    for (const auto& [name, value] : members.items()) config[name] = value;
    return config;
  }
  // Another exporter in the same core; its handle or a Status.
  static int32_t Open(const Json& members) { return OpenRaw(Config(members)); }
  static int32_t OpenRaw(const Json& config) {
    TapeWriter tape;
    tape.Config();
    for (const auto& [name, value] : config.items()) {
      const uint32_t key = tape.Key(name);
      tools::WriteJson(&tape, key, value);
    }
    tape.End();
    return tools::OpenExporterTape(tape.Take());
  }

  uint32_t id() const { return static_cast<uint32_t>(id_); }

  // What edgespan_commit() returns.
  int32_t Commit(TapeWriter* tape) {
    const int32_t result = tools::CommitTape(id(), tape->Take());
    last_trace_ = tools::CoreResult()[0];
    CheckBooks();
    return result;
  }
  int32_t Start(const Json& span) { return Event("span_started", span); }
  int32_t End(const Json& span) { return Event("span_ended", span); }
  // The trace that the last item of the last tape went to.
  uint32_t last_trace() const { return last_trace_; }
  // The handle of a trace that this span closed.
  uint32_t EndRoot(const Json& span) {
    const int32_t trace = End(span);
    REQUIRE(trace > 0);
    return static_cast<uint32_t>(trace);
  }

  // The next batch, not judged and not released; its id is 0 when there is none.
  Batch Cut(uint32_t trace = 0, uint32_t destination = 0) {
    Batch batch;
    const int32_t cut = edgespan_cut(id(), destination, trace, 0, 0);
    REQUIRE(cut >= 0);
    CheckBooks();
    if (cut == 0) return batch;
    batch.id = static_cast<uint32_t>(cut);
    const tools::BatchView view(batch.id);
    batch.body = view.body;
    REQUIRE(batch.request.ParseFromString(batch.body));
    CHECK(tools::UnknownFields(batch.body).empty());
    for (const auto& resource_spans : batch.request.resource_spans()) {
      for (const auto& scope_spans : resource_spans.scope_spans()) {
        for (const auto& span : scope_spans.spans()) batch.spans.push_back(span);
      }
    }
    CHECK(batch.spans.size() == view.spans);
    CHECK(!batch.spans.empty());
    return batch;
  }
  void Finish(const Batch& batch, uint32_t http_status = 200) {
    CHECK(edgespan_judge(batch.id, http_status, 0, 0, 0, 0, 0, 0) >= 0);
    CheckBooks();
    CHECK(edgespan_release(batch.id, 0) == 0);
    CheckBooks();
  }
  // Every batch there is, accepted and released.
  std::vector<Batch> TakeBatches(uint32_t trace = 0, uint32_t destination = 0) {
    std::vector<Batch> batches;
    for (Batch batch = Cut(trace, destination); batch.id != 0; batch = Cut(trace, destination)) {
      Finish(batch);
      batches.push_back(std::move(batch));
    }
    return batches;
  }
  // Their spans.
  std::vector<otlp::pb::Span> Take(uint32_t trace = 0, uint32_t destination = 0) {
    std::vector<otlp::pb::Span> spans;
    for (const Batch& batch : TakeBatches(trace, destination)) {
      spans.insert(spans.end(), batch.spans.begin(), batch.spans.end());
    }
    return spans;
  }
  // Ids of the spans, in order, as the last digits of their hex: "1 2 3".
  std::string TakeIds(uint32_t trace = 0, uint32_t destination = 0) {
    std::string ids;
    for (const auto& span : Take(trace, destination)) {
      const std::string hex = HexOf(span.span_id());
      const size_t digit = hex.find_first_not_of('0');
      ids += (ids.empty() ? "" : " ") + hex.substr(digit == std::string::npos ? 15 : digit);
    }
    return ids;
  }

  // One span alone in its own run, encoded.
  otlp::pb::Span Encode(const Json& span) {
    const int32_t trace = End(span);
    REQUIRE(trace >= 0);
    const auto spans = Take(static_cast<uint32_t>(trace));
    REQUIRE(spans.size() == 1);
    return spans[0];
  }

  Stats ReadStats(uint32_t destination = 0) const {
    Stats stats;
    REQUIRE(edgespan_stats(id(), destination) == 0);
    std::memcpy(stats.fields.data(), tools::CoreResult(), sizeof stats.fields);
    return stats;
  }
  void CheckBooks() const {
    for (uint32_t d = 0; d < destinations_; ++d) {
      const Stats stats = ReadStats(d);
      const uint32_t in = stats[Stat::kEnded] + stats[Stat::kReplayed];
      CHECK(in == stats[Stat::kAccepted] + stats[Stat::kRejected] + stats[Stat::kSpooled] +
                      stats[Stat::kPending] + stats.dropped());
      CHECK(stats[Stat::kPending] <= in);
    }
  }

 private:
  int32_t Event(const char* type, const Json& span) {
    TapeWriter tape;
    REQUIRE(tools::WriteMastraEvent(&tape, {{"type", type}, {"exportedSpan", span}}));
    return Commit(&tape);
  }

  int32_t id_ = 0;
  uint32_t last_trace_ = 0;
  uint32_t destinations_ = 0;
};

}  // namespace edgespan::testing
