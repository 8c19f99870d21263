// TapeReader: what is read from the rope: text at the edges of its pieces, and ids.
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/tape_lab.h"

namespace edgespan {
namespace {

using Item = TapeReader::Item;
using tape::Op;
using tape::Word;
using testing::Envelope;
using testing::ExactTape;
using testing::HexOf;
using testing::kKeyEnd;
using testing::RecordLab;
using testing::TapeWriter;

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

}  // namespace
}  // namespace edgespan
