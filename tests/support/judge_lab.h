// Batches that are posted and judged, for the tests of what is posted again.
#pragma once

#include <cstdio>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "edgespan/otlp/response.h"
#include "tests/support/core_lab.h"

namespace edgespan::testing {

// Seconds since 1970, and milliseconds that are left of an invocation: more than any wait takes.
constexpr uint32_t kNow = 1'790'000'000;
constexpr uint32_t kPlenty = 25'000;

// Ends `children` spans and their root; the handle of the trace.
inline uint32_t EndRun(CoreLab* lab, uint32_t children) {
  for (uint32_t i = 0; i < children; ++i) {
    char id[12];
    std::snprintf(id, sizeof id, "%x", 16 + i);
    lab->End(Span(id, "1"));
  }
  return lab->EndRoot(Span("1"));
}

// What edgespan_judge() answers.
struct Reply {
  otlp::Verdict verdict;
  uint32_t accepted;
  uint32_t rejected;
  uint32_t wait;
};
inline Reply Judge(CoreLab* lab, uint32_t batch, uint32_t status, uint32_t left = kPlenty,
                   uint32_t retry_after = 0, uint32_t now = kNow, uint32_t random = 0) {
  const int32_t verdict = edgespan_judge(batch, status, 0, 0, retry_after, now, left, random);
  REQUIRE(verdict >= 0);
  const uint32_t* const result = tools::CoreResult();
  const Reply reply = {static_cast<otlp::Verdict>(verdict), result[0], result[1], result[4]};
  lab->CheckBooks();
  return reply;
}
// Ids of the spans that are to be posted, as hex without zeros in front.
inline std::vector<std::string> Posted(uint32_t batch) {
  const tools::BatchView view(batch);
  otlp::pb::ExportTraceServiceRequest request;
  REQUIRE(request.ParseFromString(std::string(view.body)));
  REQUIRE(request.resource_spans_size() == 1);
  REQUIRE(request.resource_spans(0).resource().attributes_size() == 1);
  REQUIRE(request.resource_spans(0).scope_spans(0).scope().name() == "edgespan");
  std::vector<std::string> ids;
  for (const auto& span : request.resource_spans(0).scope_spans(0).spans()) {
    const std::string hex = HexOf(span.span_id());
    ids.push_back(hex.substr(hex.find_first_not_of('0')));
  }
  CHECK(ids.size() == view.spans);
  return ids;
}

// A receiver that refuses requests with certain spans; what happened to a batch there.
struct Receiver {
  std::set<std::string> poison;
  uint32_t status = 400;
  uint32_t requests = 0;
  std::vector<std::string> took;
  size_t most = SIZE_MAX;

  otlp::Verdict Deliver(CoreLab* lab, uint32_t batch) {
    for (;;) {
      const auto ids = Posted(batch);
      bool refused = ids.size() > most;
      for (const auto& id : ids) refused |= poison.count(id) != 0;
      if (!refused) took.insert(took.end(), ids.begin(), ids.end());
      ++requests;
      const Reply reply = Judge(lab, batch, refused ? status : 200);
      if (reply.verdict != otlp::Verdict::kNext) return reply.verdict;
      REQUIRE(requests < 2000);
    }
  }
};

}  // namespace edgespan::testing
