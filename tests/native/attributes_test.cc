// AttributeWriter: kinds of values and the two limits, as protobuf's own reader sees them. Values
// of every kind through the whole core are the oracle's (oracle_test.cc).
#include "edgespan/otlp/attributes.h"

#include <limits>
#include <string>

#include <catch2/catch.hpp>

#include "edgespan/otlp/otlp.pb.h"
#include "tests/support/core_lab.h"
#include "tests/support/record_lab.h"

namespace edgespan::otlp {
namespace {

using testing::AttributesOf;
using testing::Json;
using testing::RecordLab;
using testing::TapeWriter;

struct Written {
  Json attributes;
  uint32_t dropped;
};

// What `write` makes of an AttributeWriter over a resource's attributes.
template <class Write>
Written Attributes(RecordLab* lab, const SpanLimits& limits, Write write) {
  uint32_t dropped = 0;
  const std::string bytes = lab->Written([&](Buffer* out) {
    ProtoWriter proto(out);
    AttributeWriter writer(lab->context(), limits, &proto, pb::Resource::kAttributesFieldNumber);
    write(writer);
    dropped = writer.dropped();
  });
  pb::Resource resource;
  REQUIRE(resource.ParseFromString(bytes));
  CHECK(resource.SerializeAsString() == bytes);
  return {AttributesOf(resource.attributes()), dropped};
}

using Method = void (AttributeWriter::*)(const Node*);
Json One(Method method, const Json& value, const SpanLimits& limits = {}) {
  RecordLab lab;
  const Node* const node = lab.Value(value);
  const Json attributes = Attributes(&lab, limits, [&](AttributeWriter& writer) {
                            (writer.Name("k").*method)(node);
                          }).attributes;
  return attributes.contains("k") ? attributes["k"] : Json("absent");
}

// Short attributes are written by stores of whole words, all others by length: the same must come out
// on both sides of every bound.
TEST_CASE("attributes: names and values of every length") {
  RecordLab lab;
  const Method value = &AttributeWriter::Value;
  const auto check = [&](const std::string& name, const Json& expected) {
    const Node* const node = lab.Value(expected);
    const Written written = Attributes(&lab, {}, [&](AttributeWriter& writer) {
      (writer.Name(name).*value)(node);
      writer.Name("next").Text("untouched");
    });
    INFO(name.size() << " " << expected.dump());
    REQUIRE(written.attributes == Json({{name, expected}, {"next", "untouched"}}));
  };
  for (uint32_t name = 1; name <= 132; ++name) {
    const std::string key(name, 'k');
    for (uint32_t bytes : {0u, 1u, 15u, 16u, 17u, 31u, 32u, 33u, 120u - std::min(name, 120u),
                           121u - std::min(name, 121u), 122u - std::min(name, 122u), 127u, 128u}) {
      check(key, std::string(bytes, 'v'));
    }
    for (const Json& number :
         {Json(0), Json(-1), Json(300), Json(0.25), Json(true), Json(1LL << 50)}) {
      check(key, number);
    }
  }
}

TEST_CASE("attributes: Value keeps scalars and turns containers into JSON text") {
  const Method value = &AttributeWriter::Value;
  CHECK(One(value, "text") == "text");
  CHECK(One(value, "") == "");
  CHECK(One(value, true) == true);
  CHECK(One(value, 42).is_number_integer());
  CHECK(One(value, 42) == 42);
  CHECK(One(value, -7) == -7);
  CHECK(One(value, 0.5) == 0.5);
  CHECK(One(value, 9007199254740994.0) == 9007199254740994);  // has text, and is an int64
  CHECK(One(value, 1e300) == 1e300);
  CHECK(One(value, nullptr) == "absent");
  CHECK(One(value, "date:1970-01-02T00:00:00.000Z") == "1970-01-02T00:00:00.000Z");
  CHECK(One(value, Json::array({1, "a"})) == R"([1,"a"])");
  CHECK(One(value, {{"a", nullptr}}) == R"({"a":null})");
  CHECK(One(value, Json::object()) == "{}");
}

TEST_CASE("attributes: Json is text whatever it was") {
  const Method json = &AttributeWriter::Json;
  CHECK(One(json, "say \"hi\"") == "say \"hi\"");
  CHECK(One(json, 42) == "42");
  CHECK(One(json, 0.5) == "0.5");
  CHECK(One(json, true) == "true");
  CHECK(One(json, nullptr) == "null");
  CHECK(One(json, {{"a", {1, 2}}}) == R"({"a":[1,2]})");
}

TEST_CASE("attributes: Any keeps everything, List makes a list of it") {
  const Method any = &AttributeWriter::Any;
  const Method list = &AttributeWriter::List;
  const Json deep = {{"a", {1, "b", {{"c", true}}}}, {"d", nullptr}, {"e", 0.5}};
  CHECK(One(any, deep) == deep);
  CHECK(One(any, nullptr) == nullptr);
  CHECK(One(any, Json::array()) == Json::array());
  CHECK(One(list, "stop") == Json::array({"stop"}));
  CHECK(One(list, 7) == Json::array({7}));
  CHECK(One(list, nullptr) == Json::array({nullptr}));
  CHECK(One(list, Json::array({"a", "b"})) == Json::array({"a", "b"}));
  CHECK(One(list, deep) == Json::array({deep}));
}

TEST_CASE("attributes: bytes") {
  RecordLab lab;
  TapeWriter tape;
  TapeWriter::Envelope envelope;
  envelope.span_id = "1";
  tape.Span(envelope);
  tape.Bytes(kKeyValue, std::string("\0\xff", 2));
  tape.End();
  const Node* const node = lab.Read(tape.Take())->Begin();
  const Written written = Attributes(&lab, {}, [&](AttributeWriter& writer) {
    writer.Name("any").Any(node);
    writer.Name("value").Value(node);
  });
  CHECK(written.attributes["any"] == Json({{"bytes", std::string("\0\xff", 2)}}));
  CHECK(written.attributes["value"] == "\"AP8=\"");
}

TEST_CASE("attributes: All takes the members of an object under their names") {
  RecordLab lab;
  const Node* const node = lab.Value({{"model", "m"}, {"my \"key\"", 1}, {"list", {1}}});
  const Node* const other = lab.Value("text");
  const Written written = Attributes(&lab, {}, [&](AttributeWriter& writer) {
    writer.All(node);
    writer.All(other);
    writer.All(nullptr);
  });
  CHECK(written.attributes == Json({{"model", "m"}, {"my \"key\"", 1}, {"list", {1}}}));
}

TEST_CASE("attributes: All leaves out the members that another object has, by name") {
  RecordLab lab;
  const Node* const node = lab.Value({{"model", "m"}, {"my \"key\"", 1}, {"list", {1}}});
  const Node* const but = lab.Value({{"my \"key\"", {2}}, {"model", nullptr}, {"other", 1}});
  const Node* const text = lab.Value("model");
  const Written written = Attributes(&lab, {}, [&](AttributeWriter& writer) {
    writer.All(node, but);
    writer.All(but, text);
  });
  CHECK(written.attributes ==
        Json({{"list", {1}}, {"my \"key\"", {2}}, {"model", nullptr}, {"other", 1}}));
}

TEST_CASE("attributes: the count limit") {
  for (const uint32_t limit : {0u, 1u, 3u, 7u, 8u}) {
    RecordLab lab;
    const Node* const object = lab.Value({{"a", 1}, {"b", "x"}, {"c", {1}}});
    const Node* const null = lab.Value(nullptr);
    SpanLimits limits;
    limits.attribute_count = limit;
    const Written written = Attributes(&lab, limits, [&](AttributeWriter& writer) {
      writer.All(object);
      writer.Name("null").Value(null);  // writes nothing and counts for nothing
      writer.Name("d").Text("x");
      writer.Name("e").Json(object);
      writer.Name("f").List(object);
      if (writer.Name("g").Begin(10)) writer.End();
    });
    CHECK(written.attributes.size() == std::min(limit, 7u));
    CHECK(written.dropped == 7 - std::min(limit, 7u));
  }
}

TEST_CASE("attributes: the length limit cuts between characters") {
  SpanLimits limits;
  limits.attribute_value_length = 5;
  const Method value = &AttributeWriter::Value;
  const Method any = &AttributeWriter::Any;
  CHECK(One(value, "12345", limits) == "12345");
  CHECK(One(value, "123456", limits) == "12345");
  CHECK(One(value, "1234\xc3\xa9", limits) == "1234");
  CHECK(One(value, "123\xc3\xa9", limits) == "123\xc3\xa9");
  CHECK(One(value, "12\xf0\x9f\x98\x80", limits) == "12");
  // JSON stays JSON: a number is there whole or not at all.
  CHECK(One(value, {{"a", 1}}, limits) == "{}");
  CHECK(One(&AttributeWriter::Json, 1234567, limits) == "");
  CHECK(One(value, {1, 2, 3}, limits) == "[1,2]");
  CHECK(One(value, {"xyz"}, limits) == R"(["x"])");
  // Within lists and objects, every string by itself; numbers are not cut.
  CHECK(One(any, {{"long key", {"123456", 1234567}}}, limits) ==
        Json({{"long key", {"12345", 1234567}}}));
  CHECK(One(any, "date:1970-01-02T00:00:00.000Z", limits) == "1970-");
  limits.attribute_value_length = 0;
  CHECK(One(value, "1", limits) == "");
}

TEST_CASE("attributes: what is cut says how long it was") {
  RecordLab lab;
  const Node* const object = lab.Value({{"long", "123456789"}});
  const Node* const list = lab.Value({"123456", "1", "1234567"});
  const Node* const whole = lab.Value("12345");
  SpanLimits limits;
  limits.attribute_value_length = 5;
  const auto write = [&](AttributeWriter& writer) {
    writer.Name("json").Value(object);
    writer.Name("text").Text("12345\xc3\xa9");
    writer.Name("list").Any(list);
    writer.Name("whole").Value(whole);
    writer.Name("word").Begin(3) ? writer.buffer()->AppendText("openai!") : void();
    writer.End(false);
  };
  CHECK(Attributes(&lab, limits, write).attributes == Json({{"json", "{}"},
                                                            {"edgespan.original_length.json", 20},
                                                            {"text", "12345"},
                                                            {"edgespan.original_length.text", 7},
                                                            {"list", {"12345", "1", "12345"}},
                                                            {"edgespan.original_length.list", 13},
                                                            {"whole", "12345"},
                                                            {"word", "opena"},
                                                            {"edgespan.original_length.word", 7}}));
  // It counts as an attribute, but not as one that was dropped.
  limits.attribute_count = 3;
  const Written written = Attributes(&lab, limits, [&](AttributeWriter& writer) {
    writer.Name("text").Text("123456");
    writer.Name("next").Text("123456");
  });
  CHECK(written.attributes ==
        Json({{"text", "12345"}, {"edgespan.original_length.text", 6}, {"next", "12345"}}));
  CHECK(written.dropped == 0);
}

TEST_CASE("attributes: strings written in place") {
  for (const uint32_t size : {0u, 1u, 127u, 128u, 20'000u}) {
    for (const uint32_t guess : {0u, 127u, 128u, 1u << 20}) {
      RecordLab lab;
      const std::string text(size, 'x');
      const Written written = Attributes(&lab, {}, [&](AttributeWriter& writer) {
        REQUIRE(writer.Name("name").Begin(guess));
        writer.buffer()->AppendText(text);
        writer.End();
        writer.Name("next").Text("y");
      });
      CHECK(written.attributes == Json({{"name", text}, {"next", "y"}}));
    }
  }
}

}  // namespace
}  // namespace edgespan::otlp
