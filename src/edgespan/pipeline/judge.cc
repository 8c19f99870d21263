// The third part of the Pipeline: batches that are out, and from answers to accounts and to what is to
// be done next. The host only posts what it is told to, when it is told to.
#include <cstring>

#include "edgespan/otlp/split.h"
#include "edgespan/pipeline/pipeline.h"

namespace edgespan {
namespace {

using otlp::Verdict;

// A request that is refused for what it holds (400, 413) is halved until one span is at fault, or the
// receiver takes what is left in parts of that size. So many refusals find two such spans among 512; a
// receiver that has taken nothing yet is believed earlier; and there is an end to small parts.
constexpr uint32_t kMaxRefusals = 20;
constexpr uint32_t kMaxRefusalsOfAll = 12;
constexpr uint32_t kMaxParts = 64;

// While more of a destination's batches are out than this, none of them waits to be sent again: they
// would take the places of other destinations' batches.
constexpr uint32_t kMaxWaiting = 16;

}  // namespace

// ---- batches ----------------------------------------------------------------------------------------

uint32_t Pipeline::FreeBatch() const {
  uint32_t slot = 0;
  while (slot < kMaxBatches && batches_[slot].handle != 0) ++slot;
  return slot;
}

[[gnu::noinline]] Pipeline::Batch* Pipeline::NewBatch(Exporter* exporter, Destination* to,
                                                      const Body& body) {
  const uint32_t slot = FreeBatch();
  if (slot == kMaxBatches) return nullptr;
  Batch& batch = batches_[slot];
  batch = {};
  batch.handle = NextSerial() * kMaxBatches + slot;
  batch.whole = body;
  batch.left = body.spans;
  batch.most = UINT32_MAX;
  batch.exporter = exporter;
  batch.to = to;
  Post(&batch, body.spans);
  ++exporter->batches;
  ++to->batches;
  to->tally.redacted += body.redacted;
  to->tally.unread += body.unread;
  return &batch;
}

[[gnu::noinline]] Pipeline::Batch* Pipeline::FindBatch(uint32_t handle) {
  Batch* const batch = &batches_[handle % kMaxBatches];
  return handle != 0 && batch->handle == handle ? batch : nullptr;
}

uint32_t Pipeline::ShareBatch(Exporter* exporter, uint32_t destination, Trace* trace) {
  // Mostly nobody has anything out. What left while the run went on may be another part of it for each.
  if (exporter->batches == 0 || !trace->IsReady() || trace->in_parts) return 0;
  Destination& to = exporter->destinations[destination];
  uint32_t* const next = &trace->cut[destination];
  for (const Batch& other : batches_) {
    if (other.handle == 0 || other.whole.trace != trace->handle || other.whole.first != *next) {
      continue;
    }
    if (other.exporter != exporter || !other.to->EncodesLike(to)) continue;
    // The root tells what was lost: equal losses, and none between these spans.
    const auto lost = [&](const Destination* of) {
      return trace->lost[of - exporter->destinations];
    };
    uint32_t spans = 1;
    for (uint32_t at = *next; at != other.whole.last; ++spans) {
      at = NextToLeave(*trace, destination, arena_.At<SpanRecord>(at)->next);
    }
    if (spans != other.whole.spans || lost(other.to) != lost(&to)) continue;
    const auto from = static_cast<uint32_t>(other.to - exporter->destinations);
    if (trace->SampledFor(from) != trace->SampledFor(destination)) continue;
    const Batch* const batch = NewBatch(exporter, &to, other.whole);
    if (batch == nullptr) return 0;
    while (spans-- > 0) *next = Leave(*trace, destination, *next);
    return batch->handle;
  }
  return 0;
}

int32_t Pipeline::Adopt(uint32_t handle, uint32_t destination, uint32_t spans, uint32_t body_bytes,
                        uint32_t now) {
  Exporter* const exporter = FindExporter(handle);
  if (exporter == nullptr || destination >= exporter->destination_count) {
    return static_cast<int32_t>(Status::kBadHandle);
  }
  const Area& text = areas_[2];
  if (body_bytes > text.bytes) return static_cast<int32_t>(Status::kTooLarge);
  const std::span<const uint8_t> body(arena_.At(text.at), body_bytes);
  if (spans == 0 || (body_bytes > 0 && otlp::CountSpans(body) != spans)) {
    return static_cast<int32_t>(Status::kMalformed);
  }
  uint32_t at = 0;
  if (body_bytes > 0) at = arena_.Allocate(body_bytes);
  Destination& to = exporter->destinations[destination];
  Body stored = {};
  stored.at = at;
  stored.size = body_bytes;
  stored.spans = spans;
  stored.serial = NextSerial();
  Batch* batch = nullptr;
  if (at != 0 || body_bytes == 0) batch = NewBatch(exporter, &to, stored);
  if (batch == nullptr) {
    if (at != 0) arena_.Free(at, body_bytes);
    return static_cast<int32_t>(Status::kNoMemory);
  }
  if (at != 0) std::memcpy(arena_.At(at), body.data(), body_bytes);
  batch->shut = !to.circuit.Admits(now);
  to.tally.replayed += spans;
  return static_cast<int32_t>(batch->handle);
}

Status Pipeline::Describe(uint32_t handle) {
  const Batch* const batch = FindBatch(handle);
  if (batch == nullptr) return Status::kBadHandle;
  uint32_t* const result = Result();
  std::memcpy(result, &batch->post, 4 * sizeof(uint32_t));
  result[4] = batch->shut;
  return Status::kOk;
}

void Pipeline::FreePart(Batch* batch) {
  if (batch->post.at != batch->whole.at) arena_.Free(batch->post.at, batch->post.size);
  batch->post.at = 0;
  batch->post.size = 0;
}

bool Pipeline::Post(Batch* batch, uint32_t spans) {
  if (spans == batch->post.spans && batch->post.size > 0) return true;
  FreePart(batch);
  if (spans == batch->whole.spans) {
    batch->post = batch->whole;
    return true;
  }
  batch->post = {};
  batch->post.at = batch->whole.at;
  batch->post.spans = spans;
  Buffer part;
  const std::span<const uint8_t> whole(arena_.At(batch->whole.at), batch->whole.size);
  if (batch->whole.at != 0 && part.Init(&arena_, batch->whole.size / batch->whole.spans * spans)) {
    if (otlp::WriteSpans(whole, batch->whole.spans - batch->left, spans, &part)) {
      batch->post.at = part.Detach(&batch->post.size);
      batch->post.serial = NextSerial();
      return true;
    }
    part.Discard();
  }
  return false;
}

Status Pipeline::Release(uint32_t handle, bool spooled) {
  Batch* const batch = FindBatch(handle);
  if (batch == nullptr) return Status::kBadHandle;
  Tally& tally = batch->to->tally;
  if (spooled) {
    tally.spooled += batch->left;
  } else if (batch->denied) {
    tally.rejected += batch->left;
  } else {
    tally.Drop(LossReason::kUnsent, batch->left);
  }
  --batch->exporter->batches;
  --batch->to->batches;
  FreePart(batch);
  batch->handle = 0;
  if (batch->exporter->batches != 0) {  // one of them may have the same body
    for (const Batch& other : batches_) {
      if (other.handle != 0 && other.whole.at == batch->whole.at) return Status::kOk;
    }
  }
  arena_.Free(batch->whole.at, batch->whole.size);  // nothing, where the host alone has it
  return Status::kOk;
}

// ---- answers ----------------------------------------------------------------------------------------

int32_t Pipeline::Judge(uint32_t handle, const Answer& answer, uint32_t now, uint32_t left_ms,
                        uint32_t random) {
  Batch* const batch = FindBatch(handle);
  if (batch == nullptr || batch->left == 0) return static_cast<int32_t>(Status::kBadHandle);
  const Area& text = areas_[2];
  const uint32_t body = std::min(answer.body_bytes, text.bytes);
  const otlp::Judgement judgement = otlp::JudgeResponse(
      answer.http_status, answer.kind, {arena_.At(text.at), body}, batch->post.spans);
  Circuit& circuit = batch->to->circuit;
  Verdict verdict = judgement.verdict;
  uint32_t accepted = 0;
  uint32_t rejected = batch->left;  // what is refused now would be refused in parts, mostly
  uint32_t wait = 0;
  batch->attempts = verdict == Verdict::kRetry ? batch->attempts + 1 : 0;
  switch (verdict) {
    case Verdict::kAccepted:
    case Verdict::kPartial:
      circuit.Succeed();
      rejected = judgement.rejected;
      accepted = batch->post.spans - rejected;
      break;
    case Verdict::kRetry: {
      rejected = 0;
      const uint32_t asked = answer.retry_after_ms;
      wait = std::max(Backoff(batch->attempts, random), asked);
      // A probe does not insist.
      if (circuit.closed() && batch->to->batches <= kMaxWaiting && wait < left_ms &&
          batch->attempts < kMaxAttempts) {
        break;
      }
      verdict = Verdict::kGivenUp;
      wait = 0;
      if (circuit.closed() && asked > left_ms) {
        circuit.Pause(now, asked / 1000 + 1);
      } else {
        circuit.Fail(now, false);
      }
      Post(batch, batch->left);
      break;
    }
    case Verdict::kDenied:
      rejected = 0;
      batch->denied = true;
      circuit.Fail(now, true);
      Post(batch, batch->left);
      break;
    case Verdict::kRejected:
      if (!batch->to->whole && (answer.http_status == 400 || answer.http_status == 413)) {
        ++batch->refusals;
        if (batch->post.spans == 1) {
          rejected = 1;
          batch->most = UINT32_MAX;  // that was it: the others go together again
        } else if (batch->refusals < (batch->liked ? kMaxRefusals : kMaxRefusalsOfAll)) {
          batch->most = batch->post.spans / 2;
          if (!Post(batch, batch->most)) break;
          verdict = Verdict::kNext;
          rejected = 0;
        }
        break;
      }
      [[fallthrough]];
    default:
      circuit.Fail(now, false);
      break;
  }
  Tally& tally = batch->to->tally;
  tally.accepted += accepted;
  tally.rejected += rejected;
  if (accepted + rejected > 0) {
    batch->left -= accepted + rejected;
    batch->liked |= accepted > 0;
    FreePart(batch);
    if (batch->left > 0 && ++batch->parts < kMaxParts &&
        Post(batch, std::min(batch->left, batch->most))) {
      verdict = Verdict::kNext;
    }
  }
  uint32_t* const result = Result();
  result[0] = accepted;
  result[1] = rejected;
  result[2] = arena_.OffsetOf(judgement.message.data());
  result[3] = static_cast<uint32_t>(judgement.message.size());
  result[4] = wait;
  return static_cast<int32_t>(verdict);
}

}  // namespace edgespan
