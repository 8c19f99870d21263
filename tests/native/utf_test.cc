// Text routines: the vector code against its scalar twin, and the twin against independent truth
// (a code-point encoder written here, nlohmann_json's parser).
#include "edgespan/base/utf.h"

#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace edgespan {
namespace {

using Units = std::vector<uint16_t>;

// A heap copy of exactly n bytes: ASan guards both ends.
struct Exact {
  Exact(const void* from, size_t n) : bytes(std::make_unique<uint8_t[]>(n)) {
    if (n != 0) memcpy(bytes.get(), from, n);
  }
  const uint8_t* get() const { return bytes.get(); }
  std::unique_ptr<uint8_t[]> bytes;
};

using Transform = uint8_t* (*)(const uint8_t*, uint32_t, uint8_t*);

std::string Run(Transform transform, const void* from, size_t bytes, uint32_t n, size_t factor) {
  const Exact src(from, bytes);
  auto dst = std::make_unique<uint8_t[]>(factor * n + kTextSlack);  // Exactly what utf.h asks for.
  const uint8_t* end = transform(src.get(), n, dst.get());
  return std::string(dst.get(), const_cast<uint8_t*>(end));
}

std::string Convert(Transform transform, const Units& units) {
  return Run(transform, units.data(), 2 * units.size(), static_cast<uint32_t>(units.size()), 3);
}

// What may be read behind the text must not matter: the worst of it stands there.
std::string Escape(Transform transform, const std::string& text) {
  const std::string padded = text + std::string(kTextSlack, '"');
  return Run(transform, padded.data(), padded.size(), static_cast<uint32_t>(text.size()), 6);
}

void AppendCodePoint(std::string* out, uint32_t c) {
  const auto put = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 + c / 64), put(0x80 + c % 64);
  } else if (c < 0x10000) {
    put(0xe0 + c / 4096), put(0x80 + c / 64 % 64), put(0x80 + c % 64);
  } else {
    put(0xf0 + c / 262144), put(0x80 + c / 4096 % 64), put(0x80 + c / 64 % 64), put(0x80 + c % 64);
  }
}

std::string Expected(const Units& units) {
  std::string out;
  for (size_t i = 0; i < units.size(); ++i) {
    uint32_t c = units[i];
    if (c >= 0xd800 && c <= 0xdfff) {
      const bool pair =
          c <= 0xdbff && i + 1 < units.size() && units[i + 1] >= 0xdc00 && units[i + 1] <= 0xdfff;
      c = pair ? 0x10000 + (c - 0xd800) * 1024 + (units[++i] - 0xdc00u) : 0xfffd;
    }
    AppendCodePoint(&out, c);
  }
  return out;
}

void CheckConvert(const Units& units) {
  const std::string want = Expected(units);
  REQUIRE((Convert(scalar::Utf16ToUtf8, units) == want));
  REQUIRE((Convert(Utf16ToUtf8, units) == want));
}

// Mixtures that take every path: runs of one class, and all classes at once.
uint16_t RandomUnit(std::mt19937* random, uint32_t mix) {
  const auto r = static_cast<uint32_t>((*random)());
  switch (mix == 6 ? r % 6 : mix) {
    case 0:
      return static_cast<uint16_t>(r >> 8 & 0x7f);
    case 1:
      return static_cast<uint16_t>(r % 8 ? 'a' : 0x80 + (r >> 8) % 0x780);
    case 2:
      return static_cast<uint16_t>(r % 8 ? 'a' : 0x2014);
    case 3:
      return static_cast<uint16_t>(0x800 + (r >> 8) % 0xd000);
    case 4:
      return static_cast<uint16_t>((r & 1 ? 0xd800 : 0xdc00) + (r >> 8) % 0x400);
    default:
      return static_cast<uint16_t>(r >> 8);
  }
}

constexpr uint16_t kEdges[] = {0,      0x7f,   0x80,   0x7ff,  0x800,  0xd7ff,
                               0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xffff};

TEST_CASE("utf16: every unit, alone and inside a block") {
  for (uint32_t c = 0; c <= 0xffff; ++c) {
    CheckConvert({static_cast<uint16_t>(c)});
    for (const uint32_t size : {9u, 25u}) {
      Units block(size, 'a');
      block[c % size] = static_cast<uint16_t>(c);
      CheckConvert(block);
    }
  }
}

TEST_CASE("utf16: every plane's pairs") {
  for (uint32_t c = 0x10000; c <= 0x10ffff; c += 61) {
    CheckConvert({'x', static_cast<uint16_t>(0xd800 + ((c - 0x10000) >> 10)),
                  static_cast<uint16_t>(0xdc00 + ((c - 0x10000) & 0x3ff)), 'y'});
  }
}

TEST_CASE("utf16: every arrangement of edge units, up to four, at every place of a block") {
  constexpr size_t kCount = std::size(kEdges);
  for (size_t i = 0; i < kCount * kCount * kCount * kCount; ++i) {
    const Units four = {kEdges[i % kCount], kEdges[i / kCount % kCount],
                        kEdges[i / (kCount * kCount) % kCount],
                        kEdges[i / (kCount * kCount * kCount)]};
    CheckConvert(four);
    Units in_text(i % 13, 'a');  // Straddles the 8-unit border in some of them.
    in_text.insert(in_text.end(), four.begin(), four.end());
    in_text.insert(in_text.end(), i % 7, 'b');
    CheckConvert(in_text);
  }
}

TEST_CASE("utf16: all patterns of one, two and three bytes in a block") {
  for (uint32_t i = 0; i < 6561; ++i) {
    Units units(8);
    uint32_t rest = i;
    for (auto& unit : units) {
      constexpr uint16_t kClasses[] = {'k', 0xe9, 0x20ac};
      unit = kClasses[rest % 3];
      rest /= 3;
    }
    CheckConvert(units);
    units.resize(1 + i % 7);
    CheckConvert(units);
  }
}

TEST_CASE("utf16: random mixtures of every length") {
  std::mt19937 random(2);
  for (int i = 0; i < 60000; ++i) {
    Units units(random() % (i % 100 == 0 ? 700 : 40));
    const uint32_t mix = random() % 7;
    for (auto& unit : units) unit = RandomUnit(&random, mix);
    CheckConvert(units);
  }
}

std::string JsonEscaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    char hex[8];
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          snprintf(hex, sizeof(hex), "\\u%04x", static_cast<unsigned>(c));
          out += hex;
        } else {
          out += c;
        }
    }
  }
  return out;
}

void CheckEscape(const std::string& text) {
  const std::string want = JsonEscaped(text);
  REQUIRE((Escape(scalar::EscapeJson, text) == want));
  REQUIRE((Escape(EscapeJson, text) == want));
  const Exact src(text.data(), text.size());
  const auto n = static_cast<uint32_t>(text.size());
  REQUIRE(NeedsJsonEscape(src.get(), n) == (want != text));
  REQUIRE(scalar::NeedsJsonEscape(src.get(), n) == (want != text));
}

TEST_CASE("json: every byte at every place of texts of every length to 40") {
  for (size_t n = 1; n <= 40; ++n) {
    for (size_t at = 0; at < n; ++at) {
      for (uint32_t c = 0; c < 256; c += n > 18 && c >= 0x80 ? 17 : 1) {
        std::string text(n, 'a');
        text[at] = static_cast<char>(c);
        CheckEscape(text);
      }
    }
  }
  CheckEscape("");
}

TEST_CASE("json: every arrangement of three special bytes") {
  const std::string all = std::string("\"\\\n\x01\x1f\x20\x7f\x0b", 8) + '\0' + 'a';
  for (size_t i = 0; i < 1000; ++i) {
    std::string text = {all[i % 10], all[i / 10 % 10], all[i / 100]};
    CheckEscape(text);
    CheckEscape(std::string(14, 'x') + text + std::string(i % 5, 'y'));
  }
}

TEST_CASE("json: random text comes back from a parser") {
  std::mt19937 random(3);
  for (int i = 0; i < 20000; ++i) {
    Units units(random() % 60);
    const uint32_t mix = random() % 7;
    for (auto& unit : units) {
      unit = random() % 6 == 0 ? static_cast<uint16_t>("\"\\\n\t\x01/"[random() % 6])
                               : RandomUnit(&random, mix);
    }
    const std::string text = Convert(Utf16ToUtf8, units);
    CheckEscape(text);
    REQUIRE((nlohmann::json::parse('"' + Escape(EscapeJson, text) + '"') == text));
  }
}

struct Prefix {
  uint32_t bytes;
  bool split;
  bool operator==(const Prefix&) const = default;
};

Prefix PrefixBy(uint32_t (*find)(const uint8_t*, uint32_t, uint32_t, bool*),
                const std::string& text, uint32_t units) {
  const Exact src(text.data(), text.size());
  bool split = true;
  const uint32_t bytes = find(src.get(), static_cast<uint32_t>(text.size()), units, &split);
  return {bytes, split};
}

TEST_CASE("prefix: every cut of valid text falls where the units say") {
  std::mt19937 random(4);
  for (int i = 0; i < 3000; ++i) {
    Units units(random() % 60);
    const uint32_t mix = random() % 7;
    for (auto& unit : units) unit = RandomUnit(&random, mix);
    if (i % 3 == 0) {
      for (auto& unit : units)
        unit = static_cast<uint16_t>(&unit - units.data() & 1 ? 0xde00 : 0xd83d);
    }
    const std::string text = Expected(units);
    std::vector<Prefix> want;  // By units taken.
    uint32_t at = 0;
    for (size_t k = 0; k < units.size(); ++k) {
      want.push_back({at, false});
      if (text[at] >= '\xf0' && text[at] < 0) {
        want.push_back({at, true});
        at += 4;
        ++k;
      } else {
        do ++at;
        while (at < text.size() && (text[at] & 0xc0) == 0x80);
      }
    }
    want.push_back({at, false});
    REQUIRE(at == text.size());
    REQUIRE(want.size() == units.size() + 1);
    for (uint32_t k = 0; k < want.size() + 3; ++k) {
      const Prefix expected = want[std::min<size_t>(k, want.size() - 1)];
      REQUIRE((PrefixBy(scalar::Utf8PrefixForUnits, text, k) == expected));
      REQUIRE((PrefixBy(Utf8PrefixForUnits, text, k) == expected));
    }
  }
}

TEST_CASE("prefix: any bytes at all stay within bounds, and both twins agree") {
  std::mt19937 random(5);
  for (int i = 0; i < 100000; ++i) {
    std::string text(random() % 70, '\0');
    const uint32_t mask = random() % 2 ? 0xff : 0x7f;
    for (auto& c : text) c = static_cast<char>(random() % 9 == 0 ? random() : random() & mask);
    const uint32_t units = random() % 80;
    const Prefix a = PrefixBy(scalar::Utf8PrefixForUnits, text, units);
    REQUIRE((a == PrefixBy(Utf8PrefixForUnits, text, units)));
    REQUIRE(a.bytes <= text.size());
  }
}

TEST_CASE("cut: the longest whole-character prefix within the limit") {
  const std::string text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
  const uint32_t want[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11, 11};
  for (uint32_t limit = 0; limit < std::size(want); ++limit) {
    const Exact src(text.data(), text.size());
    CHECK(CutUtf8(src.get(), static_cast<uint32_t>(text.size()), limit) == want[limit]);
  }
  const Exact bad("\x80\x80\x80\x80", 4);
  CHECK(CutUtf8(bad.get(), 4, 3) == 0);
  CHECK(CutUtf8(bad.get(), 4, 4) == 4);
  CHECK(CutUtf8(nullptr, 0, 5) == 0);
}

}  // namespace
}  // namespace edgespan
