// Redactor on JSON text: keys, strings by what they mean, strings of JSON in strings of JSON; and texts
// that are not quite JSON.
#include <random>
#include <regex>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/redactor_lab.h"

namespace edgespan {
namespace {

using testing::RedactorLab;
using Json = nlohmann::json;

TEST_CASE("redactor json: values under sensitive keys, whatever they are") {
  RedactorLab redact;
  struct Case {
    const char* text;
    const char* left;
  };
  for (const Case& c : {
           Case{R"({"password":"hunter2"})", R"({"password":"[REDACTED:key]"})"},
           Case{R"({ "api-key" : 5 , "b" : 1 })", R"({ "api-key" : "[REDACTED:key]" , "b" : 1 })"},
           Case{R"({"secret":{"a":[1,{"b":"}"}]},"b":1})", R"({"secret":"[REDACTED:key]","b":1})"},
           Case{R"({"token":["a]","b"],"c":[true]})", R"({"token":"[REDACTED:key]","c":[true]})"},
           Case{R"({"token":true,"auth":-1.5e3})",
                R"({"token":"[REDACTED:key]","auth":"[REDACTED:key]"})"},
           Case{R"([{"dbPassword":"\"x\""}])", R"([{"dbPassword":"[REDACTED:key]"}])"},
           Case{R"({"pass\u0077ord":"x"})", R"({"pass\u0077ord":"[REDACTED:key]"})"},
           Case{R"({"a@b.io":1})", R"({"[REDACTED:email]":1})"},
           Case{R"({"card":4111111111111111})", R"({"card":"[REDACTED:card]"})"},
           Case{"\n [\"a@b.io\"]", "\n [\"[REDACTED:email]\"]"},
           Case{R"("a@b.io")", R"("[REDACTED:email]")"},
           Case{R"({"a":"x\n\u0061@b.io\ty"})", R"({"a":"x\n[REDACTED:email]\ty"})"},
           Case{R"({"a":"{\"password\":\"x\",\"b\":\"\\u00e9\"}"})",
                R"({"a":"{\"password\":\"[REDACTED:key]\",\"b\":\"\\u00e9\"}"})"},
           Case{R"(It said {"password":"x"} to me)",
                R"(It said {"password":"[REDACTED:key]"} to me)"},
           Case{R"([1,"{\"password\":"])", R"([1,"{\"password\":"])"},
           // Brackets of prose.
           Case{"[4111 1111 1111 1111]", "[[REDACTED:card]]"},
           Case{"[1, 4111 1111 1111 1111]", "[1, [REDACTED:card]]"},
           Case{"{x [a@b.io] y", "{x [[REDACTED:email]] y"},
           // In strings quotes would end them.
           Case{R"(["[4111111111111111",4111111111111111])",
                R"(["[[REDACTED:card]","[REDACTED:card]"])"},
           // What only began as JSON.
           Case{"[1, ://u:p@h]", "[1, ://[REDACTED:credential]@h]"},
           Case{R"({"a":://u:p@h, "password":'hunter2'})",
                R"({"a":://[REDACTED:credential]@h, "password":'[REDACTED:key]'})"},
           // No escape, though it begins like one.
           Case{"{\"a\":\"\\n\\u319\xc7\xbe a@b.io \\u00\"}",
                "{\"a\":\"\\nu319\xc7\xbe [REDACTED:email] u00\"}"},
           // A value of no JSON goes as a whole.
           Case{R"({"password": p@ss!word})", R"({"password": "[REDACTED:key]"})"},
           Case{"{\"password\": p\xc3\xa4ss}", "{\"password\": \"[REDACTED:key]\"}"},
           Case{"{\"password\": \xe2\x80\xa6[truncated 12]",
                "{\"password\": \xe2\x80\xa6[truncated 12]"},
           // Cut in the middle, as texts are that were too long.
           Case{R"({"a":1,"password":"hunt)", R"({"a":1,"password":"[REDACTED:key]")"},
           Case{R"({"a":"{\"password\":\"hunt)", R"({"a":"{\"password\":\"[REDACTED:key]\")"},
           Case{R"({"a":{"secret":{"b":[1,2)", R"({"a":{"secret":"[REDACTED:key]")"},
       }) {
    INFO(c.text);
    CHECK(redact(c.text) == c.left);
  }
  for (const char* text :
       {R"({"token":null,"password":""})", R"({"promptTokens":5,"a":"\n\u00e9"})", "[]", "{}",
        "[1,2,{\"a\":[]}]", "{\"a\":", "[\"", "\"", "{\"a\\", "[[[[", "see [1] and {x}",
        R"({"id":1763625600000,"score":0.4111111111111111})", "null"}) {
    INFO(text);
    CHECK(redact(text) == text);
  }
}

std::string Nested(std::string text, int levels) {
  for (int i = 0; i < levels; ++i) text = Json{{"v", text}}.dump();
  return text;
}

TEST_CASE("redactor json: strings in strings, and deeper than anyone looks") {
  for (int levels = 1; levels <= 9; ++levels) {
    RedactorLab redact;
    const std::string left = redact(Nested("to a@b.io\n", levels));
    INFO(left);
    CHECK(Json::accept(left));
    CHECK(left.find("a@b") == std::string::npos);
    // The innermost line feed is the first escape.
    CHECK((redact.redactor().withheld() == 0) ==
          (levels <= static_cast<int>(Redactor::kMaxLevels)));
  }
}

// JSON of any shape whose strings hold anything, escaped in any way.
class JsonMaker {
 public:
  explicit JsonMaker(uint32_t seed) : random_(seed) {}

  std::string Value(int depth) {
    switch (Up(depth > 4 ? 4 : 7)) {
      case 0:
        return "null";
      case 1:
        return Up(2) ? "true" : "-12.5e-3";
      case 2:
        // A mere number is a text of digits.
        return depth == 0 || Up(4) ? std::to_string(random_()) : "4111111111111111";
      case 5: {
        std::string text = "[" + Space();
        for (uint32_t n = Up(5), i = 0; i < n; ++i)
          text += (i ? "," : "") + Value(depth + 1) + Space();
        return text + "]";
      }
      case 6: {
        const char* const kNames[] = {"a", "password", "key", "text", "t\\u006fken", "c@d.io", ""};
        std::string text = "{" + Space();
        for (uint32_t n = Up(5), i = 0; i < n; ++i) {
          text += (i ? ",\"" : "\"") + std::string(kNames[Up(7)]) + "\"" + Space() + ":" + Space() +
                  Value(depth + 1);
        }
        return text + "}";
      }
      default:
        return String();
    }
  }

 private:
  uint32_t Up(uint32_t n) { return static_cast<uint32_t>(random_() % n); }
  std::string Space() { return Up(3) ? "" : Up(2) ? " " : "\n\t"; }
  std::string String() {
    std::string text = "\"";
    const char* const kPieces[] = {"a",        "\\n",
                                   "\\\"",     "\\\\",
                                   "\\u0000",  "\\ud83d\\ude00",
                                   "\\ud800",  "\xc3\xa9",
                                   " a@b.io ", "token=abc123def",
                                   "{",        "}",
                                   "[",        "{\\\"password\\\":",
                                   "://u:p@h", "4111 1111 1111 1111",
                                   "\\/",      " sk-abcdefghij0123456789 ",
                                   ":",        " ",
                                   "-----",    "[4111111111111111,"};
    for (uint32_t n = Up(12); n > 0; --n) text += kPieces[Up(22)];
    return text + "\"";
  }

  std::mt19937 random_;
};

TEST_CASE("redactor json: what was JSON is JSON, and redacting twice changes nothing more") {
  JsonMaker make(7);
  RedactorLab redact;
  for (int round = 0; round < 6000; ++round) {
    const std::string text = make.Value(0);
    if (!Json::accept(text)) continue;  // a half of a surrogate pair
    const std::string left = redact(text);
    INFO(text);
    INFO(left);
    CHECK(Json::accept(left));
    CHECK(left.find("a@b.io") == std::string::npos);
    CHECK(left.find("abcdefghij0123456789") == std::string::npos);
    CHECK(left.find("[4111111111111111") == std::string::npos);
    // What stands for a key in a name makes it one that announces a secret.
    if (!std::regex_search(left, std::regex("-key\\][^,]*\":"))) CHECK(redact(left) == left);
  }
}

}  // namespace
}  // namespace edgespan
