#include "edgespan/base/arena.h"

#include <algorithm>
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

// A broken caller (double free, wrong size) is a bug in the core: stop at once where one looks.
// NDEBUG drops it; assert() would bring libc's I/O, thus imports, into a debug wasm.
inline void Require([[maybe_unused]] bool condition) {
#ifndef NDEBUG
  if (!condition) __builtin_trap();
#endif
}

// Sizes within a page of 2^32 wrap to none, so Allocate() and Extend() refuse them like any other
// that is too large.
constexpr uint32_t PagesFor(uint32_t bytes) {
  return (bytes + PageArena::kPageSize - 1) / PageArena::kPageSize;
}

}  // namespace

#ifdef __wasm__
bool PageArena::grow_(uintptr_t end) {
  constexpr uintptr_t kWasmPage = 65536;
  const uintptr_t have = __builtin_wasm_memory_size(0) * kWasmPage;
  if (end <= have) return true;
  return __builtin_wasm_memory_grow(0, (end - have + kWasmPage - 1) / kWasmPage) !=
         static_cast<size_t>(-1);
}
#endif

void PageArena::Init([[maybe_unused]] uintptr_t base, uint32_t first, uint32_t budget_bytes,
                     [[maybe_unused]] GrowFn grow) {
  *this = PageArena();
#ifndef __wasm__
  base_ = base;
  grow_ = grow;
#endif
  const uint32_t first_page = PagesFor(first);
  const uint32_t end = first_page + std::min(budget_bytes, kMaxBudget) / kPageSize;
  const uint32_t ready = first_page + PagesFor(end);  // The map has a byte for each of `end` pages.
  if (ready > end || !grow_(base_ + ready * kPageSize)) return;
  first_ = first_page;
  end_ = end;
  used_ = low_ = ready;
  map_ = At(first_page * kPageSize);
  // A region may be used again, so its pages may be poisoned; the map must not be when it is
  // written.
  ASAN_POISON_MEMORY_REGION(map_, (end - first_page) * kPageSize);
  ASAN_UNPOISON_MEMORY_REGION(map_, (ready - first_page) * kPageSize);
  memset(map_, 1, ready);
  memset(map_ + ready, 0, end - ready);
}

// First fit, from the lowest free page on: memory grows only when nothing below fits.
uint32_t PageArena::Allocate(uint32_t bytes) {
  const uint32_t pages = PagesFor(bytes);
  if (pages - 1 >= end_ - used_) return 0;  // No pages wrap around. So there is a free one:
  uint32_t page = low_;
  while (map_[page] != 0) ++page;
  low_ = page;
  for (uint32_t run = 0; run != pages; ++page) {
    if (page == end_) return 0;
    run = map_[page] != 0 ? 0 : run + 1;
  }
  page -= pages;
  return Take(page, pages) ? page * kPageSize : 0;
}

void PageArena::Free(uint32_t offset, uint32_t bytes) {
  if (offset != 0) Shrink(offset, bytes, 0);
}

[[gnu::noinline]] void PageArena::Shrink(uint32_t offset, uint32_t bytes, uint32_t new_bytes) {
  Require(new_bytes <= bytes);
  const uint32_t page = offset / kPageSize + PagesFor(new_bytes);
  const uint32_t pages = PagesFor(bytes) - PagesFor(new_bytes);
  for (uint32_t i = 0; i < pages; ++i) Require(page + i < end_ && map_[page + i] != 0);
  memset(map_ + page, 0, pages);
  used_ -= pages;
  low_ = std::min(low_, page);
  ASAN_POISON_MEMORY_REGION(At(page * kPageSize), pages * kPageSize);
}

bool PageArena::Extend(uint32_t offset, uint32_t bytes, uint32_t new_bytes) {
  Require(new_bytes >= bytes);
  return Take(offset / kPageSize + PagesFor(bytes), PagesFor(new_bytes) - PagesFor(bytes));
}

uint32_t PageArena::Resize(uint32_t offset, uint32_t bytes, uint32_t new_bytes) {
  if (offset != 0 && Extend(offset, bytes, new_bytes)) return offset;
  const uint32_t to = Allocate(new_bytes);
  if (to == 0) return 0;
  memcpy(At(to), At(offset), bytes);
  Free(offset, bytes);
  return to;
}

// Marks pages as in use. False, and nothing changed, if not all of them are free ones of the region
// or the host refuses to grow.
[[gnu::noinline]] bool PageArena::Take(uint32_t page, uint32_t pages) {
  if (pages > end_ - page) return false;  // page + pages may be past any page number.
  const uint32_t end = page + pages;
  for (uint32_t i = page; i < end; ++i) {
    if (map_[i] != 0) return false;
  }
  if (!grow_(base_ + end * kPageSize)) return false;
  memset(map_ + page, 1, pages);
  used_ += pages;
  ASAN_UNPOISON_MEMORY_REGION(At(page * kPageSize), pages * kPageSize);
  return true;
}

}  // namespace edgespan
