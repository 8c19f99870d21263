#include "edgespan/base/arena.h"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EDGESPAN_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define EDGESPAN_ASAN 1
#endif
#ifdef EDGESPAN_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) (static_cast<void>(0))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) (static_cast<void>(0))
#endif

namespace edgespan {
namespace {

constexpr uint32_t kWordBits = 64;

// A broken caller (double free, wrong size) is a bug in the core: stop at once where one looks.
// NDEBUG drops it; assert() would bring libc's I/O, thus imports, into a debug wasm.
inline void Require([[maybe_unused]] bool condition) {
#ifndef NDEBUG
  if (!condition) __builtin_trap();
#endif
}

constexpr uint32_t PagesFor(uint32_t bytes) {
  return bytes / PageArena::kPageSize + (bytes % PageArena::kPageSize != 0);
}

}  // namespace

void PageArena::Init(uintptr_t base, uint32_t first, uint32_t budget_bytes, GrowFn grow) {
  *this = PageArena();
  base_ = base;
  grow_ = grow;
  first_ = (std::max(first, 1u) + kPageSize - 1) / kPageSize * kPageSize;
  map_ = At<uint64_t>(first_);
  const uint32_t budget = std::min(budget_bytes, kMaxBudget) / kPageSize;
  const uint32_t map_bytes = (budget + kWordBits - 1) / kWordBits * sizeof(uint64_t);
  const uint32_t map_pages = PagesFor(map_bytes);
  if (budget == 0 || !grow(base_ + first_ + map_pages * kPageSize)) return;
  // A region may be used again, so its pages may be poisoned; the map must not be when it is
  // written.
  ASAN_POISON_MEMORY_REGION(At(first_), budget * kPageSize);
  ASAN_UNPOISON_MEMORY_REGION(At(first_), map_pages * kPageSize);
  memset(map_, 0, map_bytes);
  budget_ = budget;
  high_water_ = map_pages;
  Mark(0, map_pages, true);
  used_ = map_pages;
}

uint32_t PageArena::Allocate(uint32_t bytes) {
  const uint32_t pages = PagesFor(bytes);
  if (pages == 0 || pages > budget_ - used_) return 0;  // The second spares a vain search.
  // Near the last call's place, else the first fit: memory grows only when nothing below fits.
  uint32_t page = FindRun(hint_, high_water_, pages);
  if (page == high_water_) page = FindRun(0, budget_, pages);
  if (page == budget_ || !Take(page, page + pages)) return 0;
  hint_ = page + pages;
  return first_ + page * kPageSize;
}

void PageArena::Free(uint32_t offset, uint32_t bytes) {
  if (offset == 0) return;
  Shrink(offset, bytes, 0);
}

void PageArena::Shrink(uint32_t offset, uint32_t bytes, uint32_t new_bytes) {
  Require(new_bytes <= bytes);
  const uint32_t page = PageOf(offset);
  Give(page + PagesFor(new_bytes), page + PagesFor(bytes));
}

bool PageArena::Extend(uint32_t offset, uint32_t bytes, uint32_t new_bytes) {
  Require(new_bytes >= bytes);
  const uint32_t page = PageOf(offset) + PagesFor(bytes);
  const uint32_t more = PagesFor(new_bytes) - PagesFor(bytes);
  // Compared as room left, for page + more may be past any page number.
  if (more > budget_ - page || SkipPages(page, page + more, false) != page + more) return false;
  return Take(page, page + more);
}

// First page >= page, < end, whose state differs from `taken`; else end. A word at a time.
uint32_t PageArena::SkipPages(uint32_t page, uint32_t end, bool taken) const {
  const uint64_t flip = taken ? ~uint64_t{0} : 0;
  while (page < end) {
    const uint64_t rest = (map_[page / kWordBits] ^ flip) >> (page % kWordBits);
    if (rest != 0) return std::min(page + static_cast<uint32_t>(std::countr_zero(rest)), end);
    page = (page / kWordBits + 1) * kWordBits;
  }
  return end;
}

// First page in [from, to) that starts a free run of that many pages within [from, to); else to.
uint32_t PageArena::FindRun(uint32_t from, uint32_t to, uint32_t pages) const {
  while (true) {
    from = SkipPages(from, to, true);
    if (pages > to - from) return to;
    const uint32_t end = SkipPages(from, from + pages, false);
    if (end == from + pages) return from;
    from = end;
  }
}

bool PageArena::Take(uint32_t page, uint32_t end) {
  if (end > high_water_) {
    if (!grow_(base_ + first_ + end * kPageSize)) return false;
    high_water_ = end;
  }
  Mark(page, end, true);
  used_ += end - page;
  ASAN_UNPOISON_MEMORY_REGION(At(first_ + page * kPageSize), (end - page) * kPageSize);
  return true;
}

void PageArena::Give(uint32_t page, uint32_t end) {
  if (page == end) return;
  Mark(page, end, false);
  used_ -= end - page;
  hint_ = page;  // The next run comes from pages that the cache still holds.
  ASAN_POISON_MEMORY_REGION(At(first_ + page * kPageSize), (end - page) * kPageSize);
}

void PageArena::Mark(uint32_t page, uint32_t end, bool taken) {
  Require(page <= end && end <= budget_ && SkipPages(page, end, !taken) == end);
  while (page < end) {
    const uint32_t bit = page % kWordBits;
    const uint32_t count = std::min(kWordBits - bit, end - page);
    map_[page / kWordBits] ^= (~uint64_t{0} >> (kWordBits - count)) << bit;
    page += count;
  }
}

}  // namespace edgespan
