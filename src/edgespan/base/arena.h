// PageArena: all memory of the core comes from here, in runs of whole 4 KiB pages under one budget.
//
// The arena owns one contiguous region: a page map in its first pages, a byte for every page from
// offset 0 to the region's end, then the pages it hands out. A run is named by its offset from
// `base` (0 in WebAssembly, where an offset is an address; natively the region's start). Offset 0
// is never handed out: it means "none". Whoever allocated a run knows its size and gives it back;
// the arena keeps no header per run. The region never moves and never shrinks, so pointers into a
// run stay good until the run is freed.
//
// Limits: budget at most 256 MiB; the region spans [first, first + budget), so fragmentation counts
// against the budget. No locks: one thread. Under ASan free pages are poisoned.
#pragma once

#include <cstdint>

namespace edgespan {

class PageArena {
 public:
  static constexpr uint32_t kPageSize = 4096;
  static constexpr uint32_t kMaxBudget = 256u << 20;

  // Makes memory up to the address `end` usable, if it is not; false when the host refuses. Called
  // for every run. In WebAssembly it is the memory that grows, by whichever module asks: a pointer would
  // lead nowhere in the redactor's, which has a table of its own.
  using GrowFn = bool (*)(uintptr_t end);

  // `first` is the first usable offset; it is rounded up to a page, so natively the region must
  // hold that and budget_bytes (rounded down to pages) after it. `base` is page-aligned. If the
  // map itself cannot be had, the budget becomes 0 and every Allocate() fails.
  void Init(uintptr_t base, uint32_t first, uint32_t budget_bytes, GrowFn grow);

  // Offset of a run of ceil(bytes / kPageSize) pages with unspecified content; 0 when bytes is 0,
  // the budget is spent, no run is long enough or the host refuses to grow.
  [[nodiscard]] uint32_t Allocate(uint32_t bytes);

  // Gives back a run. `bytes` is what it was last sized to (any number that rounds to its pages).
  // Freeing offset 0 does nothing.
  void Free(uint32_t offset, uint32_t bytes);

  // Gives back the whole pages of a run that new_bytes <= bytes no longer needs.
  void Shrink(uint32_t offset, uint32_t bytes, uint32_t new_bytes);

  // Lengthens a run in place to new_bytes >= bytes. False, and nothing changed, unless the pages
  // after it are free and within the budget.
  [[nodiscard]] bool Extend(uint32_t offset, uint32_t bytes, uint32_t new_bytes);

  // Makes a run new_bytes >= bytes long: in place if the pages after it are free, else elsewhere, with
  // its content. Returns where it is now; 0, and nothing changed, when there is no room. Offset 0
  // with 0 bytes is a run that is not there yet.
  [[nodiscard]] uint32_t Resize(uint32_t offset, uint32_t bytes, uint32_t new_bytes);

  uint8_t* At(uint32_t offset) const { return reinterpret_cast<uint8_t*>(base_ + offset); }
  template <class T>
  T* At(uint32_t offset) const {
    return reinterpret_cast<T*>(base_ + offset);
  }
  uint32_t OffsetOf(const void* p) const {
    return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(p) - base_);
  }

  // Bytes in use now, the map included; the budget.
  uint32_t used() const { return (used_ - first_) * kPageSize; }
  uint32_t budget() const { return (end_ - first_) * kPageSize; }

 private:
  bool Take(uint32_t page, uint32_t pages);

#ifdef __wasm__
  static constexpr uintptr_t base_ = 0;  // an offset is an address: no load, no addition
  static bool grow_(uintptr_t end);
#else
  uintptr_t base_ = 0;
  GrowFn grow_ = nullptr;
#endif
  uint8_t* map_ = nullptr;  // 0: the page is free.
  // Pages, all counted from offset 0.
  uint32_t first_ = 0;  // The region's first,
  uint32_t end_ = 0;    // and the one past its last.
  uint32_t used_ = 0;   // How many are not free, those below first_ included.
  uint32_t low_ = 0;    // No page below it is free.
};

}  // namespace edgespan
