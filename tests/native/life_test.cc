// The life of a run: what leaves before its root has ended, what waits, what a destination that wants
// runs whole gets, and what is told of what was lost.
#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "edgespan/pipeline/pipeline.h"
#include "tests/support/core_lab.h"

namespace edgespan {
namespace {

using testing::AttributesOf;
using testing::Batch;
using testing::CoreLab;
using testing::HexOf;
using testing::Json;
using testing::Span;

constexpr uint32_t kOpen = Pipeline::kOpenTraces;

// Destination 0 takes spans early, destination 1 wants runs whole.
Json Both(const Json& early = Json::object(), const Json& whole = Json::object()) {
  Json a = {{"dialect", "genai"}};
  Json b = {{"dialect", "genai"}, {"whole", true}};
  a.update(early);
  b.update(whole);
  return {{"destinations", {a, b}}};
}
std::string HexId(uint32_t n) {
  char hex[12];
  std::snprintf(hex, sizeof hex, "%x", n);
  return hex;
}

// ---- what leaves early, and what waits ---------------------------------------------------------

TEST_CASE("life: ended spans leave before their root, once") {
  CoreLab lab(Both());
  lab.Start(Span("1"));
  const uint32_t trace = lab.last_trace();
  REQUIRE(trace != 0);
  lab.End(Span("2", "1"));
  lab.End(Span("3", "1"));
  CHECK(lab.TakeIds(0, 0) == "");  // "any" means any that has ended
  CHECK(lab.TakeIds(trace, 1) == "");
  CHECK(lab.TakeIds(kOpen, 1) == "");
  CHECK(lab.TakeIds(trace, 0) == "2 3");
  CHECK(lab.TakeIds(trace, 0) == "");
  CHECK(lab.ReadStats(0)[Stat::kPending] == 0);
  CHECK(lab.ReadStats(1)[Stat::kPending] == 2);
  lab.End(Span("4", "1"));
  CHECK(lab.TakeIds(kOpen, 0) == "4");
  lab.End(Span("5", "1"));
  CHECK(lab.EndRoot(Span("1")) == trace);
  CHECK(lab.TakeIds(trace, 0) == "5 1");
  CHECK(lab.TakeIds(trace, 1) == "2 3 4 5 1");
  for (uint32_t d = 0; d < 2; ++d) CHECK(lab.ReadStats(d)[Stat::kAccepted] == 5);
}

TEST_CASE("life: a commit tells whose its last item is") {
  CoreLab lab;
  Json other = Span("9");
  other["traceId"] = "ff";
  lab.Start(Span("1"));
  const uint32_t first = lab.last_trace();
  lab.Start(other);
  const uint32_t second = lab.last_trace();
  CHECK(first != second);
  lab.End(Span("2", "1"));
  CHECK(lab.last_trace() == first);
  testing::TapeWriter empty;
  lab.Commit(&empty);
  CHECK(lab.last_trace() == 0);
}

TEST_CASE("life: a model call waits for its generation, and for what its input is rebuilt from") {
  CoreLab lab(Both());
  lab.Start(Span("1", "", "agent_run"));
  lab.Start(Span("2", "1", "model_generation"));
  lab.Start(Span("3", "2", "model_step"));
  lab.Start(Span("4", "3", "model_inference"));
  lab.Start(Span("5", "3", "tool_call"));
  lab.End(Span("6", "4", "model_chunk"));
  lab.End(Span("4", "3", "model_inference", {{"output", {{"text", "one"}}}}));
  lab.End(Span("3", "2", "model_step"));
  CHECK(lab.TakeIds(kOpen, 0) == "6 3");
  lab.Start(Span("7", "2", "model_step"));
  lab.End(Span("8", "7", "model_inference", {{"output", {{"text", "two"}}}}));
  lab.End(Span("7", "2", "model_step"));
  CHECK(lab.TakeIds(kOpen, 0) == "7");
  lab.End(Span("2", "1", "model_generation", {{"input", "question"}}));
  // The second call's input has the answer of a tool that has not ended.
  CHECK(lab.TakeIds(kOpen, 0) == "4 2");
  lab.End(Span("5", "3", "tool_call", {{"output", "rain"}, {"entityName", "weather"}}));
  const auto spans = lab.Take(kOpen, 0);
  REQUIRE(spans.size() == 2);
  CHECK(HexOf(spans[0].span_id()) == "0000000000000008");
  Json a = AttributesOf(spans[0].attributes());
  CHECK(a["gen_ai.input.messages"].get<std::string>().find("rain") != std::string::npos);
  CHECK(!a.contains("edgespan.partial"));
}

TEST_CASE("life: a generation waits until it is known whether it is the model call") {
  CoreLab lab(Both());
  lab.Start(Span("1", "", "agent_run"));
  lab.End(Span("2", "1", "model_generation", {{"input", "q"}}));
  CHECK(lab.TakeIds(kOpen, 0) == "");
  lab.Start(Span("3", "1", "model_generation"));
  lab.Start(Span("4", "3", "model_inference"));
  CHECK(lab.TakeIds(kOpen, 0) == "");
  lab.Start(Span("5", "2", "model_inference"));
  const auto early = lab.Take(kOpen, 0);
  REQUIRE(early.size() == 1);
  CHECK(AttributesOf(early[0].attributes())["gen_ai.operation.name"] == "model_generation");
  // Without inferences it is, and the root's end says so.
  CoreLab old(Both());
  old.Start(Span("1", "", "agent_run"));
  old.End(Span("2", "1", "model_generation", {{"input", "q"}}));
  CHECK(old.TakeIds(kOpen, 0) == "");
  const auto spans = old.Take(old.EndRoot(Span("1", "", "agent_run")), 0);
  REQUIRE(spans.size() == 2);
  CHECK(AttributesOf(spans[0].attributes())["gen_ai.operation.name"] == "chat");
}

TEST_CASE("life: a call that its provider failed waits for the root") {
  CoreLab lab(Both());
  const Json failed = {{"attributes", {{"finishReason", "error"}}}};
  lab.Start(Span("1", "", "agent_run"));
  lab.Start(Span("2", "1", "agent_run"));
  lab.Start(Span("3", "2", "model_generation"));
  lab.End(Span("4", "3", "model_inference", failed));
  lab.End(Span("3", "2", "model_generation"));
  CHECK(lab.TakeIds(kOpen, 0) == "3");
  lab.End(Span("2", "1", "agent_run", {{"errorInfo", {{"message", "overloaded"}}}}));
  CHECK(lab.TakeIds(kOpen, 0) == "2");
  const auto spans = lab.Take(lab.EndRoot(Span("1", "", "agent_run")), 0);
  REQUIRE(spans.size() == 2);
  CHECK(spans[0].status().message() == "overloaded");
}

TEST_CASE("life: at shutdown a call whose generation has not ended is marked partial") {
  CoreLab lab(Both());
  lab.Start(Span("1", "", "agent_run"));
  lab.Start(Span("2", "1", "model_generation"));
  lab.End(Span("3", "2", "model_inference"));
  lab.Start(Span("4", "1", "model_generation"));
  lab.End(Span("5", "4", "model_inference"));
  lab.End(Span("4", "1", "model_generation", {{"input", "q"}}));
  CHECK(lab.TakeIds(kOpen, 0) == "5 4");
  CHECK(edgespan_close(lab.id(), Pipeline::kEver) == 2);
  const auto spans = lab.Take(0, 0);
  REQUIRE(spans.size() == 1);
  CHECK(AttributesOf(spans[0].attributes())["edgespan.partial"] == "true");
  for (const auto& span : lab.Take(0, 1)) {
    CHECK(AttributesOf(span.attributes()).contains("edgespan.partial") ==
          (HexOf(span.span_id()) == "0000000000000003"));
  }
}

TEST_CASE("life: a run of which nothing is heard is closed, the others go on") {
  CoreLab lab(Both());
  const auto at = [](Json span, const char* trace_id, const char* time) {
    span["traceId"] = trace_id;
    span["startTime"] = span["endTime"] = time;
    return span;
  };
  constexpr uint32_t kNoon = 1'795'176'000;  // 2026-11-20T12:00:00Z
  lab.Start(at(Span("1"), "aa", "2026-11-20T11:50:00.000Z"));
  lab.Start(at(Span("1"), "bb", "2026-11-20T11:50:00.000Z"));
  lab.End(at(Span("2", "1"), "aa", "2026-11-20T11:59:59.999Z"));
  lab.End(at(Span("2", "1"), "bb", "2026-11-20T12:00:00.000Z"));
  CHECK(edgespan_close(lab.id(), kNoon - 1) == 0);
  CHECK(edgespan_close(lab.id(), kNoon) == 1);
  CHECK(lab.Take(0, 0).size() == 1);
  CHECK(lab.Take(0, 1).size() == 1);
  CHECK(lab.ReadStats()[Stat::kUnended] == 1);
  CHECK(edgespan_close(lab.id(), kNoon + 1) == 1);
  CHECK(lab.Take(0, 0).size() == 1);
}

// A run as Mastra makes them, and ways in which it does not; every span ends once, the root last.
class RandomRun {
 public:
  explicit RandomRun(std::mt19937* random) : random_(random) {
    static const char* const kWithInferences[] = {
        "agent_run",   "model_generation", "model_step",    "tool_call",    "model_inference",
        "model_chunk", "generic",          "processor_run", "workflow_run", "workflow_step"};
    const bool inferences = Pick(5) != 0;
    Add("agent_run", "");
    for (uint32_t n = 5 + Pick(40); n > 0; --n) {
      const std::string parent = spans_[Pick(static_cast<uint32_t>(spans_.size()))]["id"];
      std::string type = kWithInferences[Pick(std::size(kWithInferences))];
      if (!inferences && type == "model_inference") type = "model_step";
      Add(type, parent);
    }
  }
  const std::vector<Json>& spans() const { return spans_; }
  uint32_t Pick(uint32_t n) { return static_cast<uint32_t>((*random_)() % n); }

 private:
  void Add(const std::string& type, const std::string& parent) {
    Json members = Json::object();
    if (Pick(2) == 0) members["input"] = "input " + std::string(Pick(200), 'i');
    if (Pick(2) == 0) members["output"] = {{"text", "output " + std::string(Pick(200), 'o')}};
    if (type == "model_inference" && Pick(3) != 0) members.erase("input");
    if (Pick(3) == 0) members["attributes"]["finishReason"] = Pick(2) == 0 ? "error" : "stop";
    if (Pick(6) == 0) members["errorInfo"] = {{"message", "broke"}, {"name", "Error"}};
    const std::string id = HexId(static_cast<uint32_t>(spans_.size()) + 1);
    spans_.push_back(Span(id, parent, type, members));
  }

  std::mt19937* random_;
  std::vector<Json> spans_;
};

using Wire = std::map<std::string, std::string>;
void Collect(const std::vector<Batch>& batches, Wire* wire) {
  for (const Batch& batch : batches) {
    for (const auto& span : batch.spans) {
      INFO(HexOf(span.span_id()));
      CHECK(wire->emplace(HexOf(span.span_id()), span.SerializeAsString()).second);  // not twice
    }
  }
}

TEST_CASE("life: what left early and what left at the end are the whole run, byte for byte") {
  std::mt19937 random(5);
  uint32_t early_spans = 0;
  for (int round = 0; round < 400; ++round) {
    RandomRun run(&random);
    CoreLab lab(Both({{"maxSpans", 1 + run.Pick(20)}}));
    Wire early;
    Wire whole;
    // Starts in order; every span but the root ends at some time after its start.
    std::vector<size_t> open;
    size_t next = 0;
    const auto& spans = run.spans();
    while (next < spans.size() || open.size() > 1) {
      if (next < spans.size() && (open.size() < 2 || run.Pick(2) == 0)) {
        // Mastra's event spans are not announced.
        const std::string type = spans[next]["type"];
        const bool event = (type == "model_chunk" || type == "generic") && run.Pick(2) == 0;
        if (!event) lab.Start(spans[next]);
        open.push_back(next++);
        continue;
      }
      if (open.size() < 2) continue;
      // Mostly the innermost.
      const size_t at =
          run.Pick(3) != 0 ? open.size() - 1 : 1 + run.Pick(static_cast<uint32_t>(open.size()) - 1);
      lab.End(spans[open[at]]);
      open.erase(open.begin() + static_cast<long>(at));
      if (run.Pick(4) == 0) Collect(lab.TakeBatches(kOpen, 0), &early);
    }
    early_spans += early.size();
    const uint32_t trace = lab.EndRoot(spans[0]);
    Collect(lab.TakeBatches(trace, 0), &early);
    const auto batches = lab.TakeBatches(trace, 1);
    CHECK(batches.size() == 1);
    Collect(batches, &whole);
    REQUIRE(whole.size() == spans.size());
    for (const auto& [id, bytes] : whole) {
      INFO(id);
      REQUIRE(early[id] == bytes);
    }
    REQUIRE(early.size() == whole.size());
  }
  CHECK(early_spans > 400 * 5);  // it was about something
}

// ---- a destination that wants runs whole -------------------------------------------------------

TEST_CASE("life: a whole run is one request, whatever its size") {
  CoreLab lab(Both({{"maxSpans", 100}}));
  lab.Start(Span("1"));
  for (uint32_t i = 0; i < 1500; ++i) lab.End(Span(HexId(16 + i), "1"));
  const uint32_t trace = lab.EndRoot(Span("1"));
  CHECK(lab.TakeBatches(trace, 0).size() == 16);
  const auto batches = lab.TakeBatches(trace, 1);
  REQUIRE(batches.size() == 1);
  CHECK(batches[0].spans.size() == 1501);
}

TEST_CASE("life: a whole run that is too large has its values trimmed") {
  CoreLab lab(Both(Json::object(), {{"maxBytes", 50'000}}));
  lab.Start(Span("1"));
  for (uint32_t i = 0; i < 20; ++i) {
    lab.End(Span(HexId(16 + i), "1", "generic", {{"input", std::string(200 + 1000 * i, 'x')}}));
  }
  const uint32_t trace = lab.EndRoot(Span("1"));
  const auto batches = lab.TakeBatches(trace, 1);
  REQUIRE(batches.size() == 1);
  CHECK(batches[0].body.size() <= 50'000);
  CHECK(batches[0].body.size() > 20'000);
  REQUIRE(batches[0].spans.size() == 21);
  CHECK(lab.ReadStats(1).dropped() == 0);
  Json small = AttributesOf(batches[0].spans[0].attributes());
  CHECK(small["mastra.generic.input"].get<std::string>().size() == 200);
  Json large = AttributesOf(batches[0].spans[19].attributes());
  CHECK(large["edgespan.original_length.mastra.generic.input"] == 19'200);
  // The other destination has everything.
  for (const auto& span : lab.Take(trace, 0)) {
    const Json attributes = AttributesOf(span.attributes());
    for (const auto& [name, value] : attributes.items()) {
      CHECK(name.find("original_length") == std::string::npos);
    }
  }
}

TEST_CASE(
    "life: where not even that helps, spans stay in the order of loss, and the root says so") {
  for (const Json& limit : {Json{{"maxBytes", 6000}}, Json{{"maxSpans", 20}}}) {
    CoreLab lab(Both(Json::object(), limit));
    lab.Start(Span("1", "", "agent_run"));
    for (uint32_t i = 0; i < 20; ++i) {
      lab.End(Span(HexId(0x100 + i), "1", "model_inference"));
      lab.End(Span(HexId(0x200 + i), "1", "model_chunk"));
      lab.End(Span(HexId(0x300 + i), "1", "generic"));
    }
    const auto batches = lab.TakeBatches(lab.EndRoot(Span("1", "", "agent_run")), 1);
    REQUIRE(batches.size() == 1);
    const auto& spans = batches[0].spans;
    if (limit.contains("maxBytes")) CHECK(batches[0].body.size() <= 6000);
    if (limit.contains("maxSpans")) CHECK(spans.size() == 20);
    std::map<char, size_t> kinds;
    for (const auto& span : spans) ++kinds[HexOf(span.span_id())[13]];
    CHECK(kinds['2'] == 0);  // chunks first
    CHECK((kinds['3'] == 0 || kinds['1'] == 20));
    CHECK(kinds['0'] == 1);
    const uint32_t lost = static_cast<uint32_t>(61 - spans.size());
    CHECK(lost >= 20);
    CHECK(lab.ReadStats(1).dropped(LossReason::kTooLarge) == lost);
    CHECK(AttributesOf(spans.back().attributes())["edgespan.dropped_spans"] == lost);
    lab.Take(0, 0);
    CHECK(lab.ReadStats(0).dropped() == 0);
  }
}

// ---- memory ------------------------------------------------------------------------------------

TEST_CASE("life: chunks, then leaves and inner workings, then others, then what matters most") {
  CoreLab lab(Json::object(), 2u << 20);
  lab.Start(Span("1", "", "agent_run"));
  const std::string text(20'000, 'x');
  const auto end = [&](uint32_t id, const char* type, bool child = false) {
    if (child) lab.Start(Span(HexId(id + 0x8000), HexId(id)));
    lab.End(Span(HexId(id), "1", type, {{"output", text}}));
  };
  for (uint32_t i = 0; i < 8; ++i) {
    lab.Start(Span(HexId(0x300 + i), "1", "workflow_step"));
    lab.Start(Span(HexId(0x400 + i), "1", "processor_run"));
    end(0x100 + i, "model_chunk");
    end(0x200 + i, "generic");
    end(0x300 + i, "workflow_step", true);
    end(0x400 + i, "processor_run", true);
    end(0x500 + i, "tool_call");
  }
  REQUIRE(lab.ReadStats().dropped() == 0);
  std::vector<uint32_t> losses;
  uint32_t calls = 0;
  for (uint32_t before = 0; losses.size() < 4; ++calls) {
    REQUIRE(calls < 200);
    end(0x1000 + calls, "model_inference");
    const uint32_t lost = lab.ReadStats().dropped(LossReason::kMemory);
    if (lost != before) losses.push_back(lost - before);
    before = lost;
  }
  // Chunks; generic spans and processors; steps and tools; then the newest call alone.
  CHECK(losses == std::vector<uint32_t>{8, 16, 16, 1});
  const auto spans = lab.Take(lab.EndRoot(Span("1", "", "agent_run")));
  CHECK(spans.size() == calls);
  CHECK(AttributesOf(spans.back().attributes())["edgespan.dropped_spans"] == 41);
}

TEST_CASE(
    "life: a quarter of the memory that is needed: what matters most arrives, counts add up") {
  // What a run needs, when there is enough.
  const auto write = [](CoreLab* lab) {
    uint32_t ended = 0;
    const auto end = [&](const Json& span) {
      lab->End(span);
      ++ended;
    };
    lab->Start(Span("1", "", "agent_run"));
    for (uint32_t i = 0; i < 60; ++i) {
      const std::string g = HexId(0x1000 + i);
      const std::string s = HexId(0x2000 + i);
      lab->Start(Span(g, "1", "model_generation"));
      lab->Start(Span(s, g, "model_step"));
      lab->Start(Span(HexId(0x3000 + i), s, "model_inference"));
      for (uint32_t c = 0; c < 5; ++c) {
        end(Span(HexId(0x10000 + 16 * i + c), HexId(0x3000 + i), "model_chunk",
                 {{"output", std::string(6000, 'c')}}));
      }
      end(Span(HexId(0x4000 + i), s, "tool_call", {{"output", std::string(30'000, 't')}}));
      end(Span(HexId(0x3000 + i), s, "model_inference", {{"output", std::string(2000, 'o')}}));
      Json failed = Span(HexId(0x5000 + i), s, "generic");
      failed["errorInfo"] = {{"message", "m"}};
      if (i % 10 == 0) end(failed);
      end(Span(s, g, "model_step", {{"output", std::string(6000, 's')}}));
      end(Span(g, "1", "model_generation", {{"input", std::string(2000, 'i')}}));
    }
    return ended + 1;
  };
  uint32_t needed = 0;
  for (uint32_t budget = 1u << 20; needed == 0; budget += 256u << 10) {
    CoreLab lab(Json::object(), budget);
    write(&lab);
    if (lab.ReadStats().dropped() == 0) needed = budget;
  }
  CoreLab lab(Json::object(), needed / 4);
  const uint32_t ended = write(&lab);
  const uint32_t trace = lab.EndRoot(Span("1", "", "agent_run"));
  const auto spans = lab.Take(trace);
  std::map<std::string, uint32_t> arrived;
  uint32_t failed = 0;
  for (const auto& span : spans) {
    ++arrived[AttributesOf(span.attributes())["mastra.span.type"].get<std::string>()];
    failed += HexOf(span.span_id())[12] == '5' ? 1 : 0;
  }
  CHECK(arrived["agent_run"] == 1);
  CHECK(arrived["model_generation"] == 60);
  CHECK(arrived["model_inference"] == 60);
  CHECK(failed == 6);
  const auto stats = lab.ReadStats();
  CHECK(stats[Stat::kEnded] == ended);
  CHECK(stats.dropped(LossReason::kMemory) == ended - spans.size());
  CHECK(spans.size() < ended);
  CHECK(AttributesOf(spans.back().attributes())["edgespan.dropped_spans"] == ended - spans.size());
}

TEST_CASE("life: memory of what has left comes back without a loss, however long the run") {
  CoreLab lab(Json::object(), 2u << 20);
  lab.Start(Span("1"));
  uint32_t taken = 0;
  constexpr uint32_t kSpans = 1000;
  for (uint32_t i = 0; i < kSpans; ++i) {
    // A span that waits pins its own pages, not the others'.
    if (i == 10) {
      lab.Start(Span("2", "1", "model_generation"));
      lab.End(Span("3", "2", "model_inference", {{"output", std::string(5000, 'o')}}));
    }
    lab.End(Span(HexId(16 + i), "1", i % 2 == 0 ? "generic" : "tool_call",
                 {{"input", std::string(10'000, 'x')}}));
    if (i % 20 == 19) taken += static_cast<uint32_t>(lab.Take(kOpen).size());
  }
  CHECK(taken == kSpans);
  lab.End(Span("2", "1", "model_generation", {{"input", "q"}}));
  CHECK(lab.TakeIds(lab.EndRoot(Span("1"))) == "3 2 1");
  CHECK(lab.ReadStats().dropped() == 0);
}

TEST_CASE("life: what has left for one destination is lost to the other alone") {
  CoreLab lab(Both(), 2u << 20);
  lab.Start(Span("1"));
  for (uint32_t i = 0; i < 20; ++i) {
    lab.End(Span(HexId(16 + i), "1", "generic", {{"input", std::string(20'000, 'x')}}));
  }
  REQUIRE(lab.Take(kOpen, 0).size() == 20);
  uint32_t calls = 0;
  for (; lab.ReadStats(1).dropped() == 0; ++calls) {
    lab.End(
        Span(HexId(0x100 + calls), "1", "model_inference", {{"output", std::string(20'000, 'x')}}));
  }
  CHECK(lab.ReadStats(1).dropped(LossReason::kMemory) == 20);
  CHECK(lab.ReadStats(0).dropped() == 0);
  const uint32_t trace = lab.EndRoot(Span("1"));
  const auto early = lab.Take(trace, 0);
  const auto whole = lab.Take(trace, 1);
  CHECK(early.size() == calls + 1);
  CHECK(whole.size() == calls + 1);
  CHECK(!AttributesOf(early.back().attributes()).contains("edgespan.dropped_spans"));
  CHECK(AttributesOf(whole.back().attributes())["edgespan.dropped_spans"] == 20);
}

TEST_CASE("life: with every batch in the host's hands what can wait waits") {
  CoreLab lab({{"destinations", {{{"dialect", "genai"}, {"maxSpans", 1}}}}});
  lab.Start(Span("1"));
  for (uint32_t i = 0; i < Pipeline::kMaxBatches + 5; ++i) lab.End(Span(HexId(16 + i), "1"));
  std::vector<Batch> held;
  for (Batch batch = lab.Cut(kOpen); batch.id != 0; batch = lab.Cut(kOpen)) held.push_back(batch);
  CHECK(held.size() == Pipeline::kMaxBatches);
  CHECK(lab.ReadStats().dropped() == 0);
  for (const Batch& batch : held) lab.Finish(batch);
  CHECK(lab.Take(kOpen).size() == 5);
  CHECK(lab.TakeIds(lab.EndRoot(Span("1"))) == "1");
}

TEST_CASE("life: an abandoned run counts what had not left") {
  CoreLab lab(Both());
  lab.Start(Span("1"));
  lab.End(Span("2", "1"));
  CHECK(lab.TakeIds(kOpen, 0) == "2");
  lab.End(Span("3", "1"));
  for (uint32_t n = 0; n < Pipeline::kMaxTraces; ++n) {
    Json root = Span("1");
    root["traceId"] = HexId(n + 16);
    lab.Start(root);
  }
  CHECK(lab.ReadStats(0).dropped(LossReason::kMemory) == 1);
  CHECK(lab.ReadStats(1).dropped(LossReason::kMemory) == 2);
}

}  // namespace
}  // namespace edgespan
