// TraceId and SpanId from and to hex.
#include "edgespan/base/ids.h"

#include <memory>
#include <random>
#include <string>

#include <catch2/catch.hpp>

namespace edgespan {
namespace {

// From a heap copy of exactly the digits, so that ASan sees an over-read.
template <class Id>
bool Parse(const std::string& hex, Id* out) {
  auto exact = std::make_unique<char[]>(hex.size());
  memcpy(exact.get(), hex.data(), hex.size());
  return Id::FromHex(std::string_view(exact.get(), hex.size()), out);
}

template <class Id>
std::string Hex(const Id& id) {
  char text[Id::kHexSize];
  id.ToHex(text);
  return std::string(text, sizeof(text));
}

TEMPLATE_TEST_CASE("ids: random digits of every length and either case round-trip", "", TraceId,
                   SpanId) {
  std::mt19937 random(1);
  for (uint32_t length = 1; length <= TestType::kHexSize; ++length) {
    for (int i = 0; i < 50; ++i) {
      std::string hex, lower;
      for (uint32_t k = 0; k < length; ++k) {
        const uint32_t nibble = random() % 16;
        hex += (random() % 2 ? "0123456789abcdef" : "0123456789ABCDEF")[nibble];
        lower += "0123456789abcdef"[nibble];
      }
      TestType id;
      REQUIRE(Parse(hex, &id));
      REQUIRE(Hex(id) == std::string(TestType::kHexSize - length, '0') + lower);
    }
  }
}

TEMPLATE_TEST_CASE("ids: exactly the 22 hex digits are digits, at every place", "", TraceId,
                   SpanId) {
  for (uint32_t length : {1u, 7u, TestType::kHexSize}) {
    for (uint32_t at = 0; at < length; ++at) {
      for (uint32_t c = 0; c < 256; ++c) {
        std::string hex(length, 'a');
        hex[at] = static_cast<char>(c);
        const bool digit =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        TestType id;
        REQUIRE(Parse(hex, &id) == digit);
      }
    }
  }
}

TEMPLATE_TEST_CASE("ids: empty and too long are no ids", "", TraceId, SpanId) {
  TestType id;
  CHECK_FALSE(Parse(std::string(), &id));
  CHECK_FALSE(Parse(std::string(TestType::kHexSize + 1, '1'), &id));
  CHECK_FALSE(Parse(std::string(1000, '1'), &id));
}

TEMPLATE_TEST_CASE("ids: validity and equality look at every byte", "", TraceId, SpanId) {
  TestType zero;
  REQUIRE(Parse("0", &zero));
  CHECK_FALSE(zero.IsValid());
  for (uint32_t i = 0; i < sizeof(zero.bytes); ++i) {
    TestType id = zero;
    CHECK(id == zero);
    id.bytes[i] = 1;
    CHECK(id.IsValid());
    CHECK_FALSE(id == zero);
    CHECK(id.AsUint64() != zero.AsUint64());
  }
}

TEST_CASE("ids: bytes are in the order of the digits") {
  TraceId id;
  REQUIRE(Parse("0123456789abcdefFEDCBA9876543210", &id));
  const uint8_t want[16] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
                            0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10};
  CHECK(memcmp(id.bytes, want, 16) == 0);
}

}  // namespace
}  // namespace edgespan
