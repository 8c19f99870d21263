// RecordLab: what the units between tape and wire need to be tested alone: an arena, a key table, a
// lane, and records made from a tape or from JSON. CoreLab (core_lab.h) is for the whole core.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "edgespan/base/buffer.h"
#include "edgespan/base/lane.h"
#include "edgespan/model/json_text.h"
#include "edgespan/model/keys.h"
#include "edgespan/model/record.h"
#include "edgespan/model/tape_reader.h"
#include "tools/tape_writer.h"

namespace edgespan::testing {

using Json = nlohmann::ordered_json;
using tools::TapeWriter;

// An arena of its own, with `budget` bytes beside the page map.
struct Region {
  explicit Region(uint32_t budget = 8u << 20)
      : memory(std::aligned_alloc(PageArena::kPageSize, budget + 3 * PageArena::kPageSize)) {
    arena.Init(reinterpret_cast<uintptr_t>(memory), PageArena::kPageSize, budget,
               [](uintptr_t) { return true; });
  }
  ~Region() { std::free(memory); }
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  void* memory;
  PageArena arena;
};

// A tape in areas of exactly its size, so that sanitizers see every step beyond.
struct ExactTape {
  explicit ExactTape(const tools::Tape& tape)
      : words(tape.words), doubles(tape.doubles), text(tape.text.begin(), tape.text.end()) {
    areas.words = words.data();
    areas.doubles = doubles.data();
    areas.text = text.data();
    areas.word_count = static_cast<uint32_t>(words.size());
    areas.double_count = static_cast<uint32_t>(doubles.size());
    areas.text_bytes = static_cast<uint32_t>(text.size());
    areas.rope_at = tape.rope_at;
    areas.rope_bytes = areas.text_bytes - tape.rope_at;
    areas.rope_units = tape.rope_units;
  }
  ExactTape(const ExactTape&) = delete;
  ExactTape& operator=(const ExactTape&) = delete;

  std::vector<uint32_t> words;
  std::vector<double> doubles;
  std::vector<uint8_t> text;
  TapeAreas areas;
};

class RecordLab : public Region {
 public:
  explicit RecordLab(uint32_t budget = 8u << 20) : Region(budget) { keys.Init(&arena); }

  KeyTable keys;
  Lane lane;

  RecordContext context() const { return {&arena, &keys}; }

  // The key of the value that is written next: fixed, interned here, or inline.
  uint32_t Key(TapeWriter* tape, std::string_view name) {
    const uint16_t id = keys.Intern(name);
    if (id == 0) tape->InlineKey(tools::ToUtf16(name));
    return id;
  }

  // A JSON value onto a tape, as the shim walks the object. A string that begins with "date:" is a
  // Date of that ISO text.
  void Write(TapeWriter* tape, uint32_t key, const Json& value) {
    if (value.is_object() || value.is_array()) {
      value.is_object() ? tape->Object(key) : tape->Array(key);
      if (value.is_object()) {
        WriteMembers(tape, value);
      } else {
        for (const Json& element : value) Write(tape, 0, element);
      }
      tape->End();
    } else if (value.is_string()) {
      const std::string& text = value.get_ref<const std::string&>();
      if (text.rfind("date:", 0) == 0) return tape->Date(key, 86'400'000, text.substr(5));
      tape->String(key, text);
    } else if (value.is_boolean()) {
      tape->Bool(key, value.get<bool>());
    } else if (value.is_number()) {
      tape->Number(key, value.get<double>());
    } else {
      tape->Null(key);
    }
  }
  void WriteMembers(TapeWriter* tape, const Json& object) {
    for (const auto& [name, member] : object.items()) {
      const uint32_t key = Key(tape, name);
      Write(tape, key, member);
    }
  }

  // The record of the one item on the tape.
  const SpanRecord* Read(const tools::Tape& tape) {
    const ExactTape exact(tape);
    TapeReader reader(exact.areas, keys.end());
    const TapeReader::Item item = reader.Next();
    REQUIRE((item == TapeReader::Item::kSpan || item == TapeReader::Item::kConfig));
    const uint32_t at = reader.Store(&arena, &lane);
    REQUIRE(at != 0);
    REQUIRE(reader.Next() == TapeReader::Item::kDone);
    return arena.At<SpanRecord>(at);
  }
  // A record with these members.
  SpanRecord* Record(const Json& members, uint16_t type = kTypeGeneric) {
    TapeWriter tape;
    TapeWriter::Envelope envelope;
    envelope.type = type;
    envelope.span_id = "1";
    envelope.name = u"name";
    tape.Span(envelope);
    WriteMembers(&tape, members);
    tape.End();
    return const_cast<SpanRecord*>(Read(tape.Take()));
  }
  // One value.
  const Node* Value(const Json& value) {
    const SpanRecord* const record = Record({{"value", value}});
    return FindMember(record->Begin(), record->End(), kKeyValue);
  }

  // What `write` appends to a Buffer.
  template <class Write>
  std::string Written(Write write) {
    Buffer out;
    REQUIRE(out.Init(&arena, 16));
    write(&out);
    REQUIRE(!out.failed());
    std::string text(reinterpret_cast<const char*>(out.data()), out.size());
    out.Discard();
    return text;
  }
  std::string Text(const Node* node) {
    return Written([&](Buffer* out) { JsonText(context(), out).Value(node); });
  }
};

}  // namespace edgespan::testing
