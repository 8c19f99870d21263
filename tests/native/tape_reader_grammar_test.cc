// TapeReader: every violation of the grammar by itself, beside its repair.
#include <functional>
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
using testing::kKeyEnd;
using testing::RecordLab;
using testing::TapeWriter;

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

}  // namespace
}  // namespace edgespan
