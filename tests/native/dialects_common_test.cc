// What dialects tell in words of their own but by one rule: whose a run was, sessions, costs; and
// keys of no table.
#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include "edgespan/model/keys.h"
#include "tests/support/dialect_run.h"

namespace edgespan {
namespace {

using testing::AgentRun;
using testing::AttributesOf;
using testing::CoreLab;
using testing::Has;
using testing::Json;
using testing::Span;
using testing::Spans;
using testing::Told;

TEST_CASE("dialects: whose it was is on every span, usage on model calls alone") {
  const std::pair<const char*, const char*> words[] = {
      {"genai", "gen_ai.usage.input_tokens"},
      {"openinference", "llm.token_count.prompt"},
      {"langfuse", "langfuse.observation.usage_details"},
      {"lemma", "llm.token_count.prompt"},
      {"langsmith", "langsmith.usage_metadata"},
      {"braintrust", "braintrust.metrics"},
      {"laminar", "gen_ai.usage.input_tokens"},
      {"posthog", "gen_ai.usage.input_tokens"},
      {"datadog", "gen_ai.usage.input_tokens"},
      {"dash0", "gen_ai.usage.input_tokens"},
      {"traceloop", "llm.usage.total_tokens"},
      {"mlflow", "gen_ai.usage.input_tokens"},
      {"agnost", "gen_ai.usage.input_tokens"},
  };
  for (const auto& [dialect, usage] : words) {
    for (const auto& [id, a] : Told(dialect)) {
      INFO(dialect << " " << id);
      CHECK(a.contains(usage) == (id == "4" || id == "8"));
      CHECK(a["session.id"] == "t1");
      CHECK(a["user.id"] == "u1");
    }
  }
}

TEST_CASE("dialects: a cost counts where it is in US dollars, of a call and of its run") {
  const std::pair<const char*, Json> units[] = {
      {"usd", 0.5}, {"USD", 0.5}, {"eur", nullptr}, {"", nullptr}};
  for (const auto& [unit, sum] : units) {
    INFO(unit);
    auto run = AgentRun();
    for (Json& span : run) {
      if (span["type"] == "model_inference") span["attributes"]["costContext"]["costUnit"] = unit;
    }
    auto spans = Spans({{"dialect", "sentry"}}, run);
    Has(AttributesOf(spans["1"].attributes()), {{"gen_ai.cost.total_tokens", sum}});
    Has(AttributesOf(spans["8"].attributes()),
        {{"gen_ai.cost.total_tokens", sum.is_null() ? sum : Json(0.25)}});
  }
}

TEST_CASE("dialects: the session is the first of what may name it") {
  const auto told = [](const Json& members) {
    CoreLab lab;
    return AttributesOf(lab.Encode(Span("1", "", "agent_run", members)).attributes());
  };
  const Json conversation = {{"conversationId", "c"}};
  CHECK(told({{"attributes", conversation}})["session.id"] == "c");
  CHECK(told({{"attributes", conversation}, {"metadata", {{"threadId", "t"}}}})["session.id"] ==
        "t");
  CHECK(told({{"attributes", conversation}, {"metadata", {{"sessionId", "s"}}}})["session.id"] ==
        "s");
  const Json all =
      told({{"attributes", conversation},
            {"metadata",
             {{"threadId", "t"}, {"sessionId", "s"}, {"userId", "u"}, {"resourceId", "r"}}}});
  Has(all, {{"session.id", "s"}, {"user.id", "u"}, {"gen_ai.conversation.id", "t"}});
}

TEST_CASE("dialects: a key that is in no table does not stand for another") {
  CoreLab lab;
  const std::string inlined(KeyTable::kMaxBytes + 1, 'k');
  const Json metadata = {{inlined, "x"}, {"threadId", "t"}, {"resourceId", "r"}};
  const Json a =
      AttributesOf(lab.Encode(Span("1", "", "agent_run", {{"metadata", metadata}})).attributes());
  Has(a, {{"session.id", "t"}, {"user.id", "r"}, {"mastra.metadata." + inlined, "x"}});
}

}  // namespace
}  // namespace edgespan
