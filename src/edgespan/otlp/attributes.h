// AttributeWriter: KeyValue fields of a span, event, link or resource.
//
//   message KeyValue { string key = 1; AnyValue value = 2; }
//   message AnyValue { oneof value { string string_value = 1; bool bool_value = 2;
//     int64 int_value = 3; double double_value = 4; ArrayValue array_value = 5;
//     KeyValueList kvlist_value = 6; bytes bytes_value = 7; } }
//
// Counts what it writes and applies the limits: attributes over the count are dropped and counted,
// strings over the length are cut between characters.
#pragma once

#include <cstdint>
#include <string_view>

#include "edgespan/model/json_text.h"
#include "edgespan/model/limits.h"
#include "edgespan/otlp/writer.h"

namespace edgespan::otlp {

// An attribute name in up to three pieces ("mastra.", "model_step", ".step_index").
struct Name {
  std::string_view a, b = {}, c = {};
  uint32_t size() const { return static_cast<uint32_t>(a.size() + b.size() + c.size()); }
};

class AttributeWriter {
 public:
  // `field`: number of the repeated KeyValue in the enclosing message.
  AttributeWriter(const RecordContext& context, const SpanLimits& limits, ProtoWriter* out,
                  int field)
      : context_(context), limits_(limits), out_(out), field_(field) {}

  void Text(const Name& name, std::string_view text);
  void Int(const Name& name, int64_t value);
  void Double(const Name& name, double value);
  void Bool(const Name& name, bool value);
  // A scalar as its own kind (a date as ISO 8601 text), objects and arrays as JSON text; null is
  // not written.
  void Value(const Name& name, const Node* node);
  // Text: a string as it is, anything else as JSON.
  void Json(const Name& name, const Node* node);
  // Any value as OTLP's own kinds, arrays and objects included.
  void Any(const Name& name, const Node* node);
  // The members of `object`, each through Any(); nothing for nullptr or another kind.
  void All(const Node* object);
  // A string array of the strings in `node`: an array's members, or the one scalar it is.
  void TextList(const Name& name, const Node* node);

  // A string value that is written in place: Begin(), append to buffer(), End(). False (and nothing
  // to end) when the count limit is reached. `guess`: expected bytes.
  struct Open {
    ProtoWriter::Nested attribute, value, text;
  };
  [[nodiscard]] bool Begin(const Name& name, uint32_t guess, Open* open);
  void End(const Open& open);
  Buffer* buffer() { return out_->out(); }

  uint32_t dropped() const { return dropped_; }

 private:
  // Admits one more attribute or counts it as dropped.
  bool Admit();
  // Tag, length, key and the value's tag and length; the AnyValue of `value_bytes` follows.
  void Header(const Name& name, uint32_t value_bytes);
  void Key(const Name& name);
  // `depth`: containers around the value.
  void AnyBody(const Node* node, uint32_t depth);
  void AnyField(int field, const Node* node, uint32_t depth);
  std::string_view Cut(std::string_view text) const;

  RecordContext context_;
  const SpanLimits& limits_;
  ProtoWriter* out_;
  int field_;
  uint32_t written_ = 0;
  uint32_t dropped_ = 0;
};

}  // namespace edgespan::otlp
