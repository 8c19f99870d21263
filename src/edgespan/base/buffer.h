// Buffer: growable output bytes in one PageArena run, for encoders that write through a cursor.
//
// Usage: p = Reserve(n); write up to n bytes (and stray up to kSlack bytes beyond); Advance(end).
// The Buffer owns its run until Detach() or Discard(); there is no destructor (it lives in plain
// structs and the arena outlives it). Reserve(), Append*() may move the bytes: keep positions
// (`size()`), not pointers, across them.
//
// Out of memory is sticky: failed() turns true, the content becomes garbage, and writing starts
// over at the buffer's start, so that encoders need no check per write, only one at the end. Two
// things follow for a caller that patches earlier bytes: a position taken before the failure still
// lies inside the run, but size() may be smaller than it, so ask failed() before subtracting
// positions.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "edgespan/base/arena.h"

namespace edgespan {

// memcpy for sizes that vary: below 64 bytes an out-of-line call to the host's copy, which
// WebAssembly's memory.copy is, costs more than the copy itself.
void CopyBytes(uint8_t* dst, const void* src, uint32_t n);

// The same in place, for texts that mostly are a block or more; shorter ones it passes on.
constexpr uint32_t kCopyBlock = 16;
inline void CopyBlocks(uint8_t* dst, const void* src, uint32_t n) {
  if (n < kCopyBlock) return CopyBytes(dst, src, n);
  const auto* from = static_cast<const uint8_t*>(src);
  const uint32_t last = n - kCopyBlock;
  for (uint32_t i = 0; i < last; i += kCopyBlock) memcpy(dst + i, from + i, kCopyBlock);
  memcpy(dst + last, from + last, kCopyBlock);
}

class Buffer {
 public:
  static constexpr uint32_t kSlack = 32;          // Writable bytes beyond every reservation.
  static constexpr uint32_t kSafeReserve = 4096;  // What Reserve() grants even after failure.

  // For an empty Buffer: allocates a run of at least initial_bytes + slack. False (and
  // failed()) if there is none; then no other member but Init(), failed() and Discard() may be
  // called.
  [[nodiscard]] bool Init(PageArena* arena, uint32_t initial_bytes);

  // The write cursor, with at least n + kSlack writable bytes after it. Once failed, no more memory
  // is taken: for n <= kSafeReserve the cursor is still safe to write through, for a larger n the
  // result may be nullptr.
  uint8_t* Reserve(uint32_t n) {
    if (static_cast<uintptr_t>(limit_ - cursor_) >= n) [[likely]]
      return cursor_;
    return Grow(n);
  }

  // The end of what was written; at most what the last Reserve() asked for.
  void Advance(uint8_t* new_cursor) { cursor_ = new_cursor; }

  // Out of line: encoders call these in many places, and code size is cold-start time.
  [[gnu::noinline]] void Append(const void* bytes, uint32_t n);
  [[gnu::noinline]] void AppendByte(uint8_t byte);
  void AppendText(std::string_view text) {
    Append(text.data(), static_cast<uint32_t>(text.size()));
  }

  // Drops what was written after the first `size` bytes; ignored once failed, or if size is larger.
  void Truncate(uint32_t size) {
    if (size < this->size()) cursor_ = begin_ + size;
  }

  // Makes it failed, as if memory had run out.
  void Fail() {
    failed_ = true;
    cursor_ = begin_;
  }

  PageArena* arena() const { return arena_; }
  uint8_t* data() const { return begin_; }
  uint32_t size() const { return static_cast<uint32_t>(cursor_ - begin_); }
  bool failed() const { return failed_; }

  // Hands the run to the caller, less its unused tail pages, and leaves the Buffer empty: returns the
  // run's offset, 0 if failed() (then the run is freed), and how long it is: size(), or 1 if it is
  // empty.
  [[nodiscard]] uint32_t Detach(uint32_t* run_bytes);

  // Frees the run and leaves the Buffer empty, ready for another Init().
  void Discard();

 private:
  uint8_t* Grow(uint32_t n);
  bool Resize(uint32_t bytes);
  void Drop(uint32_t kept);

  PageArena* arena_ = nullptr;
  uint8_t* begin_ = nullptr;   // Start of the run.
  uint8_t* cursor_ = nullptr;  // End of the content.
  uint8_t* limit_ = nullptr;   // End of the run, less kSlack.
  uint32_t run_bytes_ = 0;     // 0: there is no run.
  bool failed_ = false;
};

}  // namespace edgespan
