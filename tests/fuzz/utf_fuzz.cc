// libFuzzer: text routines on any bytes. Vector and scalar agree, what comes out of UTF-16 is valid
// UTF-8, and an escaped text is the same text to a JSON parser. A broken property traps.
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "edgespan/base/utf.h"

namespace {

void Require(bool condition) {
  if (!condition) __builtin_trap();
}

using Transform = uint8_t* (*)(const uint8_t*, uint32_t, uint8_t*);

std::string Run(Transform transform, const uint8_t* src, uint32_t n, size_t factor) {
  auto dst = std::make_unique<uint8_t[]>(factor * n + edgespan::kTextSlack);
  const uint8_t* end = transform(src, n, dst.get());
  return std::string(dst.get(), const_cast<uint8_t*>(end));
}

// Well-formed UTF-8 by the table of Unicode 15, section 3.9 (table 3-7).
bool IsValidUtf8(const std::string& text) {
  for (size_t i = 0; i < text.size();) {
    const auto at = [&](size_t k) {
      return i + k < text.size() ? static_cast<uint8_t>(text[i + k]) : 0u;
    };
    const uint32_t lead = at(0);
    if (lead < 0x80) {
      i += 1;
      continue;
    }
    const size_t size = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    if (size == 0) return false;
    const uint32_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const uint32_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (at(1) < low || at(1) > high) return false;
    for (size_t k = 2; k < size; ++k) {
      if ((at(k) & 0xc0) != 0x80) return false;
    }
    i += size;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace edgespan;
  const auto n = static_cast<uint32_t>(size);
  const uint32_t units = n / 2;
  // Copies of the size that utf.h asks for: ASan guards both ends.
  auto src = std::make_unique<uint8_t[]>(size + kTextSlack);
  if (size != 0) memcpy(src.get(), data, size);
  memset(src.get() + size, '"', kTextSlack);
  auto src16 = std::make_unique<uint8_t[]>(2 * units);
  if (units != 0) memcpy(src16.get(), data, 2 * units);

  const std::string text = Run(Utf16ToUtf8, src16.get(), units, 3);
  Require(text == Run(scalar::Utf16ToUtf8, src16.get(), units, 3));
  Require(IsValidUtf8(text));

  const std::string escaped = Run(EscapeJson, src.get(), n, 6);
  Require(escaped == Run(scalar::EscapeJson, src.get(), n, 6));
  Require(NeedsJsonEscape(src.get(), n) == (escaped.size() != size));
  Require(scalar::NeedsJsonEscape(src.get(), n) == (escaped.size() != size));
  const std::string raw(src.get(), src.get() + size);
  const std::string& valid = IsValidUtf8(raw) ? raw : text;
  const std::string padded = valid + std::string(kTextSlack, '"');
  const auto* bytes = reinterpret_cast<const uint8_t*>(padded.data());
  const std::string json =
      '"' + Run(EscapeJson, bytes, static_cast<uint32_t>(valid.size()), 6) + '"';
  Require(nlohmann::json::parse(json) == valid);

  for (const uint32_t want : {n / 3, n / 2, n}) {
    bool split = true, scalar_split = false;
    const uint32_t prefix = Utf8PrefixForUnits(src.get(), n, want, &split);
    Require(prefix == scalar::Utf8PrefixForUnits(src.get(), n, want, &scalar_split));
    Require(split == scalar_split && prefix <= n);
    const uint32_t cut = CutUtf8(src.get(), n, want);
    Require(cut <= want && (cut == n || (src[cut] & 0xc0) != 0x80 || cut == 0));
  }
  // Whole text in two pieces: the units of both add up.
  if (IsValidUtf8(raw)) {
    bool split;
    const uint32_t prefix = Utf8PrefixForUnits(src.get(), n, n / 2, &split);
    Require(IsValidUtf8(raw.substr(0, prefix)) && IsValidUtf8(raw.substr(prefix)));
    Require(IsValidUtf8(raw.substr(0, CutUtf8(src.get(), n, n / 2))));
  }
  return 0;
}
