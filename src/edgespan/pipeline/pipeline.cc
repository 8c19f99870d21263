#include "edgespan/pipeline/pipeline.h"

#include <cstring>

#include "edgespan/base/utf.h"

namespace edgespan {
namespace {

// Lent areas over this go back to their default size when that is asked for.
constexpr uint32_t kKeepBytes = 1u << 20;
// The most one area may hold; a span that needs more is cut by the host.
constexpr uint32_t kMaxArea = 64u << 20;

}  // namespace

void Pipeline::Init(uintptr_t base, uint32_t first, uint32_t budget, PageArena::GrowFn grow) {
  arena_.Init(base, first, budget, grow);
  keys_.Init(&arena_);
  traces_ = {&traces_, &traces_};
  result_ = arena_.Allocate(kStatFields * sizeof(uint32_t));
}

// ---- lent areas -----------------------------------------------------------------------------------

Status Pipeline::Lend(uint32_t words, uint32_t doubles, uint32_t text_bytes) {
  constexpr uint32_t kElement[kAreas] = {sizeof(uint32_t), sizeof(double), 1};
  constexpr uint32_t kDefault[kAreas] = {kDefaultWords * 4, kDefaultDoubles * 8, kDefaultText};
  const uint32_t asked[kAreas] = {words, doubles, text_bytes};
  Status status = Status::kOk;
  for (uint32_t i = 0; i < kAreas; ++i) {
    Area& area = areas_[i];
    uint32_t bytes = asked[i] * kElement[i];
    if (bytes < kDefault[i]) bytes = kDefault[i];
    if (asked[i] > kMaxArea / kElement[i]) {
      status = Status::kTooLarge;
    } else if (bytes > area.bytes) {
      // Half as much again, so that a growing span does not move its text at every string.
      if (area.bytes != 0) bytes += bytes / 2;
      bytes = (bytes + PageArena::kPageSize - 1) & ~(PageArena::kPageSize - 1);
      uint32_t at;
      do {
        at = arena_.Resize(area.at, area.bytes, bytes);
      } while (at == 0 && bytes <= arena_.budget() / 2 && Reclaim(kLossOthers, nullptr));
      if (at != 0) {
        area = {at, bytes};
      } else {
        status = Status::kNoMemory;
      }
    } else if (area.bytes > kKeepBytes && bytes == kDefault[i]) {
      arena_.Shrink(area.at, area.bytes, bytes);
      area.bytes = bytes;
    }
    Result()[i] = area.at;
    Result()[kAreas + i] = area.bytes / kElement[i];
  }
  return status;
}

[[gnu::noinline]] TapeReader Pipeline::Reader(uint32_t words, uint32_t doubles, uint32_t rope_at,
                                              uint32_t rope_bytes, uint32_t rope_units) const {
  const uint32_t lent_words = areas_[0].bytes / sizeof(uint32_t);
  const uint32_t lent_doubles = areas_[1].bytes / sizeof(double);
  const TapeAreas areas = {
      .words = arena_.At<uint32_t>(areas_[0].at),
      .doubles = arena_.At<double>(areas_[1].at),
      .text = arena_.At(areas_[2].at),
      .word_count = words < lent_words ? words : lent_words,
      .double_count = doubles < lent_doubles ? doubles : lent_doubles,
      .text_bytes = areas_[2].bytes,
      .rope_at = rope_at,
      .rope_bytes = rope_bytes,
      .rope_units = rope_units,
  };
  return {areas, keys_.end()};
}

int32_t Pipeline::Intern(uint32_t at, uint32_t size) {
  const Area& text = areas_[2];
  if (at > text.bytes || size > text.bytes - at) return static_cast<int32_t>(Status::kTooLarge);
  const uint16_t key = keys_.Intern({arena_.At<char>(text.at + at), size});
  return key != 0 ? key : static_cast<int32_t>(Status::kTooLarge);
}

// ---- exporters ------------------------------------------------------------------------------------

Exporter* Pipeline::FindExporter(uint32_t handle) {
  Exporter* const exporter = exporters_[handle % kMaxExporters];
  if (exporter == nullptr || exporter->handle != handle) return nullptr;
  exporter->used_at = ++tick_;
  return exporter;
}

bool Pipeline::EvictExporter() {
  Exporter** found = nullptr;
  for (Exporter*& exporter : exporters_) {
    if (exporter == nullptr || !exporter->idle()) continue;
    if (found == nullptr || exporter->used_at < (*found)->used_at) found = &exporter;
  }
  if (found == nullptr) return false;
  (*found)->Close();
  (*found)->config.Free(&arena_);
  arena_.Free(arena_.OffsetOf(*found), (*found)->run_bytes);
  *found = nullptr;
  return true;
}

int32_t Pipeline::OpenExporter(const TapeUse& use) {
  TapeReader reader = Reader(use.words, use.doubles, use.rope_at, use.rope_bytes, use.rope_units);
  if (reader.Next() != TapeReader::Item::kConfig) return static_cast<int32_t>(Status::kMalformed);
  Lane lane;
  Buffer run;
  Status status = Status::kNoMemory;
  int32_t handle = 0;
  const uint32_t record = reader.Store(&arena_, &lane);
  if (record != 0 && run.Init(&arena_, 1024)) {
    // A slot for it, and one for each of its dialects.
    uint32_t slot = 0;
    do {
      run.Truncate(0);
      slot = 0;
      while (slot < kMaxExporters && exporters_[slot] != nullptr) ++slot;
      status = slot == kMaxExporters
                   ? Status::kTooLarge
                   : ReadConfig({&arena_, &keys_}, *arena_.At<SpanRecord>(record), &mappers_, &run);
    } while (status == Status::kTooLarge && EvictExporter());
    if (IsOk(status)) {
      uint32_t run_bytes;
      Exporter* const exporter = arena_.At<Exporter>(run.Detach(&run_bytes));
      exporters_[slot] = exporter;
      exporter->run_bytes = run_bytes;
      exporter->handle = NextSerial() * kMaxExporters + slot;
      exporter->used_at = ++tick_;
      for (const Destination& to : exporter->destinations) {
        if (to.tail == 0) continue;
        exporter->config = lane;
        lane = {};
        break;
      }
      handle = static_cast<int32_t>(exporter->handle);
    }
  }
  run.Discard();
  lane.Free(&arena_);
  return IsOk(status) ? handle : static_cast<int32_t>(status);
}

int32_t Pipeline::Drop(uint32_t handle, LossReason reason, uint32_t spans) {
  Exporter* const exporter = FindExporter(handle);
  if (exporter == nullptr) return static_cast<int32_t>(Status::kBadHandle);
  if (static_cast<uint32_t>(reason) >= kLossReasons) reason = LossReason::kFailed;
  exporter->ended += spans;
  exporter->lost.Drop(reason, spans);
  return 0;
}

Status Pipeline::Redact(uint32_t handle, uint32_t destination, uint32_t bytes) {
  const Exporter* const exporter = FindExporter(handle);
  if (exporter == nullptr || destination >= exporter->destination_count) return Status::kBadHandle;
  const Area& text = areas_[2];
  // Behind it there must be room to read blocks.
  if (bytes + kTextSlack > text.bytes || bytes > text.bytes) return Status::kTooLarge;
  Guard* const guard = exporter->destinations[destination].guard;
  std::string_view clean(arena_.At<char>(text.at), bytes);
  Result()[2] = 0;
  if (guard != nullptr) {
    guard->Rest();
    Result()[2] = 0 - (guard->found() + guard->unread());
    clean = guard->Show(clean, 0);
    Result()[2] += guard->found() + guard->unread();
  }
  Result()[0] = arena_.OffsetOf(clean.data());
  Result()[1] = static_cast<uint32_t>(clean.size());
  return Status::kOk;
}

Status Pipeline::Stats(uint32_t handle, uint32_t destination) {
  const Exporter* const exporter = FindExporter(handle);
  if (exporter == nullptr || destination >= exporter->destination_count) return Status::kBadHandle;
  const Tally& tally = exporter->destinations[destination].tally;
  // In the order of Stat.
  uint32_t* const result = Result();
  uint32_t pending =
      exporter->ended + tally.replayed - tally.accepted - tally.rejected - tally.spooled;
  for (uint32_t i = 0; i < kLossReasons; ++i) {
    const uint32_t dropped = exporter->lost.dropped[i] + tally.dropped[i];
    pending -= dropped;
    result[static_cast<uint32_t>(Stat::kDropped) + i] = dropped;
  }
  result[0] = exporter->ended;
  result[1] = tally.accepted;
  result[2] = tally.rejected;
  result[3] = pending;
  result[4] = exporter->unended;
  result[5] = exporter->withheld;
  result[6] = tally.spooled;
  result[7] = tally.replayed;
  result[8] = tally.redacted;
  result[9] = tally.unread;
  return Status::kOk;
}

}  // namespace edgespan
