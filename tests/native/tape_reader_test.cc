// TapeReader: what records hold, every violation of the grammar by itself, and ropes, ids and
// offsets at their edges.
#include "edgespan/model/tape_reader.h"

#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/record_lab.h"

namespace edgespan {
namespace {

using Item = TapeReader::Item;
using tape::Op;
using tape::Word;
using testing::ExactTape;
using testing::RecordLab;
using testing::Region;
using testing::TapeWriter;

constexpr uint32_t kKeyEnd = kFirstDynamicKey + 5;

TapeWriter::Envelope Envelope(uint32_t flags = 0) {
  TapeWriter::Envelope envelope;
  envelope.flags = flags;
  envelope.span_id = "1";
  envelope.name = u"n";
  envelope.start_ms = 1;
  envelope.end_ms = 2;
  return envelope;
}

std::string HexOf(const uint8_t* bytes, size_t n) {
  std::string hex;
  for (size_t i = 0; i < n; ++i) {
    hex += "0123456789abcdef"[bytes[i] >> 4];
    hex += "0123456789abcdef"[bytes[i] & 15];
  }
  return hex;
}
std::string HexOf(const SpanId& id) { return HexOf(id.bytes, 8); }
std::string HexOf(const TraceId& id) { return HexOf(id.bytes, 16); }

// ---- items -------------------------------------------------------------------------------------

TEST_CASE("tape: nothing is nothing") {
  const ExactTape tape{tools::Tape{}};
  TapeReader reader(tape.areas, kKeyEnd);
  CHECK(reader.Next() == Item::kDone);
  CHECK(reader.Next() == Item::kDone);
}

TEST_CASE("tape: the envelope of a span") {
  RecordLab lab;
  TapeWriter writer;
  writer.Trace("0123456789ABCDEFfedcba9876543210");
  TapeWriter::Envelope envelope;
  envelope.type = kTypeToolCall;
  envelope.flags = tape::kHasEnd | tape::kIsRoot | tape::kRemoteParent | 3u << tape::kKindShift;
  envelope.span_id = "a1b2c3d4e5f60718";
  envelope.parent_id = "ff";
  envelope.name = u"tool: 'w\u00e4ther'";
  envelope.start_ms = 1.5;
  envelope.end_ms = 2.25;
  writer.Span(envelope);
  writer.End();
  envelope.flags = 0;
  envelope.parent_id = "";
  writer.Start(envelope);
  writer.End();
  const ExactTape tape(writer.Take());
  TapeReader reader(tape.areas, kKeyEnd);
  REQUIRE(reader.Next() == Item::kTrace);
  TraceId trace_id;
  CHECK(reader.trace_id(&trace_id));
  CHECK(HexOf(trace_id) == "0123456789abcdeffedcba9876543210");
  REQUIRE(reader.Next() == Item::kSpan);
  CHECK(!reader.is_start());
  CHECK(reader.ids_valid());
  CHECK(HexOf(reader.span_id()) == "a1b2c3d4e5f60718");
  CHECK(HexOf(reader.parent_id()) == "00000000000000ff");
  CHECK(reader.type() == kTypeToolCall);
  CHECK(!reader.has_error());
  const uint32_t at = reader.Store(&lab.arena, &lab.lane);
  REQUIRE(at != 0);
  const SpanRecord& record = *lab.arena.At<SpanRecord>(at);
  CHECK(record.flags ==
        (tape::kHasEnd | tape::kIsRoot | tape::kRemoteParent | 3u << tape::kKindShift));
  CHECK(record.Has(tape::kIsRoot));
  CHECK(!record.Has(tape::kWithheld));
  CHECK(record.start_ms == 1.5);
  CHECK(record.end_ms == 2.25);
  CHECK(std::string(lab.arena.At<char>(record.name), record.name_bytes) == "tool: 'w\xc3\xa4ther'");
  CHECK(record.node_count == 0);
  CHECK(record.Begin() == record.End());
  REQUIRE(reader.Next() == Item::kSpan);
  CHECK(reader.is_start());
  CHECK(!reader.parent_id().IsValid());
  CHECK(reader.Next() == Item::kDone);
}

TEST_CASE("tape: a span without an end ends where it starts") {
  RecordLab lab;
  TapeWriter writer;
  writer.Span(Envelope());
  writer.End();
  const SpanRecord& record = *lab.Read(writer.Take());
  CHECK(record.start_ms == 1);
  CHECK(record.end_ms == 1);
}

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

TEST_CASE("tape: only a member of the span itself is its error") {
  RecordLab lab;
  for (const bool nested : {false, true}) {
    TapeWriter writer;
    writer.Span(Envelope());
    if (nested) writer.Object(kKeyAttributes);
    writer.Object(kKeyErrorInfo);
    writer.End();
    if (nested) writer.End();
    writer.End();
    writer.Span(Envelope());  // the next span has none, and says so
    writer.Null(kKeyErrorInfo);
    writer.End();
    const ExactTape tape(writer.Take());
    TapeReader reader(tape.areas, kKeyEnd);
    REQUIRE(reader.Next() == Item::kSpan);
    CHECK(reader.has_error() == !nested);
    REQUIRE(reader.Next() == Item::kSpan);
    CHECK(!reader.has_error());
  }
}

TEST_CASE("tape: an item that is not stored is skipped whole") {
  for (const char16_t* text : {u"ascii", u"\u00e4\u20ac\U0001f600"}) {
    RecordLab lab;
    TapeWriter writer;
    for (int i = 0; i < 3; ++i) {
      writer.Span(Envelope(tape::kHasEnd));
      writer.String(kKeyName, text);
      writer.Number(kKeyTopP, i + 0.5);
      writer.Utf8(kKeyModel, std::to_string(i));
      writer.InlineKey(text);
      writer.Int64(0, i);
      writer.End();
    }
    const ExactTape tape(writer.Take());
    TapeReader reader(tape.areas, kKeyEnd);
    REQUIRE(reader.Next() == Item::kSpan);
    REQUIRE(reader.Next() == Item::kSpan);
    REQUIRE(reader.Next() == Item::kSpan);
    const uint32_t at = reader.Store(&lab.arena, &lab.lane);
    REQUIRE(at != 0);
    const SpanRecord& record = *lab.arena.At<SpanRecord>(at);
    const auto find = [&](uint16_t key) { return FindMember(record.Begin(), record.End(), key); };
    CHECK(TextOf(lab.arena, find(kKeyName)) == tools::ToUtf8(text));
    CHECK(NumberOf(lab.arena, find(kKeyTopP)) == 2.5);
    CHECK(TextOf(lab.arena, find(kKeyModel)) == "2");
    CHECK(reader.Next() == Item::kDone);
  }
}

TEST_CASE("tape: without memory Store() fails and the next item is read") {
  Region small(4 * PageArena::kPageSize);
  Lane lane;
  TapeWriter writer;
  writer.Span(Envelope());
  writer.Utf8(kKeyInput, std::string(100'000, 'x'));
  writer.String(kKeyName, u"first");
  writer.End();
  writer.Span(Envelope());
  writer.String(kKeyName, u"second");
  writer.End();
  const ExactTape tape(writer.Take());
  TapeReader reader(tape.areas, kKeyEnd);
  REQUIRE(reader.Next() == Item::kSpan);
  CHECK(reader.Store(&small.arena, &lane) == 0);
  REQUIRE(reader.Next() == Item::kSpan);
  const uint32_t at = reader.Store(&small.arena, &lane);
  REQUIRE(at != 0);
  const SpanRecord& record = *small.arena.At<SpanRecord>(at);
  CHECK(TextOf(small.arena, record.Begin()) == "second");
  CHECK(reader.Next() == Item::kDone);
}

TEST_CASE("tape: a record takes no more pages than it needs") {
  RecordLab lab;
  const uint32_t before = lab.arena.used();
  TapeWriter writer;
  writer.Span(Envelope());
  // Three bytes a unit are set aside, one is used.
  writer.Utf16(kKeyInput, std::u16string(20'000, u'x'));
  writer.End();
  const SpanRecord& record = *lab.Read(writer.Take());
  CHECK(record.text_bytes == 20'001);
  CHECK(lab.arena.used() - before == 5 * PageArena::kPageSize);
}

// ---- violations --------------------------------------------------------------------------------

struct Violation {
  const char* name;
  std::function<void(TapeWriter*)> write;  // all of the members
  std::function<void(TapeWriter*)> repaired;
};

const std::vector<Violation>& Violations() {
  using W = TapeWriter*;
  const auto raw = [](std::vector<uint32_t> words) {
    return [words](W w) {
      for (const uint32_t word : words) w->RawWord(word);
    };
  };
  static const std::vector<Violation> all = {
      {"kObject without a key", [](W w) { w->Object(0), w->End(), w->End(); },
       [](W w) { w->Object(kKeyInput), w->End(), w->End(); }},
      {"kArray without a key", [](W w) { w->Array(0), w->End(), w->End(); },
       [](W w) { w->Array(kKeyInput), w->End(), w->End(); }},
      {"kString without a key", [](W w) { w->String(0, u"x"), w->End(); },
       [](W w) { w->String(kKeyInput, u"x"), w->End(); }},
      {"kUtf8 without a key", [](W w) { w->Utf8(0, "x"), w->End(); },
       [](W w) { w->Utf8(kKeyInput, "x"), w->End(); }},
      {"kUtf16 without a key", [](W w) { w->Utf16(0, u"x"), w->End(); },
       [](W w) { w->Utf16(kKeyInput, u"x"), w->End(); }},
      {"kBytes without a key", [](W w) { w->Bytes(0, "x"), w->End(); },
       [](W w) { w->Bytes(kKeyInput, "x"), w->End(); }},
      {"kNumber without a key", [](W w) { w->Number(0, 1), w->End(); },
       [](W w) { w->Number(kKeyInput, 1), w->End(); }},
      {"kDate without a key", [](W w) { w->Date(0, 1, ""), w->End(); },
       [](W w) { w->Date(kKeyInput, 1, ""), w->End(); }},
      {"kInt64 without a key", [](W w) { w->Int64(0, 1), w->End(); },
       [](W w) { w->Int64(kKeyInput, 1), w->End(); }},
      {"kLiteral without a key", [](W w) { w->Null(0), w->End(); },
       [](W w) { w->Null(kKeyInput), w->End(); }},
      {"a key in an array", [](W w) { w->Array(kKeyInput), w->Null(kKeyName), w->End(), w->End(); },
       [](W w) { w->Array(kKeyInput), w->Null(0), w->End(), w->End(); }},
      {"an inline key in an array",
       [](W w) { w->Array(kKeyInput), w->InlineKey(u"k"), w->Null(0), w->End(), w->End(); },
       [](W w) { w->Object(kKeyInput), w->InlineKey(u"k"), w->Null(0), w->End(), w->End(); }},
      {"two inline keys", [](W w) { w->InlineKey(u"k"), w->InlineKey(u"k"), w->Null(0), w->End(); },
       [](W w) { w->InlineKey(u"k"), w->Null(0), w->InlineKey(u"k"), w->Null(0), w->End(); }},
      {"an inline key and a key", [](W w) { w->InlineKey(u"k"), w->Null(kKeyName), w->End(); },
       [](W w) { w->InlineKey(u"k"), w->Null(0), w->End(); }},
      {"an inline key with a key", raw({Word(Op::kKey, kKeyName, 0), Word(Op::kLiteral), 0}),
       raw({Word(Op::kKey, 0, 0), Word(Op::kLiteral), 0})},
      {"an inline key for a kEnd with a key", raw({Word(Op::kKey), Word(Op::kEnd, kKeyName), 0}),
       raw({Word(Op::kKey), Word(Op::kLiteral), Word(Op::kEnd, kKeyName)})},
      {"an inline key at the tape's end", raw({Word(Op::kKey)}),
       raw({Word(Op::kKey), Word(Op::kLiteral), 0})},
      {"an inline key without a value", [](W w) { w->InlineKey(u"k"), w->End(); },
       [](W w) { w->InlineKey(u"k"), w->Null(0), w->End(); }},
      {"an inline key before an object's end",
       [](W w) { w->Object(kKeyInput), w->InlineKey(u"k"), w->End(), w->End(); },
       [](W w) { w->Object(kKeyInput), w->InlineKey(u"k"), w->Null(0), w->End(), w->End(); }},
      {"a key behind the table", [](W w) { w->Null(kKeyEnd), w->End(); },
       [](W w) { w->Null(kKeyEnd - 1), w->End(); }},
      {"the largest key", [](W w) { w->Null(tape::kMaxKey), w->End(); },
       [](W w) { w->Null(1), w->End(); }},
      {"a literal that is none", raw({Word(Op::kLiteral, kKeyInput, 3), 0}),
       raw({Word(Op::kLiteral, kKeyInput, 2), 0})},
      {"a trace inside a span", raw({Word(Op::kTrace, kKeyInput, 0), 0}),
       raw({Word(Op::kObject, kKeyInput, 0), 0, 0})},
      {"a start inside a span", raw({Word(Op::kStart, kTypeGeneric), 0, 0}), raw({0})},
      {"a span inside a span", raw({Word(Op::kSpan, kTypeGeneric), 0, 0}), raw({0})},
      {"a configuration inside a span", raw({Word(Op::kConfig, kKeyInput), 0, 0}), raw({0})},
      {"no end", [](W w) { w->Null(kKeyInput); }, [](W w) { w->Null(kKeyInput), w->End(); }},
      {"no end of an object", [](W w) { w->Object(kKeyInput), w->End(); },
       [](W w) { w->Object(kKeyInput), w->End(), w->End(); }},
      {"kUtf8 cut short", raw({Word(Op::kUtf8, kKeyInput), 0}),
       raw({Word(Op::kUtf8, kKeyInput), 0, 0, 0})},
      {"kUtf16 cut short", raw({Word(Op::kUtf16, kKeyInput), 0}),
       raw({Word(Op::kUtf16, kKeyInput), 0, 0, 0})},
      {"kBytes cut short", raw({Word(Op::kBytes, kKeyInput), 0}),
       raw({Word(Op::kBytes, kKeyInput), 0, 0, 0})},
      {"kInt64 cut short", raw({Word(Op::kInt64, kKeyInput), 0}),
       raw({Word(Op::kInt64, kKeyInput), 0, 0, 0})},
      // The text area of these tapes is what Span() put on the rope: "1n", two bytes.
      {"kUtf8 beyond the text", raw({Word(Op::kUtf8, kKeyInput), 1, 2, 0}),
       raw({Word(Op::kUtf8, kKeyInput), 1, 1, 0})},
      {"kUtf8 far beyond", raw({Word(Op::kUtf8, kKeyInput), 0xffffffff, 1, 0}),
       raw({Word(Op::kUtf8, kKeyInput), 2, 0, 0})},
      {"kUtf8 that wraps around", raw({Word(Op::kUtf8, kKeyInput), 2, 0xfffffffe, 0}),
       raw({Word(Op::kUtf8, kKeyInput), 0, 2, 0})},
      {"kBytes beyond the text", raw({Word(Op::kBytes, kKeyInput), 0, 3, 0}),
       raw({Word(Op::kBytes, kKeyInput), 0, 2, 0})},
      {"kBytes that wraps around", raw({Word(Op::kBytes, kKeyInput), 0xffffffff, 2, 0}),
       raw({Word(Op::kBytes, kKeyInput), 0, 0, 0})},
      {"kUtf16 at an odd offset", raw({Word(Op::kUtf16, kKeyInput), 1, 0, 0}),
       raw({Word(Op::kUtf16, kKeyInput), 2, 0, 0})},
      {"kUtf16 beyond the text", raw({Word(Op::kUtf16, kKeyInput), 0, 2, 0}),
       raw({Word(Op::kUtf16, kKeyInput), 0, 1, 0})},
      {"kUtf16 that wraps around", raw({Word(Op::kUtf16, kKeyInput), 2, 0x80000000, 0}),
       raw({Word(Op::kUtf16, kKeyInput), 2, 0, 0})},
      {"more string than rope", raw({Word(Op::kString, kKeyInput, 1), 0}),
       raw({Word(Op::kString, kKeyInput, 0), 0})},
      {"more key than rope", raw({Word(Op::kKey, 0, 1), Word(Op::kLiteral), 0}),
       raw({Word(Op::kKey, 0, 0), Word(Op::kLiteral), 0})},
      {"more number text than rope",
       [](W w) {
         w->Number(kKeyInput, 0);
         w->RawWord(Word(Op::kString, kKeyName, 1));
         w->End();
       },
       [](W w) {
         w->Number(kKeyInput, 0);
         w->RawWord(Word(Op::kString, kKeyName, 0));
         w->End();
       }},
      {"a number without a double", raw({Word(Op::kNumber, kKeyInput), 0}), raw({0})},
      {"a date without a double", raw({Word(Op::kDate, kKeyInput), 0}), raw({0})},
  };
  return all;
}

Item FirstItem(TapeWriter* writer) {
  const ExactTape tape(writer->Take());
  TapeReader reader(tape.areas, kKeyEnd);
  const Item item = reader.Next();
  if (item == Item::kSpan || item == Item::kConfig) {
    RecordLab lab;
    CHECK(reader.Store(&lab.arena, &lab.lane) != 0);
    CHECK(reader.Next() == Item::kDone);
  }
  return item;
}

TEST_CASE("tape: every violation of the grammar is malformed, its repair is not") {
  for (const Violation& violation : Violations()) {
    INFO(violation.name);
    for (const bool start : {false, true}) {
      TapeWriter writer;
      const auto open = [&] { start ? writer.Start(Envelope()) : writer.Span(Envelope()); };
      open();
      violation.write(&writer);
      CHECK(FirstItem(&writer) == Item::kMalformed);
      open();
      violation.repaired(&writer);
      CHECK(FirstItem(&writer) == Item::kSpan);
    }
  }
}

TEST_CASE("tape: a broken envelope") {
  const uint32_t good = 1 | 1 << 16;  // name 1, id 1, parent 0
  struct Case {
    const char* name;
    std::vector<uint32_t> words;
    std::vector<double> doubles;
    Item item;
  };
  const uint32_t span = Word(Op::kSpan, kTypeGeneric);
  const uint32_t ended = Word(Op::kSpan, kTypeGeneric, tape::kHasEnd);
  const Case cases[] = {
      {"sound", {span, good, 0}, {1}, Item::kSpan},
      {"one word", {span}, {1}, Item::kMalformed},
      {"two words", {span, good}, {1}, Item::kMalformed},
      {"no type", {Word(Op::kSpan), good, 0}, {1}, Item::kMalformed},
      {"a type behind the table", {Word(Op::kSpan, kKeyEnd), good, 0}, {1}, Item::kMalformed},
      {"any key as a type", {Word(Op::kSpan, kKeyEnd - 1), good, 0}, {1}, Item::kSpan},
      {"no start time", {span, good, 0}, {}, Item::kMalformed},
      {"no end time", {ended, good, 0}, {1}, Item::kMalformed},
      {"both times", {ended, good, 0}, {1, 2}, Item::kSpan},
      {"name beyond the rope", {span, 2 | 1 << 16, 0}, {1}, Item::kMalformed},
      {"id beyond the rope", {span, 1 | 2 << 16, 0}, {1}, Item::kMalformed},
      {"parent beyond the rope", {span, good | 1 << 24, 0}, {1}, Item::kMalformed},
      {"the longest of all", {span, 0xffffffff, 0}, {1}, Item::kMalformed},
      {"trace beyond the rope", {Word(Op::kTrace, 0, 3)}, {}, Item::kMalformed},
      {"trace within", {Word(Op::kTrace, 0, 2)}, {}, Item::kTrace},
      {"an end", {0}, {}, Item::kMalformed},
      {"a value", {Word(Op::kLiteral, kKeyInput)}, {}, Item::kMalformed},
      {"a container", {Word(Op::kObject, kKeyInput), 0}, {}, Item::kMalformed},
      {"a key", {Word(Op::kKey), Word(Op::kLiteral)}, {}, Item::kMalformed},
      {"a configuration", {Word(Op::kConfig), 0}, {}, Item::kConfig},
      {"a configuration without end", {Word(Op::kConfig)}, {}, Item::kMalformed},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    tools::Tape tape;
    tape.words = c.words;
    tape.doubles = c.doubles;
    tape.text = "1n";
    tape.rope_units = 2;
    const ExactTape exact(tape);
    TapeReader reader(exact.areas, kKeyEnd);
    CHECK(reader.Next() == c.item);
  }
}

TEST_CASE("tape: containers nest 64 deep, the span included, and no deeper") {
  for (const bool objects : {true, false}) {
    for (const uint32_t depth : {tape::kMaxDepth - 1, tape::kMaxDepth}) {
      TapeWriter writer;
      writer.Span(Envelope());
      for (uint32_t i = 0; i < depth; ++i) {
        const uint32_t key = i == 0 || objects ? uint32_t{kKeyInput} : 0u;
        objects ? writer.Object(key) : writer.Array(key);
      }
      for (uint32_t i = 0; i <= depth; ++i) writer.End();
      CHECK(FirstItem(&writer) == (depth < tape::kMaxDepth ? Item::kSpan : Item::kMalformed));
    }
  }
  // Wide is not deep: a closed container gives its level back, and its kind is forgotten.
  TapeWriter writer;
  writer.Span(Envelope());
  for (int i = 0; i < 1000; ++i) {
    writer.Array(kKeyInput);
    writer.Object();
    writer.Null(kKeyName);
    writer.End();
    writer.Null(0);
    writer.End();
  }
  writer.End();
  CHECK(FirstItem(&writer) == Item::kSpan);
}

TEST_CASE("tape: what a malformed rest held is counted") {
  TapeWriter writer;
  writer.Span(Envelope());
  writer.End();
  writer.Start(Envelope());
  writer.End();
  writer.RawWord(Word(Op::kKey));  // here it breaks
  for (int i = 0; i < 3; ++i) {
    writer.Span(Envelope());
    writer.End();
  }
  const ExactTape tape(writer.Take());
  TapeReader reader(tape.areas, kKeyEnd);
  CHECK(reader.Next() == Item::kSpan);
  CHECK(reader.Next() == Item::kSpan);
  CHECK(reader.Next() == Item::kMalformed);
  CHECK(reader.CountRest() == 3);
}

// ---- the rope ----------------------------------------------------------------------------------

// Name and two members that take 1, 1 and the rest of the rope.
std::vector<std::string> Pieces(const std::u16string& rope, std::vector<uint32_t> units) {
  RecordLab lab;
  tools::Tape tape;
  tape.words = {Word(Op::kSpan, kTypeGeneric), units[0]};
  for (size_t i = 1; i < units.size(); ++i) {
    tape.words.push_back(Word(Op::kString, kKeyInput, units[i]));
  }
  tape.words.push_back(0);
  tape.doubles = {1};
  tape.text = tools::ToUtf8(rope);
  tape.rope_units = static_cast<uint32_t>(rope.size());
  const SpanRecord& record = *lab.Read(tape);
  std::vector<std::string> pieces = {
      std::string(lab.arena.At<char>(record.name), record.name_bytes)};
  for (const Node* node = record.Begin(); node < record.End(); node = node->Skip()) {
    pieces.emplace_back(TextOf(lab.arena, node));
  }
  return pieces;
}

TEST_CASE("tape: a pair that two pieces share is two lone halves") {
  using Strings = std::vector<std::string>;
  const std::string lone = "\xef\xbf\xbd";
  CHECK(Pieces(u"\U0001f600", {1, 1}) == Strings{lone, lone});
  CHECK(Pieces(u"a\U0001f600b", {2, 2}) == Strings{"a" + lone, lone + "b"});
  CHECK(Pieces(u"a\U0001f600b", {3, 1}) == Strings{"a\xf0\x9f\x98\x80", "b"});
  CHECK(Pieces(u"a\U0001f600b", {2, 0, 2}) == Strings{"a" + lone, "", lone + "b"});
  CHECK(Pieces(u"\U0001f600\U0001f601", {1, 2, 1}) == Strings{lone, lone + lone, lone});
  CHECK(Pieces(u"\u00e9\U0001f600\u20ac", {1, 1, 1, 1}) ==
        Strings{"\xc3\xa9", lone, lone, "\xe2\x82\xac"});
  CHECK(Pieces(u"\u00e9\U0001f600", {1, 1}) == Strings{"\xc3\xa9", lone});
}

TEST_CASE("tape: a rope with fewer characters than claimed ends early") {
  RecordLab lab;
  tools::Tape tape;
  tape.words = {Word(Op::kSpan, kTypeGeneric), 3, Word(Op::kString, kKeyInput, 4),
                Word(Op::kString, kKeyOutput, 5), 0};
  tape.doubles = {1};
  tape.text =
      "a\xc3\xa9"
      "bc\xc3\xa9";  // five units
  tape.rope_units = 12;
  const SpanRecord& record = *lab.Read(tape);
  CHECK(std::string(lab.arena.At<char>(record.name), record.name_bytes) ==
        "a\xc3\xa9"
        "b");
  CHECK(TextOf(lab.arena, record.Begin()) == "c\xc3\xa9");
  CHECK(TextOf(lab.arena, record.Begin() + 1).empty());
}

TEST_CASE("tape: a rope outside the text is no tape") {
  for (const auto& [at, bytes] : std::vector<std::pair<uint32_t, uint32_t>>{
           {3, 0}, {0, 3}, {1, 2}, {0xffffffff, 2}, {2, 0xffffffff}}) {
    TapeWriter writer;
    writer.Span(Envelope());
    writer.End();
    ExactTape tape(writer.Take());
    tape.areas.rope_at = at;
    tape.areas.rope_bytes = bytes;
    TapeReader reader(tape.areas, kKeyEnd);
    CHECK(reader.Next() == Item::kDone);
    CHECK(reader.CountRest() == 0);
  }
}

// ---- ids ---------------------------------------------------------------------------------------

TEST_CASE("tape: ids of 1 to 32 and 1 to 16 digits, padded on the left") {
  for (size_t digits = 0; digits <= 40; ++digits) {
    INFO(digits << " digits");
    const std::string hex(digits, 'a');
    TapeWriter writer;
    writer.Trace(hex);
    TapeWriter::Envelope envelope = Envelope();
    envelope.span_id = hex;
    envelope.parent_id = hex;
    writer.Span(envelope);
    writer.End();
    const ExactTape tape(writer.Take());
    TapeReader reader(tape.areas, kKeyEnd);
    REQUIRE(reader.Next() == Item::kTrace);
    TraceId trace_id;
    CHECK(reader.trace_id(&trace_id) == (digits >= 1 && digits <= 32));
    if (digits >= 1 && digits <= 32) {
      CHECK(HexOf(trace_id) == std::string(32 - digits, '0') + hex);
    }
    REQUIRE(reader.Next() == Item::kSpan);
    const bool valid = digits >= 1 && digits <= 16;
    CHECK(reader.ids_valid() == valid);
    CHECK(reader.parent_id().IsValid() == valid);
    if (valid) CHECK(HexOf(reader.parent_id()) == std::string(16 - digits, '0') + hex);
    CHECK(reader.Next() == Item::kDone);
  }
}

TEST_CASE("tape: ids that are none") {
  struct Case {
    const char* span_id;
    const char* parent_id;
    bool valid;
    const char* parent;
  };
  const Case cases[] = {
      {"0000000000000000", "1", false, "0000000000000001"},
      {"0", "1", false, "0000000000000001"},
      {"xyz", "1", false, "0000000000000001"},
      {"12 4", "1", false, "0000000000000001"},
      {"0x12", "1", false, "0000000000000001"},
      {"\xc3\xa9", "1", false, "0000000000000001"},
      {"1", "xyz", true, "0000000000000000"},
      {"1", "0000000000000000", true, "0000000000000000"},
      {"1", "12345678901234567", true, "0000000000000000"},
      {"1", "\xf0\x9f\x98\x80", true, "0000000000000000"},
  };
  for (const Case& c : cases) {
    INFO(c.span_id << " below " << c.parent_id);
    TapeWriter writer;
    TapeWriter::Envelope envelope = Envelope();
    envelope.span_id = c.span_id;
    envelope.parent_id = c.parent_id;
    writer.Span(envelope);
    writer.End();
    const ExactTape tape(writer.Take());
    TapeReader reader(tape.areas, kKeyEnd);
    REQUIRE(reader.Next() == Item::kSpan);
    CHECK(reader.ids_valid() == c.valid);
    CHECK(HexOf(reader.parent_id()) == c.parent);
    CHECK(reader.Next() == Item::kDone);
  }
  // An all-zero trace id is one (Mastra takes it from users); other text is none.
  for (const auto& [hex, valid] :
       std::vector<std::pair<const char*, bool>>{{"0", true}, {"g", false}, {"-1", false}}) {
    TapeWriter writer;
    writer.Trace(hex);
    const ExactTape tape(writer.Take());
    TapeReader reader(tape.areas, kKeyEnd);
    REQUIRE(reader.Next() == Item::kTrace);
    TraceId trace_id;
    CHECK(reader.trace_id(&trace_id) == valid);
  }
}

// ---- total -------------------------------------------------------------------------------------

TEST_CASE("tape: any words at all end in a record, an end or a refusal") {
  std::mt19937 random(7);
  uint32_t spans = 0;
  uint32_t malformed = 0;
  for (int round = 0; round < 20'000; ++round) {
    RecordLab lab(64u << 10);
    tools::Tape tape;
    // Mostly sound: a span whose words are then replaced here and there.
    TapeWriter writer;
    writer.Trace("ab");
    writer.Span(Envelope(tape::kHasEnd));
    writer.Object(kKeyAttributes);
    writer.String(kKeyModel, u"m\u00e9");
    writer.Utf8(kKeyInput, "text");
    writer.Utf16(kKeyOutput, u"wide");
    writer.Number(kKeyTopP, 0.25);
    writer.Array(kKeyTags);
    writer.Bool(0, true);
    writer.End();
    writer.InlineKey(u"inline");
    writer.Int64(0, 5);
    writer.End();
    writer.End();
    tape = writer.Take();
    for (uint32_t n = random() % 4; n > 0; --n) {
      uint32_t& word = tape.words[random() % tape.words.size()];
      word = random() % 2 == 0 ? static_cast<uint32_t>(random()) : word ^ 1u << random() % 32;
    }
    tape.rope_units += random() % 8 == 0 ? static_cast<uint32_t>(random() % 7) : 0;
    if (random() % 8 == 0) tape.doubles.resize(random() % 4);
    if (random() % 8 == 0) tape.words.resize(random() % tape.words.size());
    const ExactTape exact(tape);
    TapeReader reader(exact.areas, kKeyEnd);
    for (Item item = reader.Next();; item = reader.Next()) {
      if (item == Item::kDone) break;
      if (item == Item::kMalformed) {
        ++malformed;
        CHECK(reader.CountRest() <= tape.words.size());
        break;
      }
      if (item != Item::kSpan && item != Item::kConfig) continue;
      const uint32_t at = reader.Store(&lab.arena, &lab.lane);
      if (at == 0) continue;
      ++spans;
      // Walking it must stay inside it.
      const SpanRecord& record = *lab.arena.At<SpanRecord>(at);
      const Node* node = record.Begin();
      while (node < record.End()) node = node->Skip();
      CHECK(node == record.End());
    }
  }
  CHECK(spans > 1000);
  CHECK(malformed > 1000);
}

}  // namespace
}  // namespace edgespan
