// No planted secret survives: hundreds of them, of every kind, at every sort of place.
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/redactor_lab.h"

namespace edgespan {
namespace {

using Json = nlohmann::json;
using testing::Planted;
using testing::RedactorLab;
using testing::SecretMaker;

// Every string in it, those in strings of JSON included, each with a line feed behind it.
void Collect(const Json& value, std::string* all) {
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) {
      *all += name + "\n";
      Collect(member, all);
    }
  } else if (value.is_array()) {
    for (const Json& member : value) Collect(member, all);
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    *all += text + "\n";
    const Json inner = Json::parse(text, nullptr, false);
    if (!inner.is_discarded()) Collect(inner, all);
  }
}

// The text as a string of JSON, each byte of ASCII as \uXXXX.
std::string AllEscaped(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    char buffer[8];
    std::snprintf(buffer, sizeof buffer, "\\u%04x", static_cast<unsigned>(c));
    out += buffer;
  }
  return out + "\"";
}

struct Place {
  const char* name;
  bool json;
  std::function<std::string(const std::string&)> put;
};

std::vector<Place> Places() {
  const auto str = [](const std::string& text) { return Json(text).dump(); };
  return {
      {"alone", false, [](auto& s) { return s; }},
      {"in prose", false,
       [](auto& s) { return "I found this: " + s + " in the file.\nNext line"; }},
      {"in quotes", false, [](auto& s) { return "the value \"" + s + "\" is old"; }},
      {"in backticks", false, [](auto& s) { return "use `" + s + "` there"; }},
      {"in brackets", false, [](auto& s) { return "(see " + s + ")"; }},
      {"behind a line feed", false, [](auto& s) { return "first\n" + s + "\nlast"; }},
      {"behind characters", false,
       [](auto& s) { return "\xe4\xbb\x98\xe5\xb8\xb8 " + s + " \xe6\x97\xa5"; }},
      {"in a list", false, [](auto& s) { return "- one\n- " + s + "\n- three"; }},
      {"in a log line", false,
       [](auto& s) { return "2026-11-20T10:00:00.000Z ERROR worker failed " + s; }},
      {"in a stack trace", false,
       [](auto& s) {
         return "Error: refused " + s +
                "\n    at book (worker.js:1:9123)\n    at async step (worker.js:7:42)";
       }},
      {"in code", false, [](auto& s) { return "```js\nconnect(\"" + s + "\");\n```"; }},
      {"in a string", true, str},
      {"in an object", true,
       [=](auto& s) { return "{\"a\":1,\"text\":" + str("x " + s + " y") + "}"; }},
      {"in an array", true, [=](auto& s) { return "[1, " + str(s) + ", [" + str(s) + "]]"; }},
      {"in a name", true, [=](auto& s) { return "{" + str(s) + ": true}"; }},
      {"behind escapes", true,
       [=](auto& s) { return "{\"t\":" + str("a\n\"b\"\t" + s + "\n\\") + "}"; }},
      {"in escapes", true, [](auto& s) { return "{\"t\":" + AllEscaped(s) + "}"; }},
      {"in JSON in JSON", true, [=](auto& s) { return str("{\"a\":" + str("x\n" + s) + "}"); }},
      {"three levels down", true,
       [=](auto& s) {
         return Json{{"a", Json{{"b", Json{{"c", "\"" + s + "\""}}.dump()}}.dump()}}.dump();
       }},
      {"in escapes in JSON in JSON", true,
       [=](auto& s) { return "{\"a\":" + str("{\"b\":" + AllEscaped("to " + s) + "}") + "}"; }},
      {"in JSON in prose", false, [=](auto& s) { return "got {\"a\":" + str(s) + "} back"; }},
      {"in cut JSON", false,
       [=](auto& s) { return "{\"a\":[1,{\"b\":" + str(s + " and").substr(0, 2000); }},
      {"under a sensitive key", true,
       [=](auto& s) { return "{\"secret\":[" + str(s) + ",{\"x\":" + str(s) + "}]}"; }},
  };
}

TEST_CASE("redactor planted: none survives, wherever it is") {
  SecretMaker make(11);
  const std::vector<Planted> all = make.All();
  REQUIRE(all.size() >= 500);
  RedactorLab redact;
  size_t checks = 0;
  for (const Place& place : Places()) {
    for (const Planted& planted : all) {
      const std::string text = place.put(planted.phrase);
      std::string left = redact(text);
      INFO(place.name << ", " << planted.name << "\n" << text << "\n" << left);
      CHECK(redact.changed());
      ++checks;
      if (place.json) {
        const Json value = Json::parse(left, nullptr, false);
        CHECK_FALSE(value.is_discarded());
        Collect(value, &left);
      }
      // Of a secret of several parts none of the longer ones.
      CHECK(left.find(planted.secret) == std::string::npos);
      const size_t half = planted.secret.size() / 2;
      if (half >= 12) CHECK(left.find(planted.secret.substr(half)) == std::string::npos);
      if (half >= 12) CHECK(left.find(planted.secret.substr(0, half)) == std::string::npos);
    }
  }
  CHECK(checks > 11000);
}

TEST_CASE("redactor planted: at every offset from the vectors' blocks") {
  SecretMaker make(12);
  RedactorLab redact;
  const std::vector<Planted> all = make.All();
  for (size_t i = 0; i < all.size(); i += 3) {
    for (size_t before = 0; before < 34; ++before) {
      const std::string text = std::string(before, 'w').append(before ? " " : "") + all[i].phrase;
      const std::string left = redact(text);
      INFO(text << "\n" << left);
      CHECK(left.find(all[i].secret) == std::string::npos);
    }
  }
}

TEST_CASE("redactor planted: many in one text") {
  SecretMaker make(13);
  RedactorLab redact;
  const std::vector<Planted> all = make.All();
  std::string text;
  for (const Planted& planted : all) text += "then " + planted.phrase + "\n";
  const std::string left = redact(text);
  for (const Planted& planted : all) {
    INFO(planted.name << " " << planted.secret);
    CHECK(left.find(planted.secret) == std::string::npos);
  }
}

}  // namespace
}  // namespace edgespan
