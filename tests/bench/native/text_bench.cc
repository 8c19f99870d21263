// Times of the routines that loop over text, vector code and its scalar twin: bytes of input a second.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "edgespan/base/utf.h"
#include "edgespan/otlp/response.h"
#include "tools/tape_writer.h"

namespace edgespan::bench {
namespace {

constexpr size_t kBytes = 256 * 1024;

// Prose with a word beyond ASCII for so many plain ones (0: none), and a line end now and then.
std::string Prose(uint32_t plain_words) {
  constexpr std::string_view kPlain[] = {"the agent", " answers", " with a \"table\"", " of trains",
                                         " from Porto to Madrid"};
  constexpr std::string_view kForeign[] = {" façade", " 旅行", " билет", " 🚆", " – „Gleis“"};
  std::string text;
  uint32_t state = 1;
  for (uint32_t word = 1; text.size() < kBytes; ++word) {
    state = state * 1'664'525 + 1'013'904'223;
    const bool foreign = plain_words != 0 && word % (plain_words + 1) == 0;
    text += (foreign ? kForeign : kPlain)[(state >> 16) % 5];
    if (word % 12 == 0) text += ".\n";
  }
  return text;
}

void Finish(benchmark::State& state, size_t bytes) {
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(bytes));
}

using Transcode = uint8_t* (*)(const uint8_t*, uint32_t, uint8_t*);
void BM_Transcode(benchmark::State& state, Transcode transcode) {
  const std::u16string text = tools::ToUtf16(Prose(static_cast<uint32_t>(state.range(0))));
  std::vector<uint8_t> out(3 * text.size() + kTextSlack);
  for (auto _ : state) {
    benchmark::DoNotOptimize(transcode(reinterpret_cast<const uint8_t*>(text.data()),
                                       static_cast<uint32_t>(text.size()), out.data()));
  }
  Finish(state, text.size() * 2);
}

void BM_Escape(benchmark::State& state, Transcode escape) {
  std::string text = Prose(static_cast<uint32_t>(state.range(0)));
  const size_t bytes = text.size();
  text.append(kTextSlack, '\0');
  std::vector<uint8_t> out(6 * bytes + kTextSlack);
  for (auto _ : state) {
    benchmark::DoNotOptimize(escape(reinterpret_cast<const uint8_t*>(text.data()),
                                    static_cast<uint32_t>(bytes), out.data()));
  }
  Finish(state, bytes);
}

using Prefix = uint32_t (*)(const uint8_t*, uint32_t, uint32_t, bool*);
void BM_Prefix(benchmark::State& state, Prefix prefix) {
  const std::string text = Prose(static_cast<uint32_t>(state.range(0)));
  for (auto _ : state) {
    bool split = false;
    benchmark::DoNotOptimize(prefix(reinterpret_cast<const uint8_t*>(text.data()),
                                    static_cast<uint32_t>(text.size()), UINT32_MAX, &split));
  }
  Finish(state, text.size());
}

// No word beyond ASCII, one in fifty, one in eight.
#define EDGESPAN_TEXTS Arg(0)->Arg(49)->Arg(7)
BENCHMARK_CAPTURE(BM_Transcode, simd, Utf16ToUtf8)->EDGESPAN_TEXTS;
BENCHMARK_CAPTURE(BM_Transcode, scalar, scalar::Utf16ToUtf8)->EDGESPAN_TEXTS;
BENCHMARK_CAPTURE(BM_Escape, simd, EscapeJson)->EDGESPAN_TEXTS;
BENCHMARK_CAPTURE(BM_Escape, scalar, scalar::EscapeJson)->EDGESPAN_TEXTS;
BENCHMARK_CAPTURE(BM_Prefix, simd, Utf8PrefixForUnits)->EDGESPAN_TEXTS;
BENCHMARK_CAPTURE(BM_Prefix, scalar, scalar::Utf8PrefixForUnits)->EDGESPAN_TEXTS;

// An answer with a partial success: 3 spans rejected, and why.
void BM_PartialSuccess(benchmark::State& state) {
  constexpr char kBody[] = "\x0a\x16\x08\x03\x12\x12span is too large.";
  const auto* const body = reinterpret_cast<const uint8_t*>(kBody);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        otlp::JudgeResponse(200, otlp::BodyKind::kProtobuf, {body, sizeof kBody - 1}, 30));
  }
}
BENCHMARK(BM_PartialSuccess);

}  // namespace
}  // namespace edgespan::bench
