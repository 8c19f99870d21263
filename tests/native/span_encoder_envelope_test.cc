// SpanEncoder: a span's name and kind, and whose child it is.
#include <string>

#include <catch2/catch.hpp>

#include "tests/support/encoded_spans.h"

namespace edgespan {
namespace {

using testing::AttributesOf;
using testing::CoreLab;
using testing::EncodedRun;
using testing::HexOf;
using testing::Json;
using testing::Span;
using PbSpan = otlp::pb::Span;

TEST_CASE("encoder: names of spans") {
  struct Case {
    const char* type;
    Json members;
    const char* name;
  };
  const Json entity = {{"entityId", "id"}, {"entityName", "Name"}};
  const Case cases[] = {
      {"agent_run", entity, "invoke_agent Name"},
      {"agent_run", {{"entityId", "id"}}, "invoke_agent id"},
      {"agent_run", {{"name", "agent run: 'x'"}}, "agent run x"},
      {"workflow_run", entity, "invoke_workflow Name"},
      {"workflow_step", entity, "workflow_step id"},
      {"workflow_step", {{"entityName", "Name"}, {"name", "step: 'x'"}}, "step x"},
      {"tool_call", entity, "execute_tool Name"},
      {"client_tool_call", entity, "execute_tool Name"},
      {"model_inference", {{"attributes", {{"model", "m"}}}, {"entityId", "id"}}, "chat m"},
      {"model_inference", {{"name", "llm: 'x'"}}, "llm x"},
      {"model_generation", {{"attributes", {{"model", "m"}}}}, "chat m"},
      {"rag_embedding", {{"attributes", {{"model", "m"}}}}, "embeddings m"},
      {"model_step", entity, "agent_step Name"},
      {"workflow_sleep", {{"entityId", "id"}, {"name", "sleep"}}, "sleep"},
      {"workflow_conditional", {{"entityId", "id"}, {"name", "c"}}, "c"},
      {"workflow_conditional_eval", {{"entityId", "id"}, {"name", "c"}}, "c"},
      {"workflow_parallel", {{"entityId", "id"}, {"name", "c"}}, "c"},
      {"workflow_loop", {{"entityId", "id"}, {"name", "c"}}, "c"},
      {"workflow_wait_event", {{"entityId", "id"}, {"name", "c"}}, "c"},
      {"generic", {{"name", "a/b:c(d)[e]{f}'g'\"h\"!_-. 1"}}, "abcdefgh_-. 1"},
      {"generic", {{"name", "w\xc3\xa4ther \xf0\x9f\x98\x80"}}, "w\xc3\xa4ther \xf0\x9f\x98\x80"},
      // Never empty: receivers refuse that.
      {"generic", {{"name", "':'"}}, "generic"},
      {"custom_type", {{"name", ""}}, "custom_type"},
  };
  for (const Case& c : cases) {
    INFO(c.type << " " << c.members.dump());
    CoreLab lab;
    CHECK(lab.Encode(Span("1", "", c.type, c.members)).name() == c.name);
  }
}

TEST_CASE("encoder: kinds") {
  const auto kind = [](const char* type) {
    CoreLab lab;
    return lab.Encode(Span("1", "", type)).kind();
  };
  for (const char* type :
       {"model_inference", "model_generation", "rag_embedding", "mcp_tool_call"}) {
    CHECK(kind(type) == PbSpan::SPAN_KIND_CLIENT);
  }
  CHECK(kind("mcp_server_request") == PbSpan::SPAN_KIND_SERVER);
  for (const char* type : {"agent_run", "tool_call", "model_step", "generic", "custom_type"}) {
    CHECK(kind(type) == PbSpan::SPAN_KIND_INTERNAL);
  }
}

TEST_CASE("encoder: the child of a span that nobody announced hangs below the root, and says so") {
  auto run = EncodedRun({Span("1", "", "agent_run"), Span("2", "f", "generic"),
                         Span("3", "2", "generic"), Span("4", "1", "generic")});
  const auto parent_of = [&](const char* id) { return HexOf(run[id].parent_span_id()).substr(15); };
  const auto missing = [&](const char* id) {
    const Json a = AttributesOf(run[id].attributes());
    constexpr char kName[] = "edgespan.missing_parent_span_id";
    return a.contains(kName) ? a[kName] : Json(nullptr);
  };
  CHECK(parent_of("2") == "1");
  CHECK(missing("2") == "000000000000000f");
  CHECK(parent_of("3") == "2");
  CHECK(missing("3") == nullptr);
  CHECK(parent_of("4") == "1");
  CHECK(missing("1") == nullptr);

  // A parent that ended after its child was announced by that.
  CoreLab lab;
  lab.End(Span("3", "2", "generic"));
  lab.End(Span("2", "1", "generic"));
  lab.End(Span("1", "", "agent_run"));
  for (const PbSpan& span : lab.Take()) {
    const std::string id = HexOf(span.span_id()).substr(15);
    if (id == "3") CHECK(HexOf(span.parent_span_id()).substr(15) == "2");
  }
  // Without a root there is nothing to hang it to; a root has nothing above it to look for.
  lab.End(Span("6", "e", "generic"));
  CHECK(HexOf(lab.Take()[0].parent_span_id()).substr(15) == "e");
  Json root = Span("7", "", "agent_run");
  root["parentSpanId"] = "e";
  lab.End(root);
  CHECK(HexOf(lab.Take()[0].parent_span_id()).substr(15) == "e");
}

}  // namespace
}  // namespace edgespan
