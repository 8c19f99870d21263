// TapeReader: items and envelopes, what is stored and what is skipped, and that any words at all
// end in one of them. Values, the grammar and the rope are in tape_reader_*_test.cc.
#include "edgespan/model/tape_reader.h"

#include <random>
#include <string>

#include <catch2/catch.hpp>

#include "tests/support/tape_lab.h"

namespace edgespan {
namespace {

using Item = TapeReader::Item;
using testing::Envelope;
using testing::ExactTape;
using testing::HexOf;
using testing::kKeyEnd;
using testing::RecordLab;
using testing::Region;
using testing::TapeWriter;

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
