// Fuzzes the record reader: the three lent areas hold whatever the fuzzer likes. The core must
// neither trap nor lose count, and what it accepted must leave as OTLP.
//
// Input: [words:2][doubles:1][rope bytes:2][rope units:1][mode:1] words... doubles... text...
//   rope units  0: as many as bytes, else (bytes + units - 128)
//   mode bit 0  text is masked to ASCII, so that "kUtf8 and the rope are valid UTF-8" holds and the
//               bodies must parse; without it only traps and counts are looked at
//   mode bit 1  a destination with tiny batches; bit 2: no close before the first cut; bit 3: an early
//               cut, of runs that go on; bit 4: a destination that wants runs whole; bit 5: one that
//               gets a part of them, by tail sampling
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "tests/fuzz/fuzz_session.h"

namespace {

using edgespan::Stat;
using edgespan::fuzz::CheckBody;
using edgespan::fuzz::Require;
using edgespan::testing::CoreSession;

constexpr size_t kHeader = 7;

// Offsets may reach behind what was written, into what an earlier run left there: kept ASCII.
void HideLeftovers(uint32_t text_bytes, bool ascii) {
  static uint32_t known_to = 0;  // the area as last seen...
  static uint32_t dirty_to = 0;  // ...and how much of it may hold anything
  const uint32_t* const areas = edgespan::tools::CoreResult();  // as the last lend left it
  const uint32_t capacity = areas[5];
  if (capacity != known_to) known_to = dirty_to = capacity;
  if (ascii && dirty_to > text_bytes) {
    std::memset(edgespan::tools::CoreMemory() + areas[2] + text_bytes, 'x', dirty_to - text_bytes);
  }
  if (ascii) dirty_to = 0;
  if (!ascii) dirty_to = std::max(dirty_to, text_bytes);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  edgespan::fuzz::SetBudget(2u << 20);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < kHeader) return 0;
  const uint8_t* const header = data;
  data += kHeader;
  size -= kHeader;
  const auto take = [&](size_t elements, size_t width) {
    const size_t bytes = std::min(elements * width, size / width * width);
    const uint8_t* const from = data;
    data += bytes;
    size -= bytes;
    return std::string(reinterpret_cast<const char*>(from), bytes);
  };
  const uint8_t mode = header[6];
  const bool ascii = (mode & 1) != 0;

  edgespan::tools::Tape tape;
  const std::string words = take(header[0] | size_t{header[1]} << 8, 4);
  tape.words.resize(words.size() / 4);
  std::copy(words.begin(), words.end(), reinterpret_cast<char*>(tape.words.data()));
  const std::string doubles = take(header[2], 8);
  tape.doubles.resize(doubles.size() / 8);
  std::copy(doubles.begin(), doubles.end(), reinterpret_cast<char*>(tape.doubles.data()));
  tape.text.assign(reinterpret_cast<const char*>(data), size);
  if (ascii) {
    for (char& c : tape.text) c = static_cast<char>(c & 0x7f);
  }
  // The rope lies at the end of the text, as the host writes it; a long one also claims bytes that
  // are not there.
  const uint32_t rope_bytes = header[3] | uint32_t{header[4]} << 8;
  const auto text_bytes = static_cast<uint32_t>(tape.text.size());
  tape.rope_at = text_bytes - std::min(rope_bytes, text_bytes);
  const uint32_t rope_units =
      header[5] == 0 ? std::min(rope_bytes, text_bytes) : rope_bytes + header[5] - 128u;

  edgespan::testing::ExporterConfig config;
  if ((mode & 2) != 0) {
    config.max_spans = 2;
    config.max_bytes = 4096;
  }
  config.whole = (mode & 16) != 0;
  config.tail = (mode & 32) != 0;
  CoreSession core(config);
  Require(core.id() > 0, "the exporter opens");
  const auto before = core.ReadStats();
  Require(before.Balanced() && before[Stat::kPending] == 0, "nothing is left of the last run");

  if (edgespan::tools::LendTape(tape) < 0) return 0;
  HideLeftovers(text_bytes, ascii);
  const int32_t trace = edgespan_commit(core.exporter(), static_cast<uint32_t>(tape.words.size()),
                                        static_cast<uint32_t>(tape.doubles.size()), tape.rope_at,
                                        rope_bytes, rope_units);
  Require(core.ReadStats().Balanced(), "the totals add up after a commit");

  uint32_t sent = 0;
  const auto drain = [&](uint32_t which) {
    for (CoreSession::Batch batch; core.Cut(which, 200, &batch);) {
      Require(batch.spans > 0, "a batch has spans");
      sent += batch.spans;
      if (ascii) Require(CheckBody(batch.body) == batch.spans, "a batch knows its spans");
    }
  };
  if ((mode & 8) != 0) drain(edgespan::Pipeline::kOpenTraces);
  if (trace > 0 && (mode & 4) != 0) drain(static_cast<uint32_t>(trace));
  Require(core.Close() >= 0, "close");
  drain(0);

  const auto after = core.ReadStats();
  Require(after.Balanced(), "the totals add up at the end");
  Require(after[Stat::kPending] == 0, "everything was sent");
  Require(after[Stat::kAccepted] - before[Stat::kAccepted] == sent, "sent is accepted");
  return 0;
}
