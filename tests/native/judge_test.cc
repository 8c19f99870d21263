// Pipeline, the third part: what is posted again, when, and in which parts; when a destination is left
// alone; batches of a store. And the rules behind it (circuit.h).
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "edgespan/otlp/response.h"
#include "edgespan/pipeline/circuit.h"
#include "edgespan/pipeline/pipeline.h"
#include "tests/support/core_lab.h"

namespace edgespan {
namespace {

using otlp::Verdict;
using testing::Batch;
using testing::CoreLab;
using testing::HexOf;
using testing::Json;
using testing::Span;

constexpr uint32_t kNow = 1'790'000'000;
constexpr uint32_t kPlenty = 25'000;

uint32_t Run(CoreLab* lab, uint32_t children) {
  for (uint32_t i = 0; i < children; ++i) {
    char id[12];
    std::snprintf(id, sizeof id, "%x", 16 + i);
    lab->End(Span(id, "1"));
  }
  return lab->EndRoot(Span("1"));
}

struct Reply {
  Verdict verdict;
  uint32_t accepted;
  uint32_t rejected;
  uint32_t wait;
};
Reply Judge(CoreLab* lab, uint32_t batch, uint32_t status, uint32_t left = kPlenty,
            const std::string& retry_after = "", uint32_t now = kNow, uint32_t random = 0) {
  const auto size = static_cast<uint32_t>(retry_after.size());
  REQUIRE(edgespan_lend(0, 0, size) == 0);
  std::memcpy(tools::CoreMemory() + tools::CoreResult()[2], retry_after.data(), size);
  const int32_t verdict = edgespan_judge(batch, status, 0, 0, size, now, left, random);
  REQUIRE(verdict >= 0);
  const uint32_t* const result = tools::CoreResult();
  const Reply reply = {static_cast<Verdict>(verdict), result[0], result[1], result[4]};
  lab->CheckBooks();
  return reply;
}
// Ids of the spans that are to be posted, as hex without zeros in front.
std::vector<std::string> Posted(uint32_t batch) {
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

// ---- waiting ------------------------------------------------------------------------------------

TEST_CASE("backoff: anything up to a bound that doubles to its cap") {
  CHECK(Backoff(1, 0) == 0);
  CHECK(Backoff(1, UINT32_MAX) == 499);
  CHECK(Backoff(1, 1u << 31) == 250);
  CHECK(Backoff(2, UINT32_MAX) == 999);
  CHECK(Backoff(5, UINT32_MAX) == 7999);
  CHECK(Backoff(6, UINT32_MAX) == 9999);
  CHECK(Backoff(4'000'000'000, UINT32_MAX) == 9999);
}

TEST_CASE("judge: the same again, later and later, until an answer decides") {
  CoreLab lab;
  Run(&lab, 2);
  const uint32_t batch = lab.Cut().id;
  uint32_t bound = 500;
  for (const uint32_t status : {429u, 502u, 503u, 504u, 0u}) {
    const Reply reply = Judge(&lab, batch, status, kPlenty, "", kNow, UINT32_MAX);
    CHECK(reply.verdict == Verdict::kRetry);
    CHECK(reply.wait == bound - 1);
    CHECK(reply.accepted + reply.rejected == 0);
    CHECK(Posted(batch).size() == 3);
    bound *= 2;
  }
  CHECK(lab.ReadStats()[Stat::kPending] == 3);
  CHECK(Judge(&lab, batch, 200).verdict == Verdict::kAccepted);
  CHECK(edgespan_release(batch, 0) == 0);
  CHECK(lab.ReadStats()[Stat::kAccepted] == 3);
}

TEST_CASE("judge: a wait that leaves no time is not begun") {
  for (const uint32_t left : {0u, 1u, 499u}) {
    CoreLab lab;
    Run(&lab, 2);
    const uint32_t batch = lab.Cut().id;
    CHECK(Judge(&lab, batch, 503, left, "", kNow, UINT32_MAX).verdict == Verdict::kGivenUp);
    CHECK(lab.ReadStats()[Stat::kPending] == 3);
    CHECK(edgespan_release(batch, 0) == 0);
    CHECK(lab.ReadStats().dropped(LossReason::kUnsent) == 3);
  }
}

TEST_CASE("judge: attempts end even where time does not") {
  CoreLab lab;
  Run(&lab, 0);
  const uint32_t batch = lab.Cut().id;
  uint32_t attempts = 1;
  while (Judge(&lab, batch, 503, UINT32_MAX).verdict == Verdict::kRetry) REQUIRE(++attempts < 100);
  CHECK(attempts == kMaxAttempts);
  CHECK(edgespan_release(batch, 0) == 0);
}

TEST_CASE("judge: Retry-After is waited for where there is time") {
  struct Case {
    const char* header;
    uint32_t wait;
  };
  for (const Case& c : {Case{"3", 3000}, Case{"Mon, 21 Sep 2026 14:13:30 GMT", 10'000},
                        Case{"Mon, 21 Sep 2020 14:13:30 GMT", 249}, Case{"soon", 249},
                        Case{"0", 249}, Case{"", 249}}) {
    INFO(c.header);
    CoreLab lab;
    Run(&lab, 0);
    const uint32_t batch = lab.Cut().id;
    const Reply reply = Judge(&lab, batch, 429, kPlenty, c.header, kNow, 0x7fffffff);
    CHECK(reply.verdict == Verdict::kRetry);
    CHECK(reply.wait == c.wait);
    CHECK(edgespan_release(batch, 0) == 0);
  }
}

TEST_CASE("judge: a Retry-After beyond the time there is opens the circuit until then") {
  for (const auto& [header, pause] : std::vector<std::pair<std::string, uint32_t>>{
           {"60", 61}, {"99999999999", Circuit::kMaxPauseS}}) {
    CoreLab lab;
    Run(&lab, 0);
    const uint32_t batch = lab.Cut().id;
    CHECK(Judge(&lab, batch, 503, kPlenty, header).verdict == Verdict::kGivenUp);
    CHECK(edgespan_release(batch, 0) == 0);
    Run(&lab, 0);
    CHECK(edgespan_cut(lab.id(), 0, 0, kNow + pause - 1, 0) == 0);
    CHECK(lab.ReadStats().dropped(LossReason::kCircuit) == 1);
    Run(&lab, 0);
    const int32_t probe = edgespan_cut(lab.id(), 0, 0, kNow + pause, 0);
    REQUIRE(probe > 0);
    CHECK(Judge(&lab, static_cast<uint32_t>(probe), 200).verdict == Verdict::kAccepted);
    CHECK(edgespan_release(static_cast<uint32_t>(probe), 0) == 0);
  }
}

TEST_CASE("judge: a destination with many batches out lets none of them wait") {
  CoreLab lab(Json{{"destinations", {{{"dialect", "genai"}, {"maxSpans", 1}}}}});
  Run(&lab, 16);
  std::vector<uint32_t> out;
  for (Batch batch = lab.Cut(); batch.id != 0; batch = lab.Cut()) out.push_back(batch.id);
  REQUIRE(out.size() == 17);
  CHECK(Judge(&lab, out[0], 503).verdict == Verdict::kGivenUp);
  CHECK(edgespan_release(out[0], 0) == 0);
  CHECK(Judge(&lab, out[1], 503).verdict == Verdict::kRetry);
  for (size_t i = 1; i < out.size(); ++i) CHECK(edgespan_release(out[i], 0) == 0);
}

// ---- parts --------------------------------------------------------------------------------------

// A receiver that refuses requests with certain spans; what happened to a batch there.
struct Receiver {
  std::set<std::string> poison;
  uint32_t status = 400;
  uint32_t requests = 0;
  std::vector<std::string> took;
  size_t most = SIZE_MAX;

  Verdict Deliver(CoreLab* lab, uint32_t batch) {
    for (;;) {
      const auto ids = Posted(batch);
      bool refused = ids.size() > most;
      for (const auto& id : ids) refused |= poison.count(id) != 0;
      if (!refused) took.insert(took.end(), ids.begin(), ids.end());
      ++requests;
      const Reply reply = Judge(lab, batch, refused ? status : 200);
      if (reply.verdict != Verdict::kNext) return reply.verdict;
      REQUIRE(requests < 2000);
    }
  }
};

TEST_CASE("judge: one poison span, wherever it stands, costs itself and few requests") {
  for (const uint32_t status : {400u, 413u}) {
    for (uint32_t at = 0; at < 33; ++at) {
      CoreLab lab;
      Run(&lab, 32);
      const uint32_t batch = lab.Cut().id;
      const auto all = Posted(batch);
      REQUIRE(all.size() == 33);
      Receiver receiver{{all[at]}, status, 0, {}};
      receiver.Deliver(&lab, batch);
      CHECK(edgespan_release(batch, 0) == 0);
      CHECK(receiver.took.size() == 32);
      CHECK(std::set(receiver.took.begin(), receiver.took.end()).size() == 32);
      CHECK(receiver.requests <= 13);
      const auto stats = lab.ReadStats();
      CHECK(stats[Stat::kAccepted] == 32);
      CHECK(stats[Stat::kRejected] == 1);
    }
  }
}

TEST_CASE("judge: of a full batch one poison span costs itself") {
  for (const uint32_t at : {0u, 255u, 256u, 510u, 511u}) {
    CoreLab lab;
    Run(&lab, 511);
    const uint32_t batch = lab.Cut().id;
    const auto all = Posted(batch);
    REQUIRE(all.size() == 512);
    Receiver receiver{{all[at], all[(at + 300) % 512]}, 413, 0, {}};
    receiver.Deliver(&lab, batch);
    CHECK(edgespan_release(batch, 0) == 0);
    CHECK(lab.ReadStats()[Stat::kAccepted] == 510);
    CHECK(lab.ReadStats()[Stat::kRejected] == 2);
    CHECK(receiver.requests <= 40);
  }
}

TEST_CASE("judge: a receiver that refuses everything is soon believed") {
  for (const uint32_t children : {0u, 1u, 30u, 511u}) {
    CoreLab lab;
    Run(&lab, children);
    const uint32_t batch = lab.Cut().id;
    const auto all = Posted(batch);
    Receiver receiver{{all.begin(), all.end()}, 400, 0, {}};
    CHECK(receiver.Deliver(&lab, batch) == Verdict::kRejected);
    CHECK(edgespan_release(batch, 0) == 0);
    CHECK(receiver.requests <= 12);
    CHECK(lab.ReadStats()[Stat::kRejected] == children + 1);
  }
}

TEST_CASE("judge: a receiver that takes only small requests gets small ones, within reason") {
  struct Case {
    uint32_t children;
    size_t most;
    uint32_t requests;
    uint32_t accepted;
  };
  for (const Case& c : {Case{31, 8, 6, 32}, Case{31, 20, 3, 32}, Case{18, 2, 13, 19},
                        Case{63, 1, 70, 64}, Case{511, 1, 73, 64}}) {
    CoreLab lab;
    Run(&lab, c.children);
    const uint32_t batch = lab.Cut().id;
    Receiver receiver{{}, 413, 0, {}, c.most};
    receiver.Deliver(&lab, batch);
    CHECK(edgespan_release(batch, 0) == 0);
    CHECK(receiver.requests == c.requests);
    CHECK(receiver.took.size() == c.accepted);
    CHECK(lab.ReadStats()[Stat::kAccepted] == c.accepted);
    CHECK(lab.ReadStats().dropped(LossReason::kUnsent) == c.children + 1 - c.accepted);
  }
}

TEST_CASE("judge: many poison spans, a bounded number of requests") {
  CoreLab lab;
  Run(&lab, 511);
  const uint32_t batch = lab.Cut().id;
  const auto all = Posted(batch);
  std::set<std::string> poison;
  for (size_t i = 0; i < all.size(); i += 7) poison.insert(all[i]);
  Receiver receiver{poison, 400, 0, {}};
  CHECK(receiver.Deliver(&lab, batch) == Verdict::kRejected);
  CHECK(edgespan_release(batch, 0) == 0);
  CHECK(receiver.requests <= 45);
  const auto stats = lab.ReadStats();
  CHECK(stats[Stat::kAccepted] == receiver.took.size());
  CHECK(stats[Stat::kAccepted] + stats[Stat::kRejected] == 512);
}

TEST_CASE("judge: what is given up amid parts is all that is left, and only that") {
  CoreLab lab;
  Run(&lab, 7);
  const uint32_t batch = lab.Cut().id;
  const auto all = Posted(batch);
  CHECK(Judge(&lab, batch, 400).verdict == Verdict::kNext);  // 8: refused
  CHECK(Posted(batch).size() == 4);
  CHECK(Judge(&lab, batch, 200).verdict == Verdict::kNext);  // the first four
  CHECK(Posted(batch).size() == 4);
  CHECK(Judge(&lab, batch, 400).verdict == Verdict::kNext);
  CHECK(Posted(batch).size() == 2);
  CHECK(Judge(&lab, batch, 503, 0).verdict == Verdict::kGivenUp);
  CHECK(Posted(batch) == std::vector(all.begin() + 4, all.end()));
  CHECK(edgespan_release(batch, 1) == 0);
  CHECK(lab.ReadStats()[Stat::kAccepted] == 4);
  CHECK(lab.ReadStats()[Stat::kSpooled] == 4);
}

TEST_CASE("judge: without memory for a part what is left is rejected, and counted") {
  CoreLab lab(Json::object(), 2u << 20);
  lab.End(Span("2", "1", "generic", {{"input", std::string(200'000, 'x')}}));
  lab.EndRoot(Span("1", "", "generic", {{"input", std::string(200'000, 'x')}}));
  const uint32_t batch = lab.Cut().id;
  REQUIRE(Posted(batch).size() == 2);
  std::vector<uint32_t> filling;  // nearly all the memory there is, in other batches
  while (lab.ReadStats().dropped() == 0) {
    REQUIRE(filling.size() < 100);
    lab.EndRoot(Span("3", "", "generic", {{"input", std::string(50'000, 'x')}}));
    const Batch other = lab.Cut();
    if (other.id != 0) filling.push_back(other.id);
  }
  CHECK(Judge(&lab, batch, 400).verdict == Verdict::kRejected);
  CHECK(edgespan_release(batch, 0) == 0);
  CHECK(lab.ReadStats()[Stat::kRejected] == 2);
  for (const uint32_t other : filling) CHECK(edgespan_release(other, 0) == 0);
}

// ---- circuits -----------------------------------------------------------------------------------

TEST_CASE(
    "circuit: opens after failures in a row, lets one probe through, closes or waits longer") {
  Circuit circuit = {};
  CHECK(circuit.Admits(100));
  circuit.Fail(100, false);
  circuit.Fail(100, false);
  circuit.Succeed();
  for (int i = 0; i < 2; ++i) circuit.Fail(100, false);
  CHECK(circuit.closed());
  circuit.Fail(100, false);
  CHECK(!circuit.closed());
  circuit.Fail(100, false);  // was under way
  CHECK(!circuit.Admits(129));
  CHECK(circuit.Admits(130));
  CHECK(!circuit.Admits(131));  // one probe at a time
  circuit.Fail(131, false);
  CHECK(!circuit.Admits(190));
  CHECK(circuit.Admits(191));
  CHECK(!circuit.Admits(220));  // a probe that nobody heard of
  CHECK(circuit.Admits(221));
  circuit.Succeed();
  CHECK(circuit.closed());
  circuit.Fail(300, true);  // credentials
  CHECK(!circuit.Admits(329));
  uint32_t now = 330;
  for (int i = 0; i < 20; ++i) {
    REQUIRE(circuit.Admits(now));
    circuit.Fail(now, true);
    REQUIRE(circuit.open_until - now <= Circuit::kMaxPauseS);
    now = circuit.open_until;
  }
}

TEST_CASE("judge: refused credentials open the circuit at once; spans are dropped and counted") {
  for (const uint32_t status : {401u, 403u}) {
    CoreLab lab;
    Run(&lab, 2);
    const uint32_t first = lab.Cut().id;
    CHECK(Judge(&lab, first, status).verdict == Verdict::kDenied);
    CHECK(edgespan_release(first, 0) == 0);
    CHECK(lab.ReadStats()[Stat::kRejected] == 3);
    Run(&lab, 1);
    CHECK(edgespan_cut(lab.id(), 0, 0, kNow + 5, 0) == 0);
    CHECK(lab.ReadStats().dropped(LossReason::kCircuit) == 2);
    lab.CheckBooks();
    Run(&lab, 3);
    const int32_t probe = edgespan_cut(lab.id(), 0, 0, kNow + 30, 0);
    REQUIRE(probe > 0);
    Run(&lab, 0);
    CHECK(edgespan_cut(lab.id(), 0, 0, kNow + 31, 0) == 0);
    CHECK(Judge(&lab, static_cast<uint32_t>(probe), 200).verdict == Verdict::kAccepted);
    CHECK(edgespan_release(static_cast<uint32_t>(probe), 0) == 0);
    Run(&lab, 0);
    const int32_t next = edgespan_cut(lab.id(), 0, 0, kNow + 31, 0);
    REQUIRE(next > 0);
    CHECK(edgespan_release(static_cast<uint32_t>(next), 0) == 0);
    CHECK(lab.ReadStats()[Stat::kAccepted] == 4);
  }
}

TEST_CASE("judge: a refused request says nothing of the next, so it opens no circuit") {
  CoreLab lab;
  for (int i = 0; i < 10; ++i) {
    Run(&lab, 0);
    const uint32_t batch = lab.Cut().id;
    REQUIRE(batch != 0);
    CHECK(Judge(&lab, batch, 400).verdict == Verdict::kRejected);
    CHECK(edgespan_release(batch, 0) == 0);
  }
  CHECK(lab.ReadStats()[Stat::kRejected] == 10);
}

TEST_CASE("judge: a circuit is one destination's; one that holds cuts what it may not post") {
  CoreLab lab(Json{{"destinations", {{{"dialect", "genai"}}, {{"dialect", "genai"}}}}});
  uint32_t trace = Run(&lab, 1);
  const uint32_t denied = lab.Cut(trace, 0).id;
  CHECK(Judge(&lab, denied, 401).verdict == Verdict::kDenied);
  CHECK(edgespan_release(denied, 0) == 0);
  lab.Finish(lab.Cut(trace, 1));
  trace = Run(&lab, 1);
  const int32_t held = edgespan_cut(lab.id(), 0, trace, kNow, 1);
  REQUIRE(held > 0);
  REQUIRE(edgespan_batch(static_cast<uint32_t>(held)) == 0);
  CHECK(tools::CoreResult()[4] == 1);
  const int32_t open = edgespan_cut(lab.id(), 1, trace, kNow, 1);
  REQUIRE(open > 0);
  REQUIRE(edgespan_batch(static_cast<uint32_t>(open)) == 0);
  CHECK(tools::CoreResult()[4] == 0);
  CHECK(edgespan_release(static_cast<uint32_t>(held), 1) == 0);
  CHECK(lab.ReadStats(0)[Stat::kSpooled] == 2);
  CHECK(Judge(&lab, static_cast<uint32_t>(open), 200).accepted == 2);
  CHECK(edgespan_release(static_cast<uint32_t>(open), 0) == 0);
}

// ---- shared bodies ------------------------------------------------------------------------------

TEST_CASE("cut: destinations of one dialect and equal limits share one body") {
  CoreLab lab(Json{
      {"destinations",
       {{{"dialect", "genai"}}, {{"dialect", "genai"}}, {{"dialect", "genai"}, {"maxSpans", 2}}}}});
  const uint32_t trace = Run(&lab, 3);
  const Batch one = lab.Cut(trace, 0);
  const Batch two = lab.Cut(trace, 1);
  const Batch other = lab.Cut(trace, 2);
  const auto where = [](uint32_t batch) {
    REQUIRE(edgespan_batch(batch) == 0);
    return std::pair(tools::CoreResult()[0], tools::CoreResult()[3]);
  };
  CHECK(where(one.id) == where(two.id));
  CHECK(where(one.id) != where(other.id));
  CHECK(other.spans.size() == 2);
  // Each goes its own way; what one leaves the other still has.
  CHECK(Judge(&lab, one.id, 400).verdict == Verdict::kNext);
  CHECK(where(one.id) != where(two.id));
  CHECK(Posted(one.id).size() == 2);
  CHECK(edgespan_release(one.id, 0) == 0);
  Run(&lab, 9);  // whatever would now lie in its place
  CHECK(tools::BatchView(two.id).body == two.body);
  CHECK(Judge(&lab, two.id, 200).accepted == 4);
  CHECK(edgespan_release(two.id, 0) == 0);
  lab.Finish(other);
  CHECK(lab.ReadStats(0).dropped(LossReason::kUnsent) == 4);
}

TEST_CASE("cut: a body is shared only by those that cut it from the same span on") {
  CoreLab lab(
      Json{{"destinations",
            {{{"dialect", "genai"}, {"maxSpans", 2}}, {{"dialect", "genai"}, {"maxSpans", 2}}}}});
  const uint32_t trace = Run(&lab, 4);
  const uint32_t first = lab.Cut(trace, 0).id;
  CHECK(lab.TakeIds(trace, 1) == "10 11 12 13 1");
  CHECK(edgespan_release(first, 0) == 0);
  CHECK(lab.TakeIds(trace, 0) == "12 13 1");
  // The records' place is another trace's now.
  const uint32_t next = Run(&lab, 1);
  CHECK(lab.TakeIds(next, 0) == "10 1");
  CHECK(lab.TakeIds(next, 1) == "10 1");
}

// ---- a store ------------------------------------------------------------------------------------

TEST_CASE("adopt: a batch comes back from a store, whole or in parts, and is counted") {
  CoreLab lab;
  Run(&lab, 3);
  const Batch batch = lab.Cut();
  CHECK(edgespan_release(batch.id, 1) == 0);
  CHECK(lab.ReadStats()[Stat::kSpooled] == 4);
  CHECK(lab.ReadStats()[Stat::kPending] == 0);

  const auto adopt = [&](uint32_t spans, const std::string& body) {
    const auto size = static_cast<uint32_t>(body.size());
    REQUIRE(edgespan_lend(0, 0, size) == 0);
    std::memcpy(tools::CoreMemory() + tools::CoreResult()[2], body.data(), size);
    return edgespan_adopt(lab.id(), 0, spans, size, kNow);
  };
  const int32_t whole = adopt(4, batch.body);
  REQUIRE(whole > 0);
  const auto back = static_cast<uint32_t>(whole);
  CHECK(lab.ReadStats()[Stat::kReplayed] == 4);
  CHECK(lab.ReadStats()[Stat::kPending] == 4);
  lab.CheckBooks();
  CHECK(tools::BatchView(back).body == batch.body);
  Receiver receiver{{"11"}, 400, 0, {}};
  receiver.Deliver(&lab, back);
  CHECK(edgespan_release(back, 0) == 0);
  CHECK(receiver.took == std::vector<std::string>{"10", "12", "1"});
  CHECK(lab.ReadStats()[Stat::kAccepted] == 3);
  CHECK(lab.ReadStats()[Stat::kRejected] == 1);

  // Without its bytes it cannot be sent in parts.
  const int32_t blind = adopt(4, "");
  REQUIRE(blind > 0);
  CHECK(Judge(&lab, static_cast<uint32_t>(blind), 503).verdict == Verdict::kRetry);
  CHECK(Judge(&lab, static_cast<uint32_t>(blind), 400).verdict == Verdict::kRejected);
  CHECK(edgespan_release(static_cast<uint32_t>(blind), 0) == 0);

  CHECK(adopt(3, batch.body) == static_cast<int32_t>(Status::kMalformed));
  CHECK(adopt(0, "") == static_cast<int32_t>(Status::kMalformed));
  CHECK(adopt(1, "\x0a\x7f") == static_cast<int32_t>(Status::kMalformed));
  CHECK(edgespan_adopt(lab.id(), 1, 1, 0, kNow) == static_cast<int32_t>(Status::kBadHandle));
  CHECK(edgespan_adopt(lab.id(), 0, 1, 0xffffffff, kNow) ==
        static_cast<int32_t>(Status::kTooLarge));
  CHECK(lab.ReadStats()[Stat::kReplayed] == 8);
}

}  // namespace
}  // namespace edgespan
