// The runs of a workload as tapes, and one run's way through the core, phase by phase: what the native
// benchmarks time and count.
//
// A run is committed as the shim does it, in tapes of at most kCommitWords words, big strings as UTF-8;
// each destination's batches are cut and answered with 200 and no body. The core is one per process, and
// keys stay interned in it: tapes may be committed again and again.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "edgespan/otlp/response.h"
#include "edgespan/pipeline/accounting.h"
#include "tools/dialects.h"
#include "tools/mastra_tape.h"
#include "tools/tape_writer.h"
#include "wasm/abi.h"

namespace edgespan::bench {

// A benchmark of something that fails measures nothing.
inline void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "native benchmark: %s\n", what);
  std::abort();
}

struct Run {
  std::vector<tools::Tape> tapes;
  uint32_t spans = 0;  // that end
};

inline std::vector<Run> ReadRuns(const std::string& path) {
  constexpr size_t kCommitWords = 16 * 1024;
  std::ifstream file(path, std::ios::binary);
  const tools::Json json = tools::Json::parse(file, nullptr, /*allow_exceptions=*/false);
  Require(json.is_array() && !json.empty(), "no workload: tests/bench/native/run makes them");
  std::vector<Run> runs;
  for (const tools::Json& events : json) {
    Run run;
    tools::TapeWriter tape;
    for (const tools::Json& event : events) {
      if (!tools::WriteMastraEvent(&tape, event)) continue;
      if (event["type"] == "span_ended") ++run.spans;
      if (tape.word_count() >= kCommitWords) run.tapes.push_back(tape.Take());
    }
    if (!tape.empty()) run.tapes.push_back(tape.Take());
    Require(run.spans > 0, "a run without spans");
    runs.push_back(std::move(run));
  }
  return runs;
}

// The configuration of an exporter with a destination for each dialect; the limit in bytes of a value,
// 0 for none; further settings of each destination, as JSON.
inline tools::Tape Config(std::initializer_list<const char*> dialects, uint32_t limit = 0,
                          const char* settings = "{}") {
  const tools::Json more = tools::Json::parse(settings);
  tools::TapeWriter tape;
  tape.Config();
  tape.Object(kKeyResource);
  tape.String(tape.Key("service.name"), "bench");
  tape.End();
  tape.Object(kKeyScope);
  tape.String(kKeyName, "edgespan");
  tape.End();
  if (limit != 0) {
    tape.Object(kKeyLimits);
    tape.Number(kKeyAttributeValueLengthLimit, limit);
    tape.End();
  }
  tape.Array(kKeyDestinations);
  for (const char* const dialect : dialects) {
    tape.Object();
    tape.String(kKeyDialect, tools::DialectText(dialect));
    for (const auto& [name, value] : more.items()) {
      tools::WriteJson(&tape, tape.Key(name), value);
    }
    tape.End();
  }
  tape.End();
  tape.End();
  return tape.Take();
}

inline uint32_t Open(const tools::Tape& config) {
  const int32_t exporter = tools::OpenExporterTape(config);
  Require(exporter > 0, "the core refuses the configuration");
  return static_cast<uint32_t>(exporter);
}

// ---- The phases of a run; only the calls into the core belong to them ----

inline void Commit(uint32_t exporter, const tools::Tape& tape) {
  const int32_t committed =
      edgespan_commit(exporter, static_cast<uint32_t>(tape.words.size()),
                      static_cast<uint32_t>(tape.doubles.size()), tape.rope_at,
                      static_cast<uint32_t>(tape.text.size()) - tape.rope_at, tape.rope_units);
  Require(committed >= 0, "commit");
}

// The next batch of a destination, 0 when there is none.
inline uint32_t Cut(uint32_t exporter, uint32_t destination) {
  const int32_t batch = edgespan_cut(exporter, destination, 0, 0, 0);
  Require(batch >= 0, "cut");
  return static_cast<uint32_t>(batch);
}

inline void Judge(uint32_t batch) {
  const auto other = static_cast<uint32_t>(otlp::BodyKind::kOther);
  const int32_t verdict = edgespan_judge(batch, 200, other, 0, 0, 0, 25'000, 0);
  Require(verdict == static_cast<int32_t>(otlp::Verdict::kAccepted), "judge");
  Require(edgespan_release(batch, 0) >= 0, "release");
}

// A run through all phases; `Meter` is told which one begins. Returns the bytes of all bodies.
template <class Meter>
uint32_t Pass(uint32_t exporter, uint32_t destinations, const Run& run, Meter* meter) {
  uint32_t bytes = 0;
  for (const tools::Tape& tape : run.tapes) {
    Require(tools::LendTape(tape) >= 0, "lend");  // the host's part
    meter->Begin("commit");
    Commit(exporter, tape);
    meter->End();
  }
  // A workload's recorded runs may hold traces that never close.
  Require(edgespan_close(exporter, UINT32_MAX) >= 0, "close");
  for (uint32_t destination = 0; destination < destinations; ++destination) {
    for (;;) {
      meter->Begin("cut");
      const uint32_t batch = Cut(exporter, destination);
      meter->End();
      if (batch == 0) break;
      bytes += static_cast<uint32_t>(tools::BatchView(batch).body.size());
      meter->Begin("judge");
      Judge(batch);
      meter->End();
    }
  }
  return bytes;
}

// All that ended was accepted, or left out as it should: what a run cost is the cost of the whole run.
inline void RequireDelivered(uint32_t exporter) {
  Require(edgespan_stats(exporter, 0) >= 0, "stats");
  const uint32_t* const stats = tools::CoreResult();
  const auto stat = [stats](Stat field) { return stats[static_cast<uint32_t>(field)]; };
  const auto dropped = [stats](LossReason reason) {
    return stats[static_cast<uint32_t>(Stat::kDropped) + static_cast<uint32_t>(reason)];
  };
  const uint32_t left_out = dropped(LossReason::kLeftOut) + dropped(LossReason::kSampled);
  Require(stat(Stat::kAccepted) + left_out == stat(Stat::kEnded), "spans were lost");
}

}  // namespace edgespan::bench
