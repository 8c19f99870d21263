#include "edgespan/pipeline/pipeline.h"

#include <cstring>

namespace edgespan {
namespace {

// Lent areas over this go back to their default size when that is asked for.
constexpr uint32_t kKeepBytes = 1u << 20;
// The most one area may hold; a span that needs more is cut by the host.
constexpr uint64_t kMaxArea = 64u << 20;

}  // namespace

void Pipeline::Init(uintptr_t base, uint32_t first, uint32_t budget, PageArena::GrowFn grow) {
  arena_.Init(base, first, budget, grow);
  keys_.Init(&arena_);
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
    uint64_t bytes = uint64_t{asked[i]} * kElement[i];
    if (bytes <= kDefault[i]) bytes = kDefault[i];
    if (bytes > kMaxArea) {
      status = Status::kTooLarge;
    } else if (bytes <= area.bytes) {
      if (area.bytes > kKeepBytes && bytes == kDefault[i]) {
        arena_.Shrink(area.at, area.bytes, kDefault[i]);
        area.bytes = kDefault[i];
      }
    } else {
      // Half as much again, so that a growing span does not move its text at every string.
      if (area.bytes != 0) bytes += bytes / 2;
      const uint32_t size =
          (static_cast<uint32_t>(bytes) + PageArena::kPageSize - 1) & ~(PageArena::kPageSize - 1);
      uint32_t at = area.at;
      if (area.bytes == 0 || !arena_.Extend(at, area.bytes, size)) {
        do {
          at = arena_.Allocate(size);
        } while (at == 0 && size <= arena_.budget() / 2 && Reclaim(kLossOthers, nullptr));
        if (at == 0) {
          status = Status::kNoMemory;
          continue;
        }
        std::memcpy(arena_.At(at), arena_.At(area.at), area.bytes);
        arena_.Free(area.at, area.bytes);
      }
      area = {at, size};
    }
  }
  uint32_t* const result = Result();
  for (uint32_t i = 0; i < kAreas; ++i) {
    result[i] = areas_[i].at;
    result[kAreas + i] = areas_[i].bytes / kElement[i];
  }
  return status;
}

// What the host says it used, as far as it was lent.
TapeAreas Pipeline::Areas(const TapeUse& use) const {
  const uint32_t words = areas_[0].bytes / sizeof(uint32_t);
  const uint32_t doubles = areas_[1].bytes / sizeof(double);
  return {
      .words = arena_.At<uint32_t>(areas_[0].at),
      .doubles = arena_.At<double>(areas_[1].at),
      .text = arena_.At(areas_[2].at),
      .word_count = use.words < words ? use.words : words,
      .double_count = use.doubles < doubles ? use.doubles : doubles,
      .text_bytes = areas_[2].bytes,
      .rope_at = use.rope_at,
      .rope_bytes = use.rope_bytes,
      .rope_units = use.rope_units,
  };
}

int32_t Pipeline::Intern(uint32_t at, uint32_t size) {
  const Area& text = areas_[2];
  if (at > text.bytes || size > text.bytes - at) return static_cast<int32_t>(Status::kTooLarge);
  const uint16_t key = keys_.Intern({arena_.At<char>(text.at + at), size});
  return key != 0 ? key : static_cast<int32_t>(Status::kTooLarge);
}

// ---- exporters ------------------------------------------------------------------------------------

Exporter* Pipeline::FindExporter(uint32_t handle) {
  if (handle == 0) return nullptr;
  const uint32_t at = exporters_[(handle - 1) % kMaxExporters];
  if (at == 0) return nullptr;
  Exporter* const exporter = arena_.At<Exporter>(at);
  if (exporter->handle != handle) return nullptr;
  exporter->used_at = ++tick_;
  return exporter;
}

bool Pipeline::TakeSlot(uint32_t* slot) {
  uint32_t found = kMaxExporters;
  for (uint32_t i = 0; i < kMaxExporters; ++i) {
    if (exporters_[i] == 0) {
      *slot = i;
      return true;
    }
    const Exporter& exporter = ExporterIn(i);
    if (exporter.idle() &&
        (found == kMaxExporters || exporter.used_at < ExporterIn(found).used_at)) {
      found = i;
    }
  }
  if (found == kMaxExporters) return false;
  arena_.Free(exporters_[found], ExporterIn(found).run_bytes);
  exporters_[found] = 0;
  *slot = found;
  return true;
}

int32_t Pipeline::OpenExporter(const TapeUse& use) {
  TapeReader reader(Areas(use), keys_.end());
  if (reader.Next() != TapeReader::Item::kConfig) return static_cast<int32_t>(Status::kMalformed);
  Lane lane;
  Buffer head;
  Exporter exporter = {};
  const uint32_t record = reader.Store(&arena_, &lane);
  Status status = Status::kNoMemory;
  uint32_t slot = 0;
  if (record != 0 && head.Init(&arena_, 1024)) {
    status = ReadConfig({&arena_, &keys_}, *arena_.At<SpanRecord>(record), &exporter, &head);
    if (IsOk(status) && !TakeSlot(&slot)) status = Status::kTooLarge;
    exporter.run_bytes = static_cast<uint32_t>(sizeof(Exporter)) + exporter.head_bytes;
    if (IsOk(status)) exporters_[slot] = arena_.Allocate(exporter.run_bytes);
    if (IsOk(status) && exporters_[slot] == 0) status = Status::kNoMemory;
    if (IsOk(status)) {
      exporter.handle = ++exporter_serial_ * kMaxExporters + slot + 1;
      exporter.used_at = ++tick_;
      ExporterIn(slot) = exporter;
      std::memcpy(&ExporterIn(slot) + 1, head.data(), exporter.head_bytes);
    }
  }
  head.Discard();
  lane.Free(&arena_);
  return IsOk(status) ? static_cast<int32_t>(exporter.handle) : static_cast<int32_t>(status);
}

int32_t Pipeline::Drop(uint32_t handle, LossReason reason, uint32_t spans) {
  Exporter* const exporter = FindExporter(handle);
  if (exporter == nullptr) return static_cast<int32_t>(Status::kBadHandle);
  if (static_cast<uint32_t>(reason) >= kLossReasons) reason = LossReason::kFailed;
  exporter->ended += spans;
  exporter->lost.Drop(reason, spans);
  return 0;
}

Status Pipeline::Stats(uint32_t handle, uint32_t destination) {
  const Exporter* const exporter = FindExporter(handle);
  if (exporter == nullptr || destination >= exporter->destination_count) return Status::kBadHandle;
  const Tally& tally = exporter->destinations[destination].tally;
  uint32_t* result = Result();
  // In the order of Stat.
  *result++ = exporter->ended;
  *result++ = tally.accepted;
  *result++ = tally.rejected;
  *result++ = exporter->Pending(destination);
  *result++ = exporter->unended;
  *result++ = exporter->withheld;
  for (uint32_t i = 0; i < kLossReasons; ++i) {
    *result++ = exporter->lost.dropped[i] + tally.dropped[i];
  }
  return Status::kOk;
}

}  // namespace edgespan
