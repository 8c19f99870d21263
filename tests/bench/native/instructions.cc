// Runs each workload through the core under callgrind, which dumps the instructions of each phase; see
// run, which reads the dumps. Prints a line for each: its name, spans and bytes of bodies.
//
//   edgespan-core-instructions DIR      the workloads, as workloads.ts writes them
#include <valgrind/callgrind.h>

#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/native/core_run.h"

namespace edgespan::bench {
namespace {

// Collects in one phase and nowhere else (run starts callgrind with --collect-atstart=no).
class Collector {
 public:
  explicit Collector(std::string_view phase) : phase_(phase) {}
  void Begin(std::string_view phase) {
    on_ = phase == phase_;
    if (on_) CALLGRIND_TOGGLE_COLLECT;
  }
  void End() {
    if (on_) CALLGRIND_TOGGLE_COLLECT;
    on_ = false;
  }

 private:
  std::string_view phase_;
  bool on_ = false;
};

struct Case {
  const char* name;
  std::initializer_list<const char*> dialects;
  uint32_t limit = 0;           // of a value's bytes; 0: none
  const char* settings = "{}";  // of each destination, beyond its dialect
};

struct Workload {
  const char* name;
  std::vector<Run> runs;
};

void Count(const std::vector<Workload>& workloads, const Case& one) {
  const uint32_t exporter = Open(Config(one.dialects, one.limit, one.settings));
  const auto destinations = static_cast<uint32_t>(one.dialects.size());
  for (const auto& [workload, runs] : workloads) {
    // The first pass grows memory and interns keys; the others are as in an isolate at work.
    for (const char* const phase : {"", "commit", "cut", "judge"}) {
      Collector collector(phase);
      uint32_t spans = 0;
      uint32_t bytes = 0;
      for (const Run& run : runs) {
        spans += run.spans;
        bytes += Pass(exporter, destinations, run, &collector);
      }
      RequireDelivered(exporter);
      if (*phase == '\0') continue;
      const std::string name = std::string(workload) + " " + one.name + " " + phase;
      CALLGRIND_DUMP_STATS_AT(name.c_str());
      std::printf("%s %u %u\n", name.c_str(), spans, bytes);
    }
  }
}

}  // namespace
}  // namespace edgespan::bench

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: edgespan-core-instructions DIR\n", stderr);
    return 2;
  }
  using edgespan::bench::Case;
  // Made before anything is counted: reading JSON takes longer than all that follows.
  std::vector<edgespan::bench::Workload> workloads;
  for (const char* const name : {"W1", "W2", "W2U", "W3", "W4"}) {
    const std::string path = std::string(argv[1]) + "/" + name + ".json";
    workloads.push_back({name, edgespan::bench::ReadRuns(path)});
  }
  CALLGRIND_START_INSTRUMENTATION;
  for (const Case& one :
       {Case{"genai", {"genai"}}, Case{"openinference", {"openinference"}},
        Case{"langfuse", {"langfuse"}}, Case{"native", {"native"}}, Case{"limits", {"genai"}, 256},
        Case{"two", {"genai", "langfuse"}},
        Case{"redaction", {"genai"}, 0, R"({"redact": {"hooks": 1, "actions": "22222222220"}})"},
        Case{"tail", {"genai"}, 0, R"({"tail": {"ratio": 0, "keep": [{"on": "tripwire"}]}})"}}) {
    edgespan::bench::Count(workloads, one);
  }
  return 0;
}
