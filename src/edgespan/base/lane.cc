#include "edgespan/base/lane.h"

namespace edgespan {

uint32_t Lane::Allocate(PageArena* arena, uint32_t bytes) {
  constexpr uint32_t kMax = 1u << 30;
  if (bytes > kMax) return 0;
  bytes = (bytes + 7) & ~7u;
  if (bytes > limit_ - cursor_) {
    const uint32_t need = bytes + static_cast<uint32_t>(sizeof(RunHeader));
    const uint32_t run_bytes = (need + PageArena::kPageSize - 1) & ~(PageArena::kPageSize - 1);
    const uint32_t run = arena->Allocate(run_bytes);
    if (run == 0) return 0;
    *arena->At<RunHeader>(run) = {run_, run_bytes, 0, 0};
    run_ = run;
    cursor_ = run + static_cast<uint32_t>(sizeof(RunHeader));
    limit_ = run + run_bytes;
  }
  const uint32_t at = cursor_;
  cursor_ += bytes;
  return at;
}

void Lane::TrimTo(PageArena* arena, uint32_t end) {
  cursor_ = (end + 7) & ~7u;
  RunHeader* header = arena->At<RunHeader>(run_);
  const uint32_t used = cursor_ - run_;
  const uint32_t kept = (used + PageArena::kPageSize - 1) & ~(PageArena::kPageSize - 1);
  if (kept < header->bytes) {
    const uint32_t before = header->bytes;
    header->bytes = kept;
    limit_ = run_ + kept;
    arena->Shrink(run_, before, kept);
  }
}

bool Lane::Sweep(PageArena* arena) {
  bool swept = false;
  for (uint32_t* link = &run_; *link != 0;) {
    const uint32_t run = *link;
    RunHeader* const header = arena->At<RunHeader>(run);
    if (IsMarked(*arena, run)) {
      header->marked = 0;
      link = &header->next;
    } else {
      *link = header->next;
      arena->Free(run, header->bytes);
      swept = true;
    }
  }
  return swept;
}

void Lane::Free(PageArena* arena) {
  uint32_t run = run_;
  *this = Lane{};  // before its memory goes, where it may be itself
  while (run != 0) {
    const RunHeader header = *arena->At<RunHeader>(run);
    arena->Free(run, header.bytes);
    run = header.next;
  }
}

}  // namespace edgespan
