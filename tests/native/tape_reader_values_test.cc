// TapeReader: the nodes that values become.
#include <cmath>
#include <limits>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include "tests/support/tape_lab.h"

namespace edgespan {
namespace {

using tape::Op;
using tape::Word;
using testing::Envelope;
using testing::RecordLab;
using testing::TapeWriter;

TEST_CASE("tape: every kind of value becomes a node") {
  RecordLab lab;
  const std::u16string_view big = u"\u00e9\U0001f600\xd800!";
  TapeWriter writer;
  writer.Span(Envelope());
  writer.String(kKeyName, u"small \u00fc");
  writer.Utf8(kKeyModel, "big \xe2\x82\xac");
  writer.Utf16(kKeyProvider, big);
  writer.Bytes(kKeyInput, std::string("\0\xff\x80", 3));
  writer.Number(kKeyTopK, 40);
  writer.Number(kKeyTopP, 0.1);
  writer.Number(kKeySeed, std::numeric_limits<double>::quiet_NaN());
  writer.Number(kKeyUsage, 1e300);
  writer.Number(kKeyCode, -0.0);
  writer.Date(kKeyTime, 86400000.5, "1970-01-02T00:00:00.000Z");
  writer.Date(kKeyEndTime, std::numeric_limits<double>::quiet_NaN(), "");
  writer.Int64(kKeyAudio, std::numeric_limits<int64_t>::min());
  writer.Null(kKeyTags);
  writer.Bool(kKeyText, false);
  writer.Bool(kKeyRole, true);
  writer.InlineKey(u"k\u00e9y");
  writer.Object();
  writer.Array(kKeyMessages);
  writer.Bool(0, true);
  writer.Object();
  writer.End();
  writer.End();
  writer.End();
  writer.End();
  const SpanRecord& record = *lab.Read(writer.Take());
  const auto find = [&](uint16_t key) {
    const Node* const node = FindMember(record.Begin(), record.End(), key);
    REQUIRE(node != nullptr);
    return node;
  };
  CHECK(TextOf(lab.arena, find(kKeyName)) == "small \xc3\xbc");
  CHECK(TextOf(lab.arena, find(kKeyModel)) == "big \xe2\x82\xac");
  CHECK(find(kKeyProvider)->Kind() == Op::kString);
  CHECK(TextOf(lab.arena, find(kKeyProvider)) == "\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbd!");
  CHECK(find(kKeyInput)->Kind() == Op::kBytes);
  CHECK(SpellingOf(lab.arena, find(kKeyInput)) == std::string("\0\xff\x80", 3));
  CHECK(TextOf(lab.arena, find(kKeyInput)).empty());  // bytes are no text
  CHECK(find(kKeyTopK)->Kind() == Op::kInt64);
  CHECK(find(kKeyTopK)->Integer() == 40);
  CHECK(find(kKeyTopP)->Kind() == Op::kNumber);
  CHECK(NumberOf(lab.arena, find(kKeyTopP)) == 0.1);
  CHECK(SpellingOf(lab.arena, find(kKeyTopP)) == "0.1");
  CHECK(std::isnan(NumberOf(lab.arena, find(kKeySeed))));
  CHECK(SpellingOf(lab.arena, find(kKeySeed)).empty());
  CHECK(find(kKeyUsage)->Kind() == Op::kNumber);
  CHECK(SpellingOf(lab.arena, find(kKeyUsage)) == "1e+300");
  CHECK(find(kKeyCode)->Integer() == 0);
  CHECK(NumberOf(lab.arena, find(kKeyTime)) == 86400000.5);
  CHECK(SpellingOf(lab.arena, find(kKeyTime)) == "1970-01-02T00:00:00.000Z");
  CHECK(find(kKeyEndTime)->Kind() == Op::kDate);
  CHECK(SpellingOf(lab.arena, find(kKeyEndTime)).empty());
  CHECK(find(kKeyAudio)->Integer() == std::numeric_limits<int64_t>::min());
  CHECK(find(kKeyTags)->a == 0);
  CHECK(find(kKeyText)->a == 1);
  CHECK(find(kKeyRole)->a == 2);

  // The inline key is a node of its own in front of its value.
  const Node* node = find(kKeyRole) + 1;
  REQUIRE(node->Kind() == Op::kKey);
  CHECK(MemberName(lab.context(), &node) == "k\xc3\xa9y");
  REQUIRE(node->Kind() == Op::kObject);
  CHECK(node->a == 3);
  CHECK(node->Skip() == record.End());
  const Node* const list = FindMember(node, kKeyMessages);
  REQUIRE(list != nullptr);
  CHECK(list->Begin()->a == 2);
  CHECK(list->Begin()->key == 0);
  CHECK(list->Begin()->Skip()->Kind() == Op::kObject);
  CHECK(list->Begin()->Skip()->a == 0);
  CHECK(list->Begin()->Skip()->Skip() == list->End());
  // Look-ups of the wrong kind say nothing.
  CHECK(FindMember(record.Begin(), record.End(), kKeyMessages) == nullptr);  // one level deeper
  CHECK(FindMember(list, kKeyName) == nullptr);
  CHECK(FindMember(nullptr, kKeyName) == nullptr);
  CHECK(TextOf(lab.arena, nullptr).empty());
  CHECK(NumberOf(lab.arena, list) == 0);
}

TEST_CASE("tape: whole numbers at the borders of int64") {
  RecordLab lab;
  const auto node = [&](double value) {
    TapeWriter writer;
    writer.Span(Envelope());
    // No text, as a host may write it: the core decides.
    writer.RawWord(Word(Op::kNumber, kKeyValue));
    writer.End();
    tools::Tape tape = writer.Take();
    tape.doubles.push_back(value);
    const SpanRecord* const record = lab.Read(tape);
    return *FindMember(record->Begin(), record->End(), kKeyValue);
  };
  CHECK(node(-9223372036854775808.0).Kind() == Op::kInt64);
  CHECK(node(-9223372036854775808.0).Integer() == std::numeric_limits<int64_t>::min());
  CHECK(node(9223372036854774784.0).Integer() == 9223372036854774784);
  CHECK(node(9223372036854775808.0).Kind() == Op::kNumber);
  CHECK(node(-9223372036854777856.0).Kind() == Op::kNumber);
  CHECK(node(0.5).Kind() == Op::kNumber);
  CHECK(node(std::numeric_limits<double>::infinity()).Kind() == Op::kNumber);
  CHECK(node(-1).Integer() == -1);
}

}  // namespace
}  // namespace edgespan
