// PageArena against a plain model of its pages, and its promises at the edges.
#include "edgespan/base/arena.h"

#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#define ASAN 1
#endif
#endif

namespace edgespan {
namespace {

constexpr uint32_t kPage = PageArena::kPageSize;

uintptr_t grown_to;
uintptr_t grow_limit;
bool Grow(uintptr_t end) {
  if (end > grow_limit) return false;
  grown_to = std::max(grown_to, end);
  return true;
}

// A region like linear memory: `first` bytes that are not the arena's, then its budget.
struct Region {
  Region(uint32_t first, uint32_t budget)
      : size(first + kPage + budget),
        memory(std::aligned_alloc(kPage, (size + kPage - 1) / kPage * kPage)) {
    grown_to = 0;
    grow_limit = base() + size;
    arena.Init(base(), first, budget, Grow);
  }
  ~Region() { std::free(memory); }
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;
  uintptr_t base() const { return reinterpret_cast<uintptr_t>(memory); }

  uint32_t size;
  void* memory;
  PageArena arena;
};

TEST_CASE("arena: the first run follows the page map and offsets count from the base") {
  Region r(1000, 16 * kPage);
  CHECK(r.arena.budget() == 16 * kPage);
  CHECK(r.arena.used() == kPage);  // the map
  const uint32_t at = r.arena.Allocate(1);
  CHECK(at == 2 * kPage);  // 1000 rounds up to page 1, which holds the map
  CHECK(r.arena.At(at) == static_cast<uint8_t*>(r.memory) + at);
  CHECK(r.arena.OffsetOf(r.arena.At(at) + 7) == at + 7);
  CHECK(r.arena.used() == 2 * kPage);
  CHECK(grown_to == r.base() + 3 * kPage);
}

TEST_CASE("arena: offset 0 is never handed out, even when the region starts there") {
  Region r(0, 8 * kPage);
  for (uint32_t at; (at = r.arena.Allocate(kPage)) != 0;) CHECK(at >= kPage);
  CHECK(r.arena.used() == r.arena.budget());
}

TEST_CASE("arena: sizes round up to pages; zero and too much fail") {
  Region r(kPage, 8 * kPage);
  CHECK(r.arena.Allocate(0) == 0);
  CHECK(r.arena.Allocate(7 * kPage + 1) == 0);
  CHECK(r.arena.Allocate(UINT32_MAX) == 0);
  const uint32_t a = r.arena.Allocate(kPage + 1);
  CHECK(r.arena.used() == 3 * kPage);
  CHECK(r.arena.Allocate(5 * kPage + 1) == 0);
  CHECK(r.arena.Allocate(5 * kPage) == a + 2 * kPage);
  CHECK(r.arena.Allocate(1) == 0);
  r.arena.Free(a, kPage + 1);
  CHECK(r.arena.Allocate(2 * kPage) == a);
  r.arena.Free(0, 12345);
  CHECK(r.arena.used() == r.arena.budget());
}

TEST_CASE("arena: freed pages are reused before memory grows") {
  Region r(kPage, 64 * kPage);
  std::vector<uint32_t> runs;
  for (int i = 0; i < 10; ++i) runs.push_back(r.arena.Allocate(2 * kPage));
  const uintptr_t high = grown_to;
  for (int i = 0; i < 10; i += 2) r.arena.Free(runs[static_cast<size_t>(i)], 2 * kPage);
  for (int i = 0; i < 10; ++i) CHECK(r.arena.Allocate(kPage) != 0);
  CHECK(grown_to == high);
  CHECK(r.arena.Allocate(kPage) != 0);
  CHECK(grown_to == high + kPage);
}

TEST_CASE("arena: a refused growth fails the call and changes nothing") {
  Region r(kPage, 64 * kPage);
  const uint32_t a = r.arena.Allocate(kPage);
  grow_limit = r.base() + a + 3 * kPage;
  CHECK(r.arena.Allocate(4 * kPage) == 0);
  CHECK_FALSE(r.arena.Extend(a, kPage, 4 * kPage));
  CHECK(r.arena.used() == 2 * kPage);
  CHECK(grown_to == r.base() + a + kPage);
  CHECK(r.arena.Extend(a, kPage, 3 * kPage));
  CHECK(r.arena.used() == 4 * kPage);
}

TEST_CASE("arena: without room for its map, or any budget, it is empty") {
  PageArena arena;
  grow_limit = 0;
  arena.Init(uintptr_t{1} << 20, 0, 1 << 20, Grow);
  CHECK(arena.budget() == 0);
  CHECK(arena.Allocate(1) == 0);
  grow_limit = UINTPTR_MAX;
  arena.Init(uintptr_t{1} << 20, 0, kPage - 1, Grow);
  CHECK(arena.budget() == 0);
  CHECK(arena.Allocate(1) == 0);
}

TEST_CASE("arena: a region can be used again from the start") {
  Region r(kPage, 16 * kPage);
  REQUIRE(r.arena.Allocate(5 * kPage) != 0);
  r.arena.Init(r.base(), 4 * kPage, 12 * kPage, Grow);  // Its map is where free pages were.
  CHECK(r.arena.used() == kPage);
  CHECK(r.arena.Allocate(11 * kPage) == 5 * kPage);
  CHECK(r.arena.Allocate(1) == 0);
}

TEST_CASE("arena: the largest budget") {
  Region r(kPage, UINT32_C(256) << 20);
  CHECK(r.arena.budget() == UINT32_C(256) << 20);
  CHECK(r.arena.used() == 17 * kPage);  // a byte for each of 65537 pages
  const uint32_t whole = r.arena.budget() - r.arena.used();
  const uint32_t at = r.arena.Allocate(whole);
  CHECK(at == 18 * kPage);
  CHECK(r.arena.Allocate(1) == 0);
  r.arena.Free(at, whole);
  CHECK(r.arena.used() == 17 * kPage);
}

TEST_CASE("arena: random traffic keeps runs apart and the books straight") {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    const uint32_t budget_pages = seed % 2 == 0 ? 100 : 500;
    Region r(3 * kPage, budget_pages * kPage);
    std::mt19937 random(seed);
    struct Run {
      uint32_t bytes;
      uint8_t mark;
    };
    std::map<uint32_t, Run> runs;
    std::vector<bool> taken(budget_pages, false);
    taken[0] = true;
    const auto page_of = [](uint32_t at) { return at / kPage - 3; };
    const auto pages = [](uint32_t bytes) { return (bytes + kPage - 1) / kPage; };
    const auto fill = [&](uint32_t at, const Run& run) {
      memset(r.arena.At(at), run.mark, run.bytes);
    };
    const auto intact = [&](uint32_t at, const Run& run, uint32_t bytes) {
      for (uint32_t i = 0; i < bytes; i += 509) {
        if (r.arena.At(at)[i] != run.mark) return false;
      }
      return r.arena.At(at)[bytes - 1] == run.mark;
    };
    const auto set = [&](uint32_t page, uint32_t count, bool value) {
      for (uint32_t i = page; i < page + count; ++i) {
        REQUIRE(taken[i] != value);
        taken[i] = value;
      }
    };
    for (int step = 0; step < 4000; ++step) {
      const uint32_t what = random() % 10;
      const uint32_t bytes = 1 + random() % (random() % 8 == 0 ? 40 * kPage : 3 * kPage);
      if (what < 5 || runs.empty()) {
        const uint32_t at = r.arena.Allocate(bytes);
        if (at == 0) {  // Only if no gap of that size exists.
          uint32_t gap = 0;
          for (const bool t : taken) {
            gap = t ? 0 : gap + 1;
            REQUIRE(gap < pages(bytes));
          }
          continue;
        }
        REQUIRE(at % kPage == 0);
        set(page_of(at), pages(bytes), true);
        runs[at] = Run{bytes, static_cast<uint8_t>(random())};
        fill(at, runs[at]);
        continue;
      }
      auto it = runs.lower_bound(random() % ((budget_pages + 3) * kPage));
      if (it == runs.end()) it = runs.begin();
      const uint32_t at = it->first;
      Run& run = it->second;
      REQUIRE(intact(at, run, run.bytes));
      if (what < 8) {
        r.arena.Free(at, run.bytes);
        set(page_of(at), pages(run.bytes), false);
        runs.erase(it);
      } else if (what == 8) {
        const uint32_t less = 1 + random() % run.bytes;
        r.arena.Shrink(at, run.bytes, less);
        set(page_of(at) + pages(less), pages(run.bytes) - pages(less), false);
        run.bytes = less;
        REQUIRE(intact(at, run, less));
      } else {
        const uint32_t more = run.bytes + bytes;
        const uint32_t begin = page_of(at) + pages(run.bytes), end = page_of(at) + pages(more);
        bool room = end <= budget_pages;
        for (uint32_t i = begin; room && i < end; ++i) room = !taken[i];
        REQUIRE(r.arena.Extend(at, run.bytes, more) == room);
        if (room) {
          set(begin, end - begin, true);
          REQUIRE(intact(at, run, run.bytes));
          run.bytes = more;
          fill(at, run);
        }
      }
      const auto used = static_cast<uint32_t>(std::count(taken.begin(), taken.end(), true));
      REQUIRE(r.arena.used() == used * kPage);
    }
    for (const auto& [at, run] : runs) r.arena.Free(at, run.bytes);
    CHECK(r.arena.used() == kPage);
    CHECK(r.arena.Allocate((budget_pages - 1) * kPage) != 0);
  }
}

#ifdef ASAN
TEST_CASE("arena: ASan sees the use of a free page") {
  Region r(kPage, 16 * kPage);
  const uint32_t at = r.arena.Allocate(2 * kPage);
  CHECK(__asan_region_is_poisoned(r.arena.At(at), 2 * kPage) == nullptr);
  CHECK(__asan_address_is_poisoned(r.arena.At(at + 2 * kPage)));
  r.arena.Shrink(at, 2 * kPage, 1);
  CHECK(__asan_region_is_poisoned(r.arena.At(at), kPage) == nullptr);
  CHECK(__asan_address_is_poisoned(r.arena.At(at + kPage)));
  r.arena.Free(at, 1);
  CHECK(__asan_address_is_poisoned(r.arena.At(at)));
}
#endif

}  // namespace
}  // namespace edgespan
