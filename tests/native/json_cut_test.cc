// CutJson: whatever the limit, what is left is JSON, within it, and a beginning of what there was.
#include "edgespan/model/json_cut.h"

#include <random>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace edgespan {
namespace {

using Json = nlohmann::json;

std::string Cut(std::string text, uint32_t limit) {
  const auto bytes = static_cast<uint32_t>(text.size());
  const uint32_t left = CutJson(reinterpret_cast<uint8_t*>(text.data()), bytes, limit);
  CHECK(left <= std::max(limit, bytes));
  return text.substr(0, left);
}

TEST_CASE("json cut: where it is cut") {
  struct Case {
    const char* text;
    uint32_t limit;
    const char* cut;
  };
  const Case cases[] = {
      {R"([1,2,3])", 7, "[1,2,3]"},
      {R"([1,2,3])", 6, "[1,2]"},
      {R"([1,2,3])", 4, "[1]"},
      {R"([10,2])", 4, "[10]"},
      {R"([10,2])", 3, "[]"},
      {R"([10,2])", 1, ""},
      {R"("hello")", 4, R"("he")"},
      {R"("a\n")", 4, R"("a")"},  // not within an escape
      {R"("a\n!")", 5, R"("a\n")"},
      {R"("\u001fx")", 8, R"("\u001f")"},
      {R"("\u001fx")", 7, R"("")"},
      {"\"a\xc3\xa9\"", 4, R"("a")"},  // nor within a character
      {"\"a\xc3\xa9z\"", 5, "\"a\xc3\xa9\""},
      {R"({"a":1,"b":2})", 12, R"({"a":1})"},
      {R"({"a":1,"b":"xyz"})", 16, R"({"a":1,"b":"xy"})"},
      {R"({"a":1,"b":"xyz"})", 13, R"({"a":1})"},  // a name without a value is none
      {R"({"a,b":true,"c":0})", 17, R"({"a,b":true})"},
      {R"({"a,b":true})", 11, "{}"},
      {R"([{"a":[1,"x"]},2])", 16, R"([{"a":[1,"x"]}])"},
      {R"([{"a":[1,"x"]},2])", 12, R"([{"a":[1]}])"},
      // Spaced, as others write it.
      {"{ \"a\" : [ 1 , 2 ] }", 15, "{ \"a\" : [ 1 ]}"},
      {"{ \"a\" : [ 1 , 2 ] }", 13, "{ \"a\" : []}"},
      {"{ \"a\" : 1 }", 10, "{}"},
      {"12345", 4, ""},
      {"true", 3, ""},
  };
  for (const Case& c : cases) {
    INFO(c.text << " to " << c.limit);
    CHECK(Cut(c.text, c.limit) == c.cut);
  }
}

// Any JSON value, with the characters that matter in its texts.
Json Random(std::mt19937* random, int depth) {
  const auto pick = [&](uint32_t n) { return static_cast<uint32_t>((*random)() % n); };
  const auto text = [&] {
    static const char* const kPieces[] = {
        "a", ",", "\"", "\\", "\n", "\x1f", "\xc3\xa9", "{", "]", "\xf0\x9f\x98\x80", "u0041", ":"};
    std::string s;
    for (uint32_t n = pick(9); n > 0; --n) s += kPieces[pick(std::size(kPieces))];
    return s;
  };
  switch (pick(depth > 0 ? 6 : 4)) {
    case 0:
      return text();
    case 1:
      return static_cast<int>(pick(100'000)) - 50'000;
    case 2:
      return pick(2) == 0 ? Json(nullptr) : Json(true);
    case 3:
      return 0.5 * pick(1000);
    case 4: {
      Json list = Json::array();
      for (uint32_t n = pick(6); n > 0; --n) list.push_back(Random(random, depth - 1));
      return list;
    }
    default: {
      Json object = Json::object();
      for (uint32_t n = pick(6); n > 0; --n) object[text()] = Random(random, depth - 1);
      return object;
    }
  }
}

// Whether every value of `part` stands at its place in `whole`; texts may be shorter.
bool IsBeginning(const Json& part, const Json& whole) {
  if (part.is_string()) {
    return whole.is_string() && whole.get<std::string>().compare(0, part.get<std::string>().size(),
                                                                 part.get<std::string>()) == 0;
  }
  if (!part.is_structured()) return part == whole;
  if (part.type() != whole.type()) return false;
  for (const auto& [key, value] : part.items()) {
    if (part.is_array() ? std::stoul(key) >= whole.size() : !whole.contains(key)) return false;
    if (!IsBeginning(value, part.is_array() ? whole[std::stoul(key)] : whole[key])) return false;
  }
  return true;
}

TEST_CASE("json cut: any value, any limit") {
  std::mt19937 random(20261120);
  for (int round = 0; round < 300; ++round) {
    const Json whole = Random(&random, 5);
    const std::string text = whole.dump(round % 3 == 0 ? 1 : -1);
    size_t before = 0;
    for (uint32_t limit = 0; limit <= text.size(); limit += 1 + limit / 40) {
      const std::string cut = Cut(text, limit);
      INFO(text << " to " << limit << ": " << cut);
      REQUIRE(cut.size() <= limit);
      if (whole.is_structured() || whole.is_string()) REQUIRE(cut.empty() == (limit < 2));
      if (cut.empty()) continue;
      const Json part = Json::parse(cut, nullptr, false);
      REQUIRE(!part.is_discarded());
      REQUIRE(IsBeginning(part, whole));
      // A longer limit never keeps less.
      REQUIRE(cut.size() >= before);
      before = cut.size();
    }
    CHECK(Cut(text, static_cast<uint32_t>(text.size())) == text);
  }
}

TEST_CASE("json cut: what is nested deeper than anything of ours is cut there") {
  const std::string text = std::string(200, '[') + "1" + std::string(200, ']');
  for (const uint32_t limit : {100u, 255u, 256u, 300u, 400u}) {
    const std::string cut = Cut(text, limit);
    CHECK(cut.size() == std::min(limit / 2 * 2, 256u));
    CHECK(!Json::parse(cut, nullptr, false).is_discarded());
  }
}

}  // namespace
}  // namespace edgespan
