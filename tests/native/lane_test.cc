// Lane: allocations that stay, trimming, and every page back at the end.
#include "edgespan/base/lane.h"

#include <cstring>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/record_lab.h"

namespace edgespan {
namespace {

using testing::Region;

constexpr uint32_t kPage = PageArena::kPageSize;

TEST_CASE("lane: allocations are aligned, apart and stay where they are") {
  Region region;
  const uint32_t before = region.arena.used();
  Lane lane;
  CHECK(lane.empty());
  std::vector<std::pair<uint32_t, uint32_t>> blocks;
  for (uint32_t i = 0; i < 500; ++i) {
    const uint32_t bytes = 1 + i * i % 9001;
    const uint32_t at = lane.Allocate(&region.arena, bytes);
    REQUIRE(at != 0);
    CHECK(at % 8 == 0);
    std::memset(region.arena.At(at), static_cast<int>(i & 0xff), bytes);
    blocks.emplace_back(at, bytes);
  }
  CHECK(!lane.empty());
  for (uint32_t i = 0; i < blocks.size(); ++i) {
    const uint8_t* const p = region.arena.At(blocks[i].first);
    for (uint32_t k = 0; k < blocks[i].second; ++k) REQUIRE(p[k] == (i & 0xff));
  }
  lane.Free(&region.arena);
  CHECK(lane.empty());
  CHECK(region.arena.used() == before);
}

TEST_CASE("lane: small allocations share a page") {
  Region region;
  const uint32_t before = region.arena.used();
  Lane lane;
  for (int i = 0; i < 100; ++i) REQUIRE(lane.Allocate(&region.arena, 40) != 0);
  CHECK(region.arena.used() - before == kPage);
  REQUIRE(lane.Allocate(&region.arena, 100) != 0);  // 4000 + 16 of 4096 are taken
  CHECK(region.arena.used() - before == 2 * kPage);
  lane.Free(&region.arena);
}

TEST_CASE("lane: TrimTo gives back whole pages and the rest is used next") {
  Region region;
  const uint32_t before = region.arena.used();
  Lane lane;
  const uint32_t at = lane.Allocate(&region.arena, 10 * kPage);
  REQUIRE(at != 0);
  CHECK(region.arena.used() - before == 11 * kPage);
  lane.TrimTo(&region.arena, at + 101);
  CHECK(region.arena.used() - before == kPage);
  CHECK(lane.Allocate(&region.arena, 8) == at + 104);
  CHECK(region.arena.used() - before == kPage);
  // Up to the page's end, and not a byte further.
  CHECK(lane.Allocate(&region.arena, kPage - 16 - 104 - 8) == at + 112);
  CHECK(region.arena.used() - before == kPage);
  REQUIRE(lane.Allocate(&region.arena, 1) != 0);
  CHECK(region.arena.used() - before == 2 * kPage);
  lane.Free(&region.arena);
  CHECK(region.arena.used() == before);
}

TEST_CASE("lane: Sweep frees the runs that are not marked, but never the newest") {
  Region region;
  const uint32_t before = region.arena.used();
  Lane lane;
  std::vector<uint32_t> runs;
  for (uint32_t i = 0; i < 6; ++i) {
    const uint32_t at = lane.Allocate(&region.arena, kPage * (1 + i % 2));
    REQUIRE(at != 0);
    runs.push_back(lane.newest());
    std::memset(region.arena.At(at), static_cast<int>(i), kPage);
  }
  CHECK(!lane.IsMarked(region.arena, runs[1]));
  CHECK(lane.IsMarked(region.arena, runs[5]));
  Lane::Mark(region.arena, runs[1]);
  Lane::Mark(region.arena, runs[4]);
  CHECK(lane.IsMarked(region.arena, runs[1]));
  const uint32_t held = region.arena.used();
  CHECK(lane.Sweep(&region.arena));
  CHECK(region.arena.used() < held);
  // What stayed is what it was; marks are gone.
  for (const uint32_t i : {1u, 4u, 5u}) {
    CHECK(*region.arena.At(runs[i] + 100) == i);
    CHECK(lane.IsMarked(region.arena, runs[i]) == (i == 5));
  }
  CHECK(lane.Sweep(&region.arena));
  CHECK(!lane.Sweep(&region.arena));
  REQUIRE(lane.Allocate(&region.arena, 100) != 0);
  lane.Free(&region.arena);
  CHECK(region.arena.used() == before);
}

TEST_CASE("lane: out of memory fails the call and changes nothing") {
  Region region(16 * kPage);
  const uint32_t before = region.arena.used();
  Lane lane;
  const uint32_t first = lane.Allocate(&region.arena, 100);
  REQUIRE(first != 0);
  CHECK(lane.Allocate(&region.arena, 64 * kPage) == 0);
  CHECK(lane.Allocate(&region.arena, 0xffffffff) == 0);
  CHECK(lane.Allocate(&region.arena, (1u << 30) + 1) == 0);
  CHECK(lane.Allocate(&region.arena, 100) == first + 104);
  lane.Free(&region.arena);
  CHECK(region.arena.used() == before);
}

}  // namespace
}  // namespace edgespan
