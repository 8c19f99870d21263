// Lane: a bump allocator over runs of arena pages, freed as a whole.
//
// A trace keeps one lane per loss class (pipeline/trace.h), so that giving up a class returns whole
// pages. A Lane is plain data: all zero is an empty lane, and it may live inside the arena. It does
// not own the arena. Allocations are 8-aligned and stay where they are until Free().
#pragma once

#include <cstdint>

#include "edgespan/base/arena.h"

namespace edgespan {

struct Lane {
  // Room for `bytes`, or 0 when the arena is out of memory.
  uint32_t Allocate(PageArena* arena, uint32_t bytes);
  // The latest allocation needs only [.., end): the rest is used by the next one, and whole pages go
  // back to the arena. REQUIRES: no allocation since.
  void TrimTo(PageArena* arena, uint32_t end);
  void Free(PageArena* arena);
  bool empty() const { return run_ == 0; }

  // Frees a part: mark the runs that are still needed, let go of what lies in the others, Sweep().
  // The newest run, where the latest allocation is, always stays.
  uint32_t newest() const { return run_; }
  static void Mark(const PageArena& arena, uint32_t run) { HeaderOf(arena, run)->marked = 1; }
  bool IsMarked(const PageArena& arena, uint32_t run) const {
    return run == run_ || HeaderOf(arena, run)->marked != 0;
  }
  // Frees what is not marked and takes the marks away; false when there was nothing to free.
  bool Sweep(PageArena* arena);

 private:
  struct RunHeader {
    uint32_t next;  // the run allocated before this one
    uint32_t bytes;
    uint32_t marked;
    uint32_t reserved;
  };
  static RunHeader* HeaderOf(const PageArena& arena, uint32_t run) {
    return arena.At<RunHeader>(run);
  }
  uint32_t run_ = 0;     // newest run
  uint32_t cursor_ = 0;  // first free byte of the newest run
  uint32_t limit_ = 0;   // its end
};

}  // namespace edgespan
