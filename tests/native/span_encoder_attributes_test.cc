// SpanEncoder: what agents, tools, workflows and retrieval say, by hand, and the names of what no
// rule names.
#include <string>

#include <catch2/catch.hpp>

#include "tests/support/encoded_spans.h"

namespace edgespan {
namespace {

using testing::Encoded;
using testing::Json;

TEST_CASE("encoder: agents, tools, workflows, retrieval") {
  Json a = Encoded({{"entityId", "a1"},
                    {"entityName", "Agent"},
                    {"input", "hi"},
                    {"output", {{"text", "hello"}}},
                    {"attributes",
                     {{"instructions", "be brief"},
                      {"availableTools", {"add"}},
                      {"maxSteps", 5},
                      {"conversationId", "c1"}}}},
                   "agent_run");
  CHECK(a["gen_ai.operation.name"] == "invoke_agent");
  CHECK(a["gen_ai.agent.id"] == "a1");
  CHECK(a["gen_ai.agent.name"] == "Agent");
  CHECK(a["gen_ai.system_instructions"] == R"([{"type":"text","content":"be brief"}])");
  CHECK(a["gen_ai.tool.definitions"] == R"([{"type":"function","name":"add"}])");
  CHECK(a["mastra.agent_run.max_steps"] == 5);
  CHECK(a["gen_ai.conversation.id"] == "c1");
  CHECK(a["mastra.agent_run.input"] == "hi");
  CHECK(a["mastra.agent_run.output"] == R"({"text":"hello"})");

  for (const char* type :
       {"tool_call", "mcp_tool_call", "provider_tool_call", "client_tool_call"}) {
    INFO(type);
    a = Encoded({{"entityName", "add"},
                 {"input", {{"a", 1}}},
                 {"output", "3"},
                 {"attributes",
                  {{"toolType", "function"},
                   {"toolDescription", "adds"},
                   {"toolCallId", "c1"},
                   {"mcpServer", "srv"},
                   {"serverVersion", "2"},
                   {"success", false}}}},
                type);
    const std::string own = std::string("mastra.") + type;
    CHECK(a["gen_ai.operation.name"] == "execute_tool");
    CHECK(a["gen_ai.tool.name"] == "add");
    CHECK(a["gen_ai.tool.type"] == "function");
    CHECK(a["gen_ai.tool.description"] == "adds");
    CHECK(a["gen_ai.tool.call.id"] == "c1");
    CHECK(a["gen_ai.tool.call.arguments"] == R"({"a":1})");
    CHECK(a["gen_ai.tool.call.result"] == "3");
    CHECK(a[own + ".success"] == false);
    CHECK(a[own + ".server_version"] == "2");
    const bool mcp = std::string(type) == "mcp_tool_call";
    CHECK(a.value("server.address", "absent") == (mcp ? "srv" : "absent"));
    CHECK(a.value(own + ".server_name", "absent") == (mcp ? "srv" : "absent"));
    CHECK(a.value(own + ".mcp_server", "absent") == (mcp ? "absent" : "srv"));
  }
  a = Encoded({{"attributes",
                {{"mcpMethod", "tools/call"},
                 {"mcpServer", "srv"},
                 {"mcpProtocolVersion", "2025"},
                 {"targetName", "add"}}}},
              "mcp_server_request");
  CHECK(a["mcp.method.name"] == "tools/call");
  CHECK(a["mcp.protocol.version"] == "2025");
  CHECK(a["mastra.mcp_server_request.server_name"] == "srv");
  CHECK(a["mastra.mcp_server_request.target_name"] == "add");
  CHECK(!a.contains("server.address"));
  a = Encoded({{"entityId", "w"}, {"attributes", {{"status", "success"}}}}, "workflow_run");
  CHECK(a["gen_ai.operation.name"] == "invoke_workflow");
  CHECK(a["mastra.workflow_run.status"] == "success");
  a = Encoded({{"entityId", "s"}, {"attributes", {{"entryMetadata", {{"a", false}}}}}},
              "workflow_step");
  CHECK(a["mastra.workflow_step.step_id"] == "s");
  CHECK(a["mastra.workflow_step.entry_metadata"] == R"({"a":false})");
  a = Encoded({{"attributes", {{"untilDate", "2026-11-20T07:57:09.100Z"}}}}, "workflow_sleep");
  CHECK(a["mastra.workflow_sleep.until_date"] == "2026-11-20T07:57:09.100Z");
  a = Encoded({{"attributes",
                {{"model", "e"},
                 {"provider", "openai"},
                 {"dimensions", 3},
                 {"inputCount", 2},
                 {"usage", {{"inputTokens", 4}}}}}},
              "rag_embedding");
  CHECK(a["gen_ai.operation.name"] == "embeddings");
  CHECK(a["gen_ai.request.model"] == "e");
  CHECK(a["gen_ai.provider.name"] == "openai");
  CHECK(a["gen_ai.embeddings.dimension.count"] == 3);
  CHECK(a["mastra.rag_embedding.dimensions"] == 3);
  CHECK(a["mastra.rag_embedding.input_count"] == 2);
  CHECK(a["gen_ai.usage.input_tokens"] == 4);
  a = Encoded({{"attributes", {{"stepIndex", 1}, {"isContinued", true}}}}, "model_step");
  CHECK(a["gen_ai.operation.name"] == "agent_step");
  CHECK(a["mastra.model_step.step_index"] == 1);
  CHECK(a["mastra.model_step.is_continued"] == true);
}

TEST_CASE("encoder: default names") {
  const std::string over(100, 'k');
  const Json a = Encoded({{"someThing", 1},
                          {"HTTPStatus", 2},
                          {"snake_case", 3},
                          {"say \"hi\"", 4},  // an inline key
                          {over, 5},          // too long for the table: inline, too
                          {"camelCased" + over, 6},
                          {"nothing", nullptr},
                          {"attributes", {{"stepIndex", 7}, {"odd \"Key\"", 8}}},
                          {"metadata", {{"camelKept", 9}, {"ODD \"Key\"", 10}}},
                          {"errorInfo", {{"message", "m"}, {"exitCode", 11}, {"name", "E"}}}},
                         "custom_type");
  CHECK(a["mastra.some_thing"] == 1);
  CHECK(a["mastra.h_t_t_p_status"] == 2);
  CHECK(a["mastra.snake_case"] == 3);
  CHECK(a["mastra.say \"hi\""] == 4);
  CHECK(a["mastra." + over] == 5);
  CHECK(a["mastra.camel_cased" + over] == 6);
  CHECK(!a.contains("mastra.nothing"));
  CHECK(a["mastra.custom_type.step_index"] == 7);
  CHECK(a["mastra.custom_type.odd \"_key\""] == 8);
  CHECK(a["mastra.metadata.camelKept"] == 9);
  CHECK(a["mastra.metadata.ODD \"Key\""] == 10);
  CHECK(a["error.message"] == "m");
  CHECK(a["error.exit_code"] == 11);
  CHECK(a["mastra.span.type"] == "custom_type");
  CHECK(a["gen_ai.operation.name"] == "custom_type");
}

TEST_CASE("encoder: containers of the wrong kind are values") {
  const Json a = Encoded({{"attributes", "text"}, {"metadata", {1, 2}}}, "generic");
  CHECK(a["mastra.attributes"] == "text");
  CHECK(a["mastra.metadata"] == "[1,2]");
}

}  // namespace
}  // namespace edgespan
