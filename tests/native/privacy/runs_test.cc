// The prefilter: the vector code against its scalar twin, and the twin against a plain reading of the
// definition.
#include "edgespan/privacy/runs.h"

#include <memory>
#include <random>
#include <string>

#include <catch2/catch.hpp>

#include "edgespan/base/utf.h"

namespace edgespan {
namespace {

// By the definition: the first word that has one of the signs, four numeric bytes in a row, or 16 bytes.
size_t Slow(const std::string& text) {
  const auto ends = [](char c) { return c < '+'; };  // char is signed here: beyond ASCII, too
  for (size_t begin = 0; begin < text.size();) {
    size_t end = begin;
    while (end < text.size() && !ends(text[end])) ++end;
    const std::string run = text.substr(begin, end - begin);
    bool found = run.size() >= kLongRun || run.find_first_of("@:=+{[") != std::string::npos;
    for (size_t i = 0; i + 4 <= run.size(); ++i) {
      found = found || run.substr(i, 4).find_first_not_of("-0123456789") == std::string::npos;
    }
    if (found) return begin;
    begin = end + 1;
  }
  return text.size();
}

TEST_CASE("runs: vector code, its twin and the definition agree") {
  std::mt19937 random(1);
  const std::string kinds[] = {"ab c", "abcdefgh      ", "-./09 a", "ab1@:=+{[ \xc3\xa9\"\\",
                               "a\xe6\x97\xa5 0123"};
  for (int round = 0; round < 40000; ++round) {
    const std::string& kind = kinds[random() % 5];
    std::string text(random() % 70, ' ');
    for (char& c : text) {
      c = random() % 40 == 0 ? static_cast<char>(random()) : kind[random() % kind.size()];
    }
    const auto n = static_cast<uint32_t>(text.size());
    auto exact = std::make_unique<uint8_t[]>(n + kTextSlack);  // ASan guards both ends
    // None of it is what lies behind it.
    for (uint32_t i = 0; i < kTextSlack; ++i) {
      exact[n + i] = static_cast<uint8_t>("@1-a "[random() % 5]);
    }
    std::copy(text.begin(), text.end(), exact.get());
    INFO(text);
    const uint32_t run = NextRun(exact.get(), 0, n);
    CHECK(run == scalar::NextRun(exact.get(), 0, n));
    CHECK(run == Slow(text));
    CHECK(NextQuote(exact.get(), 0, n) == scalar::NextQuote(exact.get(), 0, n));
    CHECK(NextQuote(exact.get(), 0, n) == std::min(text.find_first_of("\"\\"), text.size()));
  }
}

}  // namespace
}  // namespace edgespan
