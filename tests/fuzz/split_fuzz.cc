// Fuzzes the taking of spans out of an encoded request: no bytes may trap it, a part never holds what it
// should not, and of a request that protobuf's own parser accepts it holds exactly the spans asked for.
//
// Input: [from] [count] request...
#include <google/protobuf/stubs/logging.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "edgespan/base/arena.h"
#include "edgespan/otlp/otlp.pb.h"
#include "edgespan/otlp/split.h"

namespace {

using edgespan::Buffer;
using edgespan::PageArena;
namespace pb = edgespan::otlp::pb;

void Require(bool condition) {
  if (!condition) std::abort();
}

constexpr uint32_t kBudget = 4u << 20;
alignas(PageArena::kPageSize) uint8_t g_memory[kBudget + 2 * PageArena::kPageSize];

std::vector<std::string> SpansOf(const pb::ExportTraceServiceRequest& request) {
  std::vector<std::string> spans;
  for (const auto& resource : request.resource_spans()) {
    for (const auto& scope : resource.scope_spans()) {
      for (const auto& span : scope.spans()) spans.push_back(span.SerializeAsString());
    }
  }
  return spans;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  google::protobuf::SetLogHandler(nullptr);  // strings that are not UTF-8 are no news
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2 || size > (1u << 16)) return 0;
  const uint32_t from = data[0];
  const uint32_t count = data[1];
  const std::span<const uint8_t> request(data + 2, size - 2);
  PageArena arena;
  arena.Init(reinterpret_cast<uintptr_t>(g_memory), PageArena::kPageSize, kBudget,
             [](uintptr_t) { return true; });
  Buffer out;
  Require(out.Init(&arena, 64));
  const uint32_t spans = edgespan::otlp::CountSpans(request);
  const bool made = edgespan::otlp::WriteSpans(request, from, count, &out);
  Require(made || spans == 0);
  if (made) {
    const uint32_t rest = from < spans ? spans - from : 0;
    Require(edgespan::otlp::CountSpans({out.data(), out.size()}) == (count < rest ? count : rest));
    pb::ExportTraceServiceRequest whole, part;
    if (whole.ParseFromArray(request.data(), static_cast<int>(request.size()))) {
      Require(part.ParseFromArray(out.data(), static_cast<int>(out.size())));
      const auto all = SpansOf(whole);
      const auto some = SpansOf(part);
      Require(all.size() == spans);
      for (size_t i = 0; i < some.size(); ++i) Require(some[i] == all[from + i]);
    }
  }
  out.Discard();
  return 0;
}
