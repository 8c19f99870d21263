// Times of the core's phases, per span: commit, cut by dialect, judging, configuration. A phase is timed
// by itself while whole runs pass; inputs alternate, as one input over and over would teach the branch
// predictor its text.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/native/core_run.h"

namespace edgespan::bench {
namespace {

class Stopwatch {
 public:
  explicit Stopwatch(std::string_view phase) : phase_(phase) {}
  void Begin(std::string_view phase) {
    on_ = phase_ == phase;
    if (on_) since_ = std::chrono::steady_clock::now();
  }
  void End() {
    if (on_) total_ += std::chrono::steady_clock::now() - since_;
    on_ = false;
  }
  double seconds() const { return std::chrono::duration<double>(total_).count(); }

 private:
  std::string_view phase_;
  bool on_ = false;
  std::chrono::steady_clock::time_point since_;
  std::chrono::steady_clock::duration total_{};
};

// The runs of a workload, read once.
const std::vector<Run>& Runs(const std::string& workload) {
  static std::map<std::string, std::vector<Run>> known;
  auto& runs = known[workload];
  if (runs.empty()) {
    const char* const directory = std::getenv("EDGESPAN_WORKLOADS");
    Require(directory != nullptr, "EDGESPAN_WORKLOADS is not set: run tests/bench/native/run");
    runs = ReadRuns(std::string(directory) + "/" + workload + ".json");
  }
  return runs;
}

// Every run of a workload once in an iteration, of which one phase is timed.
void BM_Phase(benchmark::State& state, const char* workload, const char* dialect,
              const char* phase) {
  const std::vector<Run>& runs = Runs(workload);
  const uint32_t exporter = Open(Config({dialect}));
  int64_t spans = 0;
  for (auto _ : state) {
    Stopwatch watch(phase);
    for (const Run& run : runs) {
      Pass(exporter, 1, run, &watch);
      spans += run.spans;
    }
    state.SetIterationTime(watch.seconds());
  }
  RequireDelivered(exporter);
  state.counters["per_span"] = benchmark::Counter(
      static_cast<double>(spans), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// What an exporter that is made anew costs the core: its configuration read, its resource encoded, an
// idle one evicted.
void BM_Open(benchmark::State& state, const char* dialect) {
  const tools::Tape config = Config({dialect});
  for (auto _ : state) benchmark::DoNotOptimize(Open(config));
}

const int registered = [] {
  for (const char* const workload : {"W1", "W2", "W2U", "W3", "W4"}) {
    const auto add = [workload](const char* dialect, const char* phase) {
      const std::string name = std::string(workload) + "/" + phase + "/" + dialect;
      benchmark::RegisterBenchmark(name.c_str(), BM_Phase, workload, dialect, phase)
          ->UseManualTime()
          ->Unit(benchmark::kMicrosecond);
    };
    add("genai", "commit");
    for (const char* const dialect : {"genai", "openinference", "langfuse", "native"}) {
      add(dialect, "cut");
    }
    add("genai", "judge");
  }
  for (const char* const dialect : {"genai", "langfuse"}) {
    benchmark::RegisterBenchmark((std::string("open/") + dialect).c_str(), BM_Open, dialect);
  }
  return 0;
}();

}  // namespace
}  // namespace edgespan::bench
