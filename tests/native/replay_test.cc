// Recorded Mastra runs through the whole core: every span that ended arrives exactly once, under
// its own ids and times, in a body that the protobuf parser and our schema accept.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "edgespan/otlp/otlp.pb.h"
#include "tests/support/core_session.h"
#include "tools/mastra_tape.h"
#include "tools/unknown_fields.h"

namespace edgespan {
namespace {

using testing::CoreSession;
using tools::Json;
using tools::TapeWriter;

std::vector<std::filesystem::path> EventFiles() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(EDGESPAN_TEST_DATA) + "/mastra-events")) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string FromHex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

uint64_t Nanoseconds(const Json& date) {
  return static_cast<uint64_t>(tools::ParseIsoDate(date.get<std::string>())) * 1'000'000;
}

TEST_CASE("dates of JSON are dates again", "[replay]") {
  CHECK(tools::ParseIsoDate("1970-01-01T00:00:00.000Z") == 0);
  CHECK(tools::ParseIsoDate("2026-11-20T07:57:09.119Z") == 1795161429119);
  CHECK(tools::ParseIsoDate("2024-02-29T23:59:59.999Z") == 1709251199999);
  CHECK(tools::ParseIsoDate("1969-12-31T23:59:59.999Z") == -1);
  for (const char* text : {"", "2024-02-30T00:00:00.000Z", "2026-11-20", "2026-11-20T07:57:09.119",
                           "2026-11-20T07:57:09.119Zx"}) {
    CHECK(std::isnan(tools::ParseIsoDate(text)));
  }
}

TEST_CASE("recorded runs arrive whole", "[replay]") {
  const auto files = EventFiles();
  REQUIRE(files.size() >= 12);
  for (const auto& file : files) {
    // Once in one tape, once event by event: where a tape ends must not matter.
    std::string bodies[2];
    for (const bool piecemeal : {false, true}) {
      INFO(file.filename() << (piecemeal ? ", event by event" : ""));
      std::ifstream in(file);
      const Json events = Json::parse(in);
      CoreSession core({.service = file.filename()});
      REQUIRE(core.id() > 0);
      TapeWriter tape;
      std::map<std::string, Json> ended;
      for (const Json& event : events) {
        if (!tools::WriteMastraEvent(&tape, event)) continue;
        const Json& span = event["exportedSpan"];
        if (event["type"] == "span_ended") {
          REQUIRE(ended.emplace(FromHex(span["id"]), span).second);
        }
        if (piecemeal) REQUIRE(core.Commit(&tape) >= 0);
      }
      REQUIRE(ended.size() >= 3);
      if (!piecemeal) REQUIRE(core.Commit(&tape) >= 0);
      // The root ended last in every recording, so nothing is left open.
      CHECK(core.Close() == 0);

      size_t arrived = 0;
      for (const auto& batch : core.CutAll()) {
        bodies[piecemeal] += batch.body;
        otlp::pb::ExportTraceServiceRequest request;
        REQUIRE(request.ParseFromString(batch.body));
        CHECK(tools::UnknownFields(batch.body).empty());
        CHECK(request.SerializeAsString() == batch.body);
        for (const auto& resource_spans : request.resource_spans()) {
          for (const auto& scope_spans : resource_spans.scope_spans()) {
            for (const auto& got : scope_spans.spans()) {
              ++arrived;
              const auto found = ended.find(got.span_id());
              REQUIRE(found != ended.end());
              const Json span = found->second;
              ended.erase(found);
              CHECK(got.trace_id() == FromHex(span["traceId"]));
              const auto parent =
                  span.contains("parentSpanId") ? "parentSpanId" : "externalParentSpanId";
              CHECK(got.parent_span_id() == FromHex(span.value(parent, "")));
              CHECK(got.start_time_unix_nano() == Nanoseconds(span["startTime"]));
              CHECK(got.end_time_unix_nano() ==
                    Nanoseconds(span.contains("endTime") ? span["endTime"] : span["startTime"]));
              // Mastra gives what its provider failed no errorInfo of its own.
              const std::string type = span["type"];
              const bool refused = type.rfind("model_", 0) == 0 && type != "model_chunk" &&
                                   span["attributes"].value("finishReason", "") == "error";
              CHECK((got.status().code() == otlp::pb::Status::STATUS_CODE_ERROR) ==
                    (span.contains("errorInfo") || refused));
            }
          }
        }
        CHECK(arrived > 0);
      }
      CHECK(ended.empty());
      const auto stats = core.ReadStats();
      CHECK(stats.Balanced());
      CHECK(stats[Stat::kAccepted] == arrived);
    }
    CHECK(bodies[0] == bodies[1]);
  }
}

}  // namespace
}  // namespace edgespan
