// JsonText against nlohmann_json and against what JSON.stringify is known to print.
#include "edgespan/model/json_text.h"

#include <limits>
#include <random>
#include <string>

#include <catch2/catch.hpp>

#include "tests/support/record_lab.h"

namespace edgespan {
namespace {

using testing::Json;
using testing::RecordLab;
using testing::TapeWriter;

std::string RandomString(std::mt19937* random) {
  const char* const pieces[] = {
      "a",  "Z",        "\"",   "\\",   "/",    "\n",       "\t",           "\b",
      "\f", "\r",       "\x01", "\x1f", "\x7f", "\xc3\xa9", "\xe2\x80\xa8", "\xf0\x9f\x98\x80",
      " ",  "</script>"};
  std::string text;
  for (uint32_t n = (*random)() % 40; n > 0; --n) text += pieces[(*random)() % std::size(pieces)];
  if ((*random)() % 16 == 0) text += std::string((*random)() % 2000, 'x') + "\xe2\x82\xac\"";
  return text;
}

Json RandomJson(std::mt19937* random, int depth) {
  switch ((*random)() % (depth > 0 ? 8 : 6)) {
    case 0:
      return nullptr;
    case 1:
      return (*random)() % 2 == 0;
    case 2:
      return static_cast<int64_t>((*random)()) - 0x7fffffff;
    case 3:
      return 0.5 + static_cast<double>((*random)() % 1000);
    case 4:
    case 5:
      return RandomString(random);
    case 6: {
      Json list = Json::array();
      for (uint32_t n = (*random)() % 5; n > 0; --n) list.push_back(RandomJson(random, depth - 1));
      return list;
    }
    default: {
      Json object = Json::object();
      for (uint32_t n = (*random)() % 5; n > 0; --n) {
        object[RandomString(random)] = RandomJson(random, depth - 1);
      }
      return object;
    }
  }
}

TEST_CASE("json: random values print as nlohmann prints them") {
  for (uint32_t seed = 0; seed < 400; ++seed) {
    INFO("seed " << seed);
    RecordLab lab;
    std::mt19937 random(seed);
    const Json value = RandomJson(&random, 5);
    REQUIRE(lab.Text(lab.Value(value)) == value.dump());
  }
}

TEST_CASE("json: every character below 256, alone") {
  RecordLab lab;
  for (char16_t c = 0; c < 256; ++c) {
    const std::string text = tools::ToUtf8(std::u16string(1, c));
    CHECK(lab.Text(lab.Value(text)) == Json(text).dump());
    // As a key: such that need escaping travel inline.
    CHECK(lab.Text(lab.Value({{text, 1}})) == Json({{text, 1}}).dump());
  }
}

TEST_CASE("json: numbers as JavaScript prints them") {
  RecordLab lab;
  const auto text = [&](double value) { return lab.Text(lab.Value(value)); };
  CHECK(text(0) == "0");
  CHECK(text(-0.0) == "0");
  CHECK(text(-1) == "-1");
  CHECK(text(0.1) == "0.1");
  CHECK(text(1.0 / 3) == "0.3333333333333333");
  CHECK(text(1e21) == "1e+21");
  CHECK(text(1e-7) == "1e-7");
  CHECK(text(123456789012345680000.0) == "123456789012345680000");
  CHECK(text(9007199254740992.0) == "9007199254740992");
  CHECK(text(-9007199254740994.0) == "-9007199254740994");
  CHECK(text(1.7976931348623157e308) == "1.7976931348623157e+308");
  CHECK(text(5e-324) == "5e-324");
  CHECK(text(std::numeric_limits<double>::quiet_NaN()) == "null");
  CHECK(text(std::numeric_limits<double>::infinity()) == "null");
  CHECK(text(-std::numeric_limits<double>::infinity()) == "null");
}

TEST_CASE("json: what JSON has no kind for") {
  RecordLab lab;
  TapeWriter tape;
  TapeWriter::Envelope envelope;
  envelope.span_id = "1";
  tape.Span(envelope);
  tape.Array(kKeyValue);
  for (const char* bytes : {"", "f", "fo", "foo", "foob", "\xff\xfe\xfd"}) tape.Bytes(0, bytes);
  tape.Date(0, 1, "1970-01-01T00:00:00.001Z");
  tape.Date(0, std::numeric_limits<double>::quiet_NaN(), "");
  tape.Int64(0, std::numeric_limits<int64_t>::max());
  tape.Int64(0, std::numeric_limits<int64_t>::min());
  tape.Utf16(0, u"\xd800\"");
  tape.End();
  tape.End();
  const SpanRecord& record = *lab.Read(tape.Take());
  CHECK(lab.Text(record.Begin()) ==
        R"(["","Zg==","Zm8=","Zm9v","Zm9vYg==","//79","1970-01-01T00:00:00.001Z",null,)"
        "9223372036854775807,-9223372036854775808,\"\xef\xbf\xbd\\\"\"]");
}

TEST_CASE("json: strings around the size of a piece") {
  RecordLab lab;
  for (size_t size = 500; size < 530; ++size) {
    for (const char* special : {"\"", "\x01", "\xe2\x82\xac", "\xf0\x9f\x98\x80"}) {
      const std::string text = std::string(size, 'x') + special + special + "end";
      REQUIRE(lab.Text(lab.Value(text)) == Json(text).dump());
    }
  }
  const std::string controls(5000, '\x02');
  CHECK(lab.Text(lab.Value(controls)) == Json(controls).dump());
}

TEST_CASE("json: a bare value is its text without quotes") {
  RecordLab lab;
  const auto bare = [&](const Json& value) {
    const Node* const node = lab.Value(value);
    return lab.Written([&](Buffer* out) { JsonText(lab.context(), out).Bare(node); });
  };
  CHECK(bare("say \"hi\"\n") == "say \"hi\"\n");
  CHECK(bare("") == "");
  CHECK(bare(42) == "42");
  CHECK(bare(0.5) == "0.5");
  CHECK(bare(true) == "true");
  CHECK(bare("date:1970-01-02T00:00:00.000Z") == "1970-01-02T00:00:00.000Z");
  CHECK(bare({1, "a"}) == R"([1,"a"])");
}

TEST_CASE("json: the estimate of a container is near its text") {
  RecordLab lab;
  const Json value = {{"name", std::string(300, 'x')}, {"list", {1, 2, 3}}, {"deep", {{"a", "b"}}}};
  const Node* const node = lab.Value(value);
  const size_t size = value.dump().size();
  CHECK(node->b >= size / 2);
  CHECK(node->b <= 4 * size);
}

TEST_CASE("json: out of memory shows in the buffer") {
  RecordLab lab(256u << 10);
  const Node* const node = lab.Value(std::string(60'000, '\x01'));
  std::vector<uint32_t> hogs;
  while (const uint32_t page = lab.arena.Allocate(1)) hogs.push_back(page);
  lab.arena.Free(hogs.back(), 1);
  lab.arena.Free(hogs[hogs.size() - 2], 1);
  Buffer out;
  REQUIRE(out.Init(&lab.arena, 16));
  JsonText(lab.context(), &out).Value(node);
  CHECK(out.failed());
  out.Discard();
}

}  // namespace
}  // namespace edgespan
