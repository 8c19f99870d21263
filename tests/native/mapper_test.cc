// Mapper: steps by rule and by default, the same at every look, through a full map and without memory.
// What the rules of a dialect say is tested with the encoder (span_encoder_rules_test.cc).
#include "edgespan/semconv/mapper.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/record_lab.h"
#include "tools/dialects.h"

namespace edgespan {
namespace {

using testing::RecordLab;
using testing::Region;

constexpr SpanType kTool = {kTypeToolCall, false, TypeBit(kTypeToolCall)};
constexpr SpanType kStep = {kTypeModelStep, false, TypeBit(kTypeModelStep)};
constexpr SpanType kGeneration = {kTypeModelGeneration, false, TypeBit(kTypeModelGeneration)};
constexpr SpanType kGenerationAsCall = {kTypeModelGeneration, false, kModelCall};
constexpr SpanType kInference = {kTypeModelInference, false, kModelCall};

// "action name" of each step; an entry has no name.
std::vector<std::string> Steps(Mapper* mapper, const PageArena& arena, Scope scope,
                               const SpanType& type, uint16_t key) {
  std::vector<std::string> steps;
  const Step* step = mapper->Find(scope, type, key);
  REQUIRE(step != nullptr);
  for (;; ++step) {
    const std::string name(arena.At<char>(step->name), step->name_bytes);
    steps.push_back(std::to_string(static_cast<int>(step->action)) + " " + name);
    if (step->last) return steps;
  }
}
std::string Says(Action action, const std::string& name = "") {
  return std::to_string(static_cast<int>(action)) + " " + name;
}

TEST_CASE("mapper: rules and default names, by type and scope") {
  RecordLab lab;
  Mapper mapper;
  REQUIRE(IsOk(mapper.Init(&lab.arena, &lab.keys, tools::DialectText("genai"))));
  const uint16_t own = lab.keys.Intern("maxRetries");
  const auto steps = [&](Scope scope, const SpanType& type, uint16_t key) {
    return Steps(&mapper, lab.arena, scope, type, key);
  };
  using List = std::vector<std::string>;
  for (int look = 0; look < 3; ++look) {
    INFO(look);
    CHECK(steps(Scope::kSpan, kTool, kKeyInput) ==
          List{Says(Action::kJson, "gen_ai.tool.call.arguments")});
    CHECK(steps(Scope::kSpan, kStep, kKeyInput) ==
          List{Says(Action::kJson, "mastra.model_step.input")});
    CHECK(steps(Scope::kSpan, kGeneration, kKeyInput) ==
          List{Says(Action::kJson, "mastra.model_generation.input")});
    CHECK(steps(Scope::kSpan, kGenerationAsCall, kKeyInput) ==
          List{Says(Action::kInputMessages, "gen_ai.input.messages")});
    CHECK(steps(Scope::kSpan, kInference, kKeyInput) ==
          List{Says(Action::kInputMessages, "gen_ai.input.messages")});
    CHECK(steps(Scope::kSpan, kTool, kKeyAttributes) == List{Says(Action::kEnter)});
    CHECK(steps(Scope::kMetadata, kTool, kKeyThreadId) ==
          List{Says(Action::kAs), Says(Action::kValue, "gen_ai.conversation.id"),
               Says(Action::kValue, "mastra.metadata.threadId")});
    CHECK(steps(Scope::kSpan, kTool, own) == List{Says(Action::kValue, "mastra.max_retries")});
    CHECK(steps(Scope::kAttributes, kTool, own) ==
          List{Says(Action::kValue, "mastra.tool_call.max_retries")});
    CHECK(steps(Scope::kUsage, kInference, own) ==
          List{Says(Action::kValue, "mastra.model_inference.usage.max_retries")});
    CHECK(steps(Scope::kMetadata, kTool, own) ==
          List{Says(Action::kValue, "mastra.metadata.maxRetries")});
    CHECK(steps(Scope::kError, kTool, own) == List{Says(Action::kValue, "error.max_retries")});
  }
  CHECK(steps(Scope::kEvery, kTool, 0) == List{Says(Action::kOperation, "gen_ai.operation.name")});
  CHECK(steps(Scope::kSession, kTool, 0) == List{Says(Action::kValue, "session.id")});
  const Step* const usual = mapper.Find(Scope::kMetadata, kTool, kKeyToolCallId);
  CHECK(usual->unless_in == kKeyAttributes);
  CHECK(usual->unless == kKeyToolCallId);
}

TEST_CASE("mapper: overlays add, replace, and rename what has no name") {
  RecordLab lab;
  const uint16_t own = lab.keys.Intern("plan");
  constexpr SpanType kRoot = {kTypeAgentRun, true, TypeBit(kTypeAgentRun)};
  constexpr SpanType kChild = {kTypeAgentRun, false, TypeBit(kTypeAgentRun)};
  using List = std::vector<std::string>;
  const auto steps = [&](const char* dialect, Scope scope, const SpanType& type, uint16_t key) {
    Mapper mapper;
    REQUIRE(IsOk(mapper.Init(&lab.arena, &lab.keys, tools::DialectText(dialect))));
    return Steps(&mapper, lab.arena, scope, type, key);
  };
  CHECK(steps("langfuse", Scope::kSpan, kChild, kKeyInput) ==
        List{Says(Action::kJson, "langfuse.observation.input")});
  CHECK(steps("langfuse", Scope::kSpan, kRoot, kKeyInput) ==
        List{Says(Action::kJson, "langfuse.observation.input"),
             Says(Action::kJson, "langfuse.trace.input")});
  CHECK(steps("langfuse", Scope::kMetadata, kRoot, own) ==
        List{Says(Action::kFlat, "langfuse.trace.metadata.plan")});
  CHECK(steps("langfuse", Scope::kMetadata, kChild, own) ==
        List{Says(Action::kFlat, "langfuse.observation.metadata.plan")});
  CHECK(steps("langfuse", Scope::kUser, kChild, 0) == List{Says(Action::kValue, "user.id")});
  CHECK(steps("lemma", Scope::kUser, kRoot, 0) ==
        List{Says(Action::kValue, "user.id"), Says(Action::kValue, "enduser.id")});
  CHECK(steps("openinference", Scope::kMetadata, kChild, own) == List{Says(Action::kDrop, "plan")});
  CHECK(steps("openinference", Scope::kSpan, kChild, kKeyMetadata) ==
        List{Says(Action::kEnter), Says(Action::kJson, "metadata")});
  CHECK(steps("lemma", Scope::kMetadata, kChild, own) ==
        List{Says(Action::kValue, "mastra.metadata.plan")});
  CHECK(steps("datadog", Scope::kUsage, kInference, kKeyInputTokens) ==
        List{Says(Action::kValue, "gen_ai.usage.input_tokens")});
  CHECK(steps("openinference", Scope::kEvery, kStep, 0) ==
        List{Says(Action::kConstant, "openinference.span.kind")});
  Mapper mapper;
  REQUIRE(IsOk(mapper.Init(&lab.arena, &lab.keys, tools::DialectText("openinference"))));
  const Step* const kind = mapper.Find(Scope::kEvery, kStep, 0);
  CHECK(std::string(lab.arena.At<char>(kind->name + kind->name_bytes + 1), kind->text_bytes) ==
        "CHAIN");
}

TEST_CASE("mapper: destinations that speak a dialect share its mapper, others take its place") {
  RecordLab lab;
  Mappers mappers;
  const auto take = [&](const std::string& dialect, Mapper** mapper) {
    return mappers.Take(&lab.arena, &lab.keys, tools::DialectText(dialect), mapper);
  };
  // A dialect of its own for each number.
  const auto other = [](uint32_t n) {
    const std::string name = "other" + std::to_string(n);
    PackedLayer<64> packed;
    char* out = packed.text;
    PackRule({Scope::kEvery, Action::kConstant, kKeyNone, kAny, Scope::kSpan,
              Literal(name.data(), static_cast<uint32_t>(name.size()))},
             [&out](char c) { *out++ = c; });
    return tools::DialectOf(0, {{packed.text, static_cast<size_t>(out - packed.text)}});
  };
  Mapper* genai = nullptr;
  Mapper* again = nullptr;
  REQUIRE(take("genai", &genai) == Status::kOk);
  REQUIRE(take("genai", &again) == Status::kOk);
  CHECK(genai == again);
  CHECK(genai->users == 2);
  CHECK(take("", &again) == Status::kBadConfig);
  CHECK(take("klingon", &again) == Status::kBadConfig);
  std::vector<Mapper*> taken;
  for (uint32_t i = 1; i < Mappers::kMost; ++i) {
    taken.emplace_back();
    REQUIRE(take(other(i), &taken.back()) == Status::kOk);
    CHECK(taken.back() != genai);
  }
  CHECK(take(other(99), &again) == Status::kTooLarge);
  --taken[3]->users;
  // Until its place is needed it is still there.
  REQUIRE(take(other(4), &again) == Status::kOk);
  CHECK(again == taken[3]);
  --again->users;
  REQUIRE(take(other(99), &again) == Status::kOk);
  CHECK(again == taken[3]);
  const Step* const step = again->Find(Scope::kEvery, kTool, 0);
  REQUIRE(step != nullptr);
  CHECK(std::string(lab.arena.At<char>(step->name), step->name_bytes) == "other99");
  CHECK(take(other(4), &again) == Status::kTooLarge);
}

TEST_CASE("mapper: a full map begins anew, in bounded memory") {
  RecordLab lab;
  Mapper mapper;
  REQUIRE(IsOk(mapper.Init(&lab.arena, &lab.keys, tools::DialectText("genai"))));
  std::vector<uint16_t> keys;
  for (uint32_t i = 0; i < 1500; ++i) {
    keys.push_back(lab.keys.Intern("key" + std::to_string(i)));
    REQUIRE(keys.back() != 0);
  }
  uint32_t most = 0;
  const uint32_t before = lab.arena.used();
  for (int round = 0; round < 4; ++round) {
    for (uint32_t i = 0; i < keys.size(); ++i) {
      REQUIRE(Steps(&mapper, lab.arena, Scope::kAttributes, kTool, keys[i]) ==
              std::vector<std::string>{
                  Says(Action::kValue, "mastra.tool_call.key" + std::to_string(i))});
    }
    most = std::max(most, lab.arena.used() - before);
  }
  CHECK(most < 100'000);
}

TEST_CASE("mapper: without memory there are no steps, later there are") {
  Region region(64 * PageArena::kPageSize);
  KeyTable keys;
  keys.Init(&region.arena);
  Mapper mapper;
  REQUIRE(IsOk(mapper.Init(&region.arena, &keys, tools::DialectText("genai"))));
  std::vector<uint32_t> taken;
  while (const uint32_t page = region.arena.Allocate(1)) taken.push_back(page);
  CHECK(mapper.Find(Scope::kSpan, kTool, kKeyInput) == nullptr);
  for (const uint32_t page : taken) region.arena.Free(page, 1);
  CHECK(Steps(&mapper, region.arena, Scope::kSpan, kTool, kKeyInput) ==
        std::vector<std::string>{Says(Action::kJson, "gen_ai.tool.call.arguments")});
}

TEST_CASE("mapper: long keys and types, mostly capitals, fit their room") {
  RecordLab lab;
  Mapper mapper;
  REQUIRE(IsOk(mapper.Init(&lab.arena, &lab.keys, tools::DialectText("genai"))));
  const uint16_t type = lab.keys.Intern(std::string(KeyTable::kMaxBytes, 't'));
  const std::string key = "x" + std::string(5000, 'K');
  std::vector<uint8_t> out(Mapper::MaxName(key));
  uint8_t* end = out.data();
  CHECK(mapper.Default(Scope::kInputDetails, {type, false, kUnknownType}, key, &end) ==
        Action::kValue);
  std::string expected =
      "mastra." + std::string(KeyTable::kMaxBytes, 't') + ".usage.input_details.x";
  for (int i = 0; i < 5000; ++i) expected += "_k";
  CHECK(std::string(out.data(), end) == expected);
}

}  // namespace
}  // namespace edgespan
