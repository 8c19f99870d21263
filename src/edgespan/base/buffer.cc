#include "edgespan/base/buffer.h"

#include <algorithm>
#include <cstring>

namespace edgespan {

void CopyBytes(uint8_t* dst, const void* src, uint32_t n) {
  const auto* from = static_cast<const uint8_t*>(src);
  // Two words that may overlap cover every length between one word and two.
  if (n > 256) {
    memcpy(dst, from, n);
  } else if (n >= kCopyBlock) {
    CopyBlocks(dst, from, n);
  } else if (n >= 8) {
    memcpy(dst, from, 8);
    memcpy(dst + n - 8, from + n - 8, 8);
  } else if (n >= 4) {
    memcpy(dst, from, 4);
    memcpy(dst + n - 4, from + n - 4, 4);
  } else {
    for (uint32_t i = 0; i < n; ++i) dst[i] = from[i];
  }
}

bool Buffer::Init(PageArena* arena, uint32_t initial_bytes) {
  arena_ = arena;
  begin_ = cursor_ = arena->At(0);
  failed_ = !Resize(std::clamp(initial_bytes, kSafeReserve, PageArena::kMaxBudget) + kSlack);
  return !failed_;
}

uint32_t Buffer::Detach(uint32_t* run_bytes) {
  const uint32_t run = failed_ ? 0 : arena_->OffsetOf(begin_);
  // An empty one keeps its page.
  const uint32_t kept = failed_ ? 0 : std::max(size(), 1u);
  Drop(kept);
  *run_bytes = kept;
  return run;
}

void Buffer::Discard() {
  if (run_bytes_ != 0) Drop(0);
}

[[gnu::noinline]] void Buffer::Drop(uint32_t kept) {
  arena_->Shrink(arena_->OffsetOf(begin_), run_bytes_, kept);
  *this = Buffer();
}

// To twice the size; if that exceeds the budget, to what is needed and no more.
[[gnu::noinline]] uint8_t* Buffer::Grow(uint32_t n) {
  // Cannot wrap, and exceeds every budget when n does.
  const uint32_t needed = std::min(n, PageArena::kMaxBudget) + kSlack + size();
  if (!failed_ && (Resize(std::max(run_bytes_ * 2, needed)) || Resize(needed))) return cursor_;
  Fail();
  return n <= kSafeReserve ? cursor_ : nullptr;
}

// Makes the run at least this long. A Buffer without a run (it holds nothing, at offset 0) gets one.
[[gnu::noinline]] bool Buffer::Resize(uint32_t bytes) {
  bytes = (bytes + PageArena::kPageSize - 1) & ~(PageArena::kPageSize - 1);
  const uint32_t run = arena_->Resize(arena_->OffsetOf(begin_), run_bytes_, bytes);
  if (run == 0) return false;
  cursor_ = arena_->At(run) + size();
  begin_ = arena_->At(run);
  run_bytes_ = bytes;
  limit_ = begin_ + bytes - kSlack;
  return true;
}

void Buffer::Append(const void* bytes, uint32_t n) {
  uint8_t* const p = Reserve(n);
  if (p == nullptr) [[unlikely]]
    return;  // failed() says so.
  CopyBytes(p, bytes, n);
  cursor_ = p + n;
}

void Buffer::AppendByte(uint8_t byte) {
  // As Reserve(1), which is small enough for V8 to inline it as long as it is not alone in calling Grow():
  // the module's optimizer puts what has one caller into that, and what nobody needs into every one's way.
  uint8_t* const p = cursor_ < limit_ ? cursor_ : Grow(1);
  *p = byte;
  cursor_ = p + 1;
}

}  // namespace edgespan
