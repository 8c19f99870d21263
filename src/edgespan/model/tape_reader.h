// TapeReader: reads the host's tape (model/tape.h) item by item and writes records.
//
// Total: whatever the three areas hold, Next() ends with kDone or kMalformed and every access is in
// bounds. An item is measured before anything is stored: the first pass checks the grammar and
// counts nodes and text, the second (Store) writes without checks. The reader owns nothing; it
// reads the areas in place and writes into a Lane.
#pragma once

#include <cstdint>
#include <string_view>

#include "edgespan/base/arena.h"
#include "edgespan/base/lane.h"
#include "edgespan/model/record.h"

namespace edgespan {

// The lent areas with what the host wrote there. The rope lies inside `text`.
struct TapeAreas {
  const uint32_t* words = nullptr;
  const double* doubles = nullptr;
  const uint8_t* text = nullptr;
  uint32_t word_count = 0;
  uint32_t double_count = 0;
  uint32_t text_bytes = 0;
  uint32_t rope_at = 0;
  uint32_t rope_bytes = 0;
  uint32_t rope_units = 0;  // equal to rope_bytes when the rope is ASCII
};

class TapeReader {
 public:
  enum class Item { kDone, kTrace, kSpan, kConfig, kMalformed };

  // `key_end`: one past the last valid key id.
  TapeReader(const TapeAreas& areas, uint32_t key_end);

  // Measures the next item and makes it current. A current span or config item that was not stored
  // is skipped.
  Item Next();

  // kTrace: false when the digits are not a trace id.
  bool trace_id(TraceId* id) const {
    *id = trace_id_;
    return ids_valid_;
  }

  // kSpan (a kStart or a kSpan item).
  bool is_start() const { return is_start_; }
  bool ids_valid() const { return ids_valid_; }
  const SpanId& span_id() const { return head_.span_id; }
  const SpanId& parent_id() const { return head_.parent_id; }
  uint16_t type() const { return head_.type; }
  uint16_t flags() const { return head_.flags; }
  double time_ms() const { return head_.end_ms; }  // of what the item tells
  bool has_error() const { return has_error_; }    // it has an object errorInfo
  bool has_members() const { return item_nodes_ > 0; }

  // Writes the current item as a record; 0 when the lane got no memory (the item is then skipped).
  uint32_t Store(PageArena* arena, Lane* lane);

  // Ended spans (kSpan items) from the current word on, counted without checking the grammar: what a
  // malformed rest may have held.
  uint32_t CountRest() const;

 private:
  // The next `units` of the rope as UTF-8, copied to `out` unless that is nullptr; returns the bytes.
  uint32_t TakeRope(uint32_t units, uint8_t* out);
  // The next `units` of the rope, where they stand or in `scratch`: digits of an id, as many as
  // kMaxIdUnits; empty when they are more.
  std::string_view TakeDigits(uint32_t units, uint8_t* scratch);
  bool Measure();

  TapeAreas areas_;
  uint32_t key_end_;
  uint32_t word_ = 0;    // next word to read
  uint32_t double_ = 0;  // next double
  const uint8_t* rope_;  // next rope byte
  const uint8_t* rope_end_;
  uint32_t rope_units_left_;
  bool half_pair_ = false;  // the previous piece took the first half of a surrogate pair
  bool ascii_;

  // The current item.
  bool pending_ = false;  // measured, neither stored nor skipped
  bool is_start_ = false;
  bool ids_valid_ = false;
  bool has_error_ = false;
  TraceId trace_id_ = {};
  SpanRecord head_ = {};
  uint32_t name_units_ = 0;
  uint32_t members_ = 0;      // first word of the members
  uint32_t members_end_ = 0;  // one past their kEnd
  uint32_t item_nodes_ = 0;
  uint32_t item_units_ = 0;  // rope units of the members
  uint32_t item_doubles_ = 0;
  uint64_t item_bytes_ = 0;  // text outside the rope, at most
};

}  // namespace edgespan
