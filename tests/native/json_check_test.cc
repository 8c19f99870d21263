// IsJsonContainer: what a JSON parser takes, and nothing else.
#include "edgespan/model/json_check.h"

#include <random>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace edgespan {
namespace {

using Json = nlohmann::json;

// In memory of its own size, so that a sanitizer sees who reads beyond it.
bool Is(const std::string& text) {
  const std::string copy(text.data(), text.size());
  return IsJsonContainer(copy);
}

TEST_CASE("json check: whole objects and arrays") {
  for (const char* text : {
           "{}",
           "[]",
           R"({"a":1})",
           R"([1,-0,0.5,-1.25e+10,1E5,1e-2,10])",
           R"(["","\"\\\/\b\f\n\r\t","\u00e9\uABCD\ue000","{","]",",",":"])",
           R"([true,false,null,[],{},[[{}]]])",
           "{ \"a\" : [ 1 ,\n\t2 ] ,\r\n\"b\" : { } }",
           R"({"":{"a":[{"b":[]}]},"c":"d"})",
           "[\"\xc3\xa9\x7f\"]",
       }) {
    INFO(text);
    CHECK(Is(text));
    CHECK(Json::accept(text));
  }
}

TEST_CASE("json check: anything else") {
  for (const char* text : {
           "",
           "{",
           "}",
           "[",
           "]",
           "{]",
           "[}",
           "1",
           "\"a\"",
           "true",
           "null",
           "[1",
           "1]",
           "[]]",
           "[][]",
           "{}{}",
           "[[]",
           "[{]}",
           "[,]",
           "[1,]",
           "[,1]",
           "[1 2]",
           "[1,,2]",
           "{,}",
           "{\"a\"}",
           "{\"a\":}",
           "{\"a\",1}",
           "{\"a\":1,}",
           "{\"a\":1 \"b\":2}",
           "{a:1}",
           "{1:1}",
           "{\"a\"::1}",
           "[\"a\":1]",
           "[:]",
           "[tru]",
           "[truee]",
           "[True]",
           "[nul]",
           "[nan]",
           "[x]",
           "[01]",
           "[-]",
           "[1.]",
           "[.5]",
           "[1e]",
           "[1e+]",
           "[+1]",
           "[0x1]",
           "[1-]",
           "[--1]",
           "[\"]",
           "[\"\\\"]",
           "[\"\\x\"]",
           "[\"\\u12\"]",
           "[\"\\u12g4\"]",
           "[\"\\u\"]",
           "[\"\n\"]",
           "[\"\x1f\"]",
           "['a']",
           "[\"a]",
           "[\"\\]",
           "{\"a\":1]",
           "[/**/]",
           "[1]\n]",
           "\xef\xbb\xbf[]",
       }) {
    INFO(text);
    CHECK_FALSE(Is(text));
    CHECK_FALSE((Json::accept(text) && (*text == '{' || *text == '[')));
  }
  // JSON, but not what this is for.
  for (const char* text : {" []", "[] ", R"(["\ud83d\ude00"])", R"(["\uD800"])", R"(["\udfff"])"}) {
    CHECK_FALSE(Is(text));
  }
  CHECK_FALSE(Is(std::string("[\0]", 3)));
}

TEST_CASE("json check: levels are bounded") {
  for (const char* brackets : {"[]", "{}"}) {
    for (const int levels : {1, 30, 31, 32, 33, 64, 100'000}) {
      const bool list = brackets[0] == '[';
      std::string text;
      for (int i = 1; i < levels; ++i) text += list ? "[" : "{\"a\":";
      text += brackets + std::string(static_cast<size_t>(levels) - 1, brackets[1]);
      INFO(levels);
      CHECK(Is(text) == (levels <= 31));
    }
  }
}

TEST_CASE("json check: as a JSON parser, of texts with small faults") {
  std::mt19937 random(20261120);
  const auto pick = [&](size_t n) { return static_cast<size_t>(random() % n); };
  static const char* const kPieces[] = {
      "{",     "}",       "[",  "]", ",",    ":",  "\"",  "\"a\"",    "\"a\":", "\\",
      "\\n",   "\\u00e9", "0",  "1", "-",    ".",  "e",   "+",        "true",   "null",
      "false", " ",       "\n", "t", "\x01", "{}", "[1]", "\"\\u12\""};
  uint32_t sound = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = R"({"a":[1,-2.5e3,"x\n",true,{"b":null},[]],"c":{"d":"e"}})";
    if (pick(2) == 0) text = "[]";
    for (size_t n = pick(5); n > 0; --n) {
      const size_t at = pick(text.size());
      text.replace(at, pick(3), kPieces[pick(std::size(kPieces))]);
      if (text.empty()) text = "[]";
    }
    const bool bare =
        (text.front() == '{' || text.front() == '[') && text.back() != ' ' && text.back() != '\n';
    const bool expected = bare && Json::accept(text);
    INFO(text);
    REQUIRE(Is(text) == expected);
    sound += expected;
  }
  CHECK(sound > 2'000);
}

}  // namespace
}  // namespace edgespan
