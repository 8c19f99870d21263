#include "edgespan/base/buffer.h"

#include <algorithm>

namespace edgespan {

bool Buffer::Init(PageArena* arena, uint32_t initial_bytes, uint32_t headroom) {
  *this = Buffer();
  arena_ = arena;
  const uint64_t bytes = uint64_t{headroom} + std::max(initial_bytes, kSafeReserve) + kSlack +
                         PageArena::kPageSize - 1;
  const uint64_t run_bytes = bytes / PageArena::kPageSize * PageArena::kPageSize;
  const uint32_t run =
      run_bytes > PageArena::kMaxBudget ? 0 : arena->Allocate(static_cast<uint32_t>(run_bytes));
  if (run == 0) {
    failed_ = true;
    return false;
  }
  Place(run, static_cast<uint32_t>(run_bytes), headroom, 0);
  return true;
}

uint8_t* Buffer::Prepend(uint32_t n) {
  if (static_cast<uintptr_t>(begin_ - arena_->At(run_)) < n) return nullptr;
  begin_ -= n;
  return begin_;
}

uint32_t Buffer::Detach(uint32_t* run_bytes) {
  if (failed_) {
    Discard();
    *run_bytes = 0;
    return 0;
  }
  const uint32_t run = run_;
  *run_bytes = std::max(arena_->OffsetOf(cursor_) - run, 1u);  // An empty one keeps its page.
  arena_->Shrink(run, run_bytes_, *run_bytes);
  *this = Buffer();
  return run;
}

void Buffer::Discard() {
  if (run_ != 0) arena_->Free(run_, run_bytes_);
  *this = Buffer();
}

// Out of line and cold: in place if the following pages are free, else to a run twice as large; if
// doubling exceeds the budget, to what is needed and no more.
[[gnu::noinline]] uint8_t* Buffer::Grow(uint32_t n) {
  if (failed_ || run_ == 0) return Fail(n);
  const uint32_t start = arena_->OffsetOf(begin_) - run_;
  const uint64_t needed = uint64_t{start} + size() + n + kSlack;
  if (needed > PageArena::kMaxBudget) return Fail(n);
  const uint32_t least = (static_cast<uint32_t>(needed) + PageArena::kPageSize - 1) /
                         PageArena::kPageSize * PageArena::kPageSize;
  for (const uint32_t bytes : {std::max(run_bytes_ * 2, least), least}) {
    if (arena_->Extend(run_, run_bytes_, bytes)) {
      Place(run_, bytes, start, size());
      return cursor_;
    }
    const uint32_t run = arena_->Allocate(bytes);
    if (run != 0) {
      memcpy(arena_->At(run) + start, begin_, size());
      arena_->Free(run_, run_bytes_);
      Place(run, bytes, start, size());
      return cursor_;
    }
  }
  return Fail(n);
}

uint8_t* Buffer::Fail(uint32_t n) {
  failed_ = true;
  cursor_ = begin_;
  return n <= kSafeReserve ? cursor_ : nullptr;
}

void Buffer::Place(uint32_t run, uint32_t run_bytes, uint32_t start, uint32_t size) {
  run_ = run;
  run_bytes_ = run_bytes;
  begin_ = arena_->At(run) + start;
  cursor_ = begin_ + size;
  limit_ = arena_->At(run) + run_bytes - kSlack;
}

void Buffer::Append(const void* bytes, uint32_t n) {
  uint8_t* const p = Reserve(n);
  if (p == nullptr) [[unlikely]] return;  // failed() says so.
  CopyBytes(p, bytes, n);
  cursor_ = p + n;
}

void Buffer::AppendByte(uint8_t byte) {
  uint8_t* const p = Reserve(1);
  *p = byte;
  cursor_ = p + 1;
}

}  // namespace edgespan
