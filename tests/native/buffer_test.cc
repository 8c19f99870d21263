// Buffer: growth, the sticky failure, and who holds the run afterwards.
#include "edgespan/base/buffer.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace edgespan {
namespace {

constexpr uint32_t kPage = PageArena::kPageSize;

struct Region {
  explicit Region(uint32_t budget) : memory(std::aligned_alloc(kPage, budget + kPage)) {
    arena.Init(reinterpret_cast<uintptr_t>(memory), kPage, budget, [](uintptr_t) { return true; });
  }
  ~Region() { std::free(memory); }
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  void* memory;
  PageArena arena;
};

std::string Content(const Buffer& b) {
  return std::string(reinterpret_cast<const char*>(b.data()), b.size());
}

TEST_CASE("buffer: CopyBytes touches n bytes exactly, for every length and alignment") {
  for (uint32_t n = 0; n <= 80; ++n) {
    for (uint32_t shift = 0; shift < 4; ++shift) {
      auto src = std::make_unique<uint8_t[]>(shift + n);  // Exact: ASan guards both ends.
      auto dst = std::make_unique<uint8_t[]>(shift + n);
      for (uint32_t i = 0; i < n; ++i) src[shift + i] = static_cast<uint8_t>(i * 7 + 1);
      CopyBytes(dst.get() + shift, src.get() + shift, n);
      CHECK(memcmp(dst.get() + shift, src.get() + shift, n) == 0);
      for (uint32_t i = 0; i < shift; ++i) CHECK(dst[i] == 0);
    }
  }
}

TEST_CASE("buffer: random appends equal a string, in place and across moves") {
  for (uint32_t seed = 0; seed < 12; ++seed) {
    Region r(8u << 20);
    std::mt19937 random(seed);
    Buffer b;
    REQUIRE(b.Init(&r.arena, 100));
    std::string want;
    const std::string text(9000, 'x');
    std::vector<uint32_t> blockers;
    for (int i = 0; i < 1500; ++i) {
      if (seed % 2 == 0 && i % 300 == 0) blockers.push_back(r.arena.Allocate(1));  // In the way.
      const uint32_t n = random() % (random() % 16 == 0 ? 9000 : 90);
      switch (random() % 4) {
        case 0:
          b.AppendByte(static_cast<uint8_t>(n));
          want.push_back(static_cast<char>(n));
          break;
        case 1: {
          uint8_t* p = b.Reserve(n);
          memset(p, static_cast<int>(n & 255), n + Buffer::kSlack);
          b.Advance(p + n);
          want.append(n, static_cast<char>(n));
          break;
        }
        case 2:
          b.AppendText(std::string_view(text).substr(0, n));
          want.append(text, 0, n);
          break;
        default:
          if (random() % 8 != 0) break;
          b.Truncate(static_cast<uint32_t>(want.size()) / 2);
          want.resize(want.size() / 2);
      }
    }
    REQUIRE_FALSE(b.failed());
    CHECK((Content(b) == want));
    b.Discard();
    for (const uint32_t at : blockers) r.arena.Free(at, 1);
    CHECK(r.arena.used() == kPage);
  }
}

TEST_CASE("buffer: Truncate never lengthens") {
  Region r(1u << 20);
  Buffer b;
  REQUIRE(b.Init(&r.arena, 10));
  b.AppendText("abc");
  b.Truncate(5);
  CHECK(Content(b) == "abc");
  b.Truncate(0);
  CHECK(b.size() == 0);
  b.Discard();
}

TEST_CASE("buffer: Detach hands over the bytes and gives back unused pages") {
  Region r(1u << 20);
  Buffer b;
  REQUIRE(b.Init(&r.arena, 20 * kPage));
  b.Append(std::string(kPage + 1, 'q').data(), kPage + 1);
  const uint32_t at = r.arena.OffsetOf(b.data());
  uint32_t bytes = 0;
  const uint32_t run = b.Detach(&bytes);
  CHECK(run == at);
  CHECK(bytes == kPage + 1);
  CHECK(r.arena.used() == 3 * kPage);
  CHECK(r.arena.At(at)[kPage - 1] == 'q');
  CHECK(b.size() == 0);
  r.arena.Free(run, bytes);
  CHECK(r.arena.used() == kPage);

  REQUIRE(b.Init(&r.arena, 1));  // An empty one still owns a page.
  const uint32_t empty = b.Detach(&bytes);
  CHECK(empty != 0);
  CHECK(r.arena.used() == 2 * kPage);
  r.arena.Free(empty, bytes);
  CHECK(r.arena.used() == kPage);
}

TEST_CASE("buffer: growth takes what is needed when doubling exceeds the budget") {
  Region r(12 * kPage);
  Buffer b;
  REQUIRE(b.Init(&r.arena, 7 * kPage - Buffer::kSlack));
  b.Append(std::string(9 * kPage, 'a').data(), 9 * kPage);
  CHECK_FALSE(b.failed());
  CHECK(b.size() == 9 * kPage);
  b.Discard();
}

TEST_CASE("buffer: out of memory is sticky and stays inside the run") {
  Region r(16 * kPage);
  Buffer b;
  REQUIRE(b.Init(&r.arena, kPage));
  uint32_t appended = 0;
  while (!b.failed()) {
    b.Append(std::string(1000, 'a').data(), 1000);
    appended += 1000;
  }
  CHECK(appended > 10 * kPage);
  for (int i = 0; i < 100; ++i) {
    uint8_t* p = b.Reserve(Buffer::kSafeReserve);
    REQUIRE(p != nullptr);
    memset(p, 0xee, Buffer::kSafeReserve + Buffer::kSlack);  // ASan guards the run's end.
    b.Advance(p + Buffer::kSafeReserve);
    CHECK(b.Reserve(64 * kPage) == nullptr);
    b.Append(std::string(64 * kPage, 'b').data(), 64 * kPage);
    b.Append(std::string(200, 'b').data(), 200);
    b.AppendByte('c');
    CHECK(b.failed());
  }
  uint32_t bytes = 1;
  CHECK(b.Detach(&bytes) == 0);
  CHECK(bytes == 0);
  CHECK(r.arena.used() == kPage);
}

TEST_CASE("buffer: the slack is there up to the last byte of the run") {
  Region r(16 * kPage);
  Buffer b;
  REQUIRE(b.Init(&r.arena, 1));
  for (uint32_t used = r.arena.used(); r.arena.used() == used;) {
    memset(b.Reserve(1), 1, 1 + Buffer::kSlack);  // The next page is free: ASan guards it.
    REQUIRE(r.arena.OffsetOf(b.data()) + b.size() + 1 + Buffer::kSlack <= r.arena.used() + kPage);
    b.AppendByte(2);
  }
  CHECK(b.size() == 2 * kPage - Buffer::kSlack + 1);
  b.Discard();
}

TEST_CASE("buffer: once failed it takes no more memory, even if there is some") {
  Region r(16 * kPage);
  Buffer b;
  REQUIRE(b.Init(&r.arena, 1));
  CHECK(b.Reserve(UINT32_MAX) == nullptr);
  const uint32_t used = r.arena.used();
  CHECK(b.Reserve(3 * kPage) == nullptr);
  for (int i = 0; i < 9; ++i) b.Append(std::string(kPage, 'a').data(), kPage);
  CHECK(r.arena.used() == used);
  CHECK(b.failed());
  b.Discard();
}

TEST_CASE("buffer: a reservation beyond any budget fails cleanly") {
  Region r(16 * kPage);
  Buffer b;
  REQUIRE(b.Init(&r.arena, 1));
  CHECK(b.Reserve(UINT32_MAX) == nullptr);
  CHECK(b.failed());
  b.Discard();
  CHECK_FALSE(b.failed());
  CHECK_FALSE(b.Init(&r.arena, UINT32_MAX));
  CHECK(b.failed());
  b.Discard();
  CHECK_FALSE(b.Init(&r.arena, 16 * kPage));
  b.Discard();
  CHECK(r.arena.used() == kPage);
}

}  // namespace
}  // namespace edgespan
