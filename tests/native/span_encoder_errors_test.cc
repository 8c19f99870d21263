// SpanEncoder: status and exceptions, and the error of a call that its provider failed: it stands
// at an ancestor.
#include <string>

#include <catch2/catch.hpp>

#include "tests/support/encoded_spans.h"

namespace edgespan {
namespace {

using otlp::pb::Status;
using testing::AttributesOf;
using testing::CoreLab;
using testing::EncodedRun;
using testing::Json;
using testing::Span;
using PbSpan = otlp::pb::Span;

Json ExceptionOf(const PbSpan& span) {
  REQUIRE(span.events_size() == 1);
  CHECK(span.events(0).name() == "exception");
  CHECK(span.events(0).time_unix_nano() == span.end_time_unix_nano());
  return AttributesOf(span.events(0).attributes());
}

TEST_CASE("encoder: status without an error") {
  CoreLab lab;
  PbSpan span = lab.Encode(Span("1"));
  CHECK(span.status().code() == Status::STATUS_CODE_OK);
  CHECK(span.status().message().empty());
  CHECK(span.events_size() == 0);
  Json event = Span("1");
  event.erase("endTime");
  event["isEvent"] = true;
  span = lab.Encode(event);
  CHECK(!span.has_status());
}

TEST_CASE("encoder: an error") {
  CoreLab lab;
  const PbSpan span = lab.Encode(Span("1", "", "generic",
                                      {{"errorInfo",
                                        {{"message", "it broke"},
                                         {"name", "TypeError"},
                                         {"stack", "TypeError: it broke\n at x"},
                                         {"domain", "TOOL"},
                                         {"category", "USER"},
                                         {"details", {{"stack", "inner"}, {"a", 1}}}}}}));
  CHECK(span.status().code() == Status::STATUS_CODE_ERROR);
  CHECK(span.status().message() == "it broke");
  CHECK(ExceptionOf(span) == Json({{"exception.message", "it broke"},
                                   {"exception.type", "TypeError"},
                                   {"exception.stacktrace", "TypeError: it broke\n at x"}}));
  const Json a = AttributesOf(span.attributes());
  CHECK(a["error.type"] == "TypeError");
  CHECK(a["error.message"] == "it broke");
  CHECK(a["error.domain"] == "TOOL");
  CHECK(a["error.category"] == "USER");
  CHECK(a["error.details"] == R"({"stack":"inner","a":1})");
  CHECK(!a.contains("error.stack"));
  CHECK(!a.contains("error.name"));
}

TEST_CASE("encoder: errors that say little") {
  struct Case {
    Json error;
    Json exception;
    const char* type;
    const char* message;
  };
  const Case cases[] = {
      {Json::object(), {{"exception.type", "Error"}}, "_OTHER", ""},
      {{{"message", "m"}},
       {{"exception.message", "m"}, {"exception.type", "Error"}},
       "_OTHER",
       "m"},
      {{{"message", "m"}, {"details", {{"stack", "s"}}}},
       {{"exception.message", "m"}, {"exception.type", "Error"}, {"exception.stacktrace", "s"}},
       "_OTHER",
       "m"},
      {{{"id", "E_1"}, {"message", {{"not", "text"}}}},
       {{"exception.message", R"({"not":"text"})"}, {"exception.type", "Error"}},
       "E_1",
       ""},
      {"just text", {{"exception.type", "Error"}}, "_OTHER", ""},
  };
  for (const Case& c : cases) {
    INFO(c.error.dump());
    CoreLab lab;
    const PbSpan span = lab.Encode(Span("1", "", "tool_call", {{"errorInfo", c.error}}));
    CHECK(span.status().code() == Status::STATUS_CODE_ERROR);
    CHECK(span.status().message() == c.message);
    CHECK(ExceptionOf(span) == c.exception);
    CHECK(AttributesOf(span.attributes())["error.type"] == c.type);
  }
}

const Json kRefused = {{"attributes", {{"model", "m"}, {"finishReason", "error"}}}};
Json Failed(const char* message) {
  return {
      {"errorInfo", {{"message", message}, {"id", std::string("ID_") + message}, {"domain", "D"}}}};
}

TEST_CASE("encoder: what a provider failed takes the nearest ancestor's error: call, step, run") {
  auto run = EncodedRun(
      {Span("1", "", "agent_run", Failed("agent")), Span("2", "1", "model_generation", kRefused),
       Span("3", "2", "model_step", kRefused), Span("4", "3", "model_inference", kRefused),
       Span("5", "3", "generic", kRefused)});
  for (const char* const id : {"2", "3", "4"}) {
    const PbSpan& span = run[id];
    CHECK(span.status().code() == Status::STATUS_CODE_ERROR);
    CHECK(span.status().message() == "agent");
    CHECK(ExceptionOf(span)["exception.message"] == "agent");
    const Json a = AttributesOf(span.attributes());
    CHECK(a["error.type"] == "ID_agent");
    CHECK(a["error.message"] == "agent");
    CHECK(a["error.domain"] == "D");
  }
  CHECK(AttributesOf(run["4"].attributes())["gen_ai.response.finish_reasons"] ==
        Json::array({"error"}));
  CHECK(run["5"].status().code() == Status::STATUS_CODE_OK);  // nothing of a model

  run = EncodedRun({Span("1", "", "agent_run", Failed("agent")),
                    Span("2", "1", "model_generation", Failed("generation")),
                    Span("3", "2", "model_step"), Span("4", "3", "model_inference", kRefused)});
  CHECK(run["4"].status().message() == "generation");
  CHECK(run["3"].status().code() == Status::STATUS_CODE_OK);
}

TEST_CASE("encoder: an error that came later is not of a call that was survived") {
  auto run = EncodedRun(
      {Span("1", "", "agent_run", Failed("agent")), Span("2", "1", "model_generation"),
       Span("3", "2", "model_step", kRefused), Span("4", "3", "model_inference", kRefused),
       Span("5", "2", "model_step", kRefused), Span("6", "5", "model_inference", kRefused)});
  for (const char* const id : {"3", "4"}) {
    CHECK(run[id].status().code() == Status::STATUS_CODE_ERROR);
    CHECK(run[id].status().message().empty());
    CHECK(AttributesOf(run[id].attributes())["error.type"] == "_OTHER");
  }
  for (const char* const id : {"5", "6"}) CHECK(run[id].status().message() == "agent");
}

TEST_CASE("encoder: a failed call whose ancestors say nothing") {
  auto run = EncodedRun({Span("1", "", "agent_run"), Span("2", "1", "model_inference", kRefused)});
  CHECK(run["2"].status().code() == Status::STATUS_CODE_ERROR);
  CHECK(run["2"].status().message().empty());
  CHECK(run["2"].events_size() == 0);
  CHECK(AttributesOf(run["2"].attributes())["error.type"] == "_OTHER");
  CHECK(run["1"].status().code() == Status::STATUS_CODE_OK);

  // Its own error comes first.
  Json own = kRefused;
  own["errorInfo"] = {{"message", "own"}};
  run = EncodedRun(
      {Span("1", "", "agent_run", Failed("agent")), Span("2", "1", "model_inference", own)});
  CHECK(run["2"].status().message() == "own");
  CHECK(AttributesOf(run["2"].attributes())["error.type"] == "_OTHER");
}

TEST_CASE("encoder: an ancestor's error of an odd kind is taken for none") {
  for (const Json& odd : {Json("text of an error"), Json(7), Json(true), Json(nullptr), Json(0.5),
                          Json::array({1, {{"message", "no"}}})}) {
    INFO(odd.dump());
    auto run = EncodedRun({Span("1", "", "agent_run", {{"errorInfo", odd}}),
                           Span("2", "1", "model_inference", kRefused)});
    CHECK(run["2"].status().code() == Status::STATUS_CODE_ERROR);
    CHECK(run["2"].status().message().empty());
    CHECK(AttributesOf(run["2"].attributes())["error.type"] == "_OTHER");
  }
}

}  // namespace
}  // namespace edgespan
