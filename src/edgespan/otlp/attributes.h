// AttributeWriter: KeyValue fields of a span, event, link or resource.
//
//   message KeyValue { string key = 1; AnyValue value = 2; }
//   message AnyValue { oneof value { string string_value = 1; bool bool_value = 2;
//     int64 int_value = 3; double double_value = 4; ArrayValue array_value = 5;
//     KeyValueList kvlist_value = 6; bytes bytes_value = 7; } }
//
// Usage: set the name, then write one value. Counts what it writes and applies the limits: attributes
// over the count are dropped and counted, texts over the length are cut: between characters, and JSON
// so that it stays JSON. How long a cut text was says an attribute of its own behind it,
// `edgespan.original_length.{name}` (UTF-8 bytes; of an array's, of all that were cut together). The
// name goes last: behind it, receivers that make trees of names would have a value where a branch is.
//
// With a guard, what nodes hold, and what is written in place, is shown as far as the guard lets it be:
// before limits cut it. Text(), Double() and Integer() are for what we say ourselves, and pass.
#pragma once

#include <cstdint>
#include <string_view>

#include "edgespan/model/guard.h"
#include "edgespan/model/json_text.h"
#include "edgespan/model/limits.h"
#include "edgespan/otlp/writer.h"

namespace edgespan::otlp {

class AttributeWriter {
 public:
  // `field`: number of the repeated KeyValue in the enclosing message.
  AttributeWriter(const RecordContext& context, const SpanLimits& limits, ProtoWriter* out,
                  int field)
      : context_(context), limits_(limits), out_(out), field_(field) {}

  // The name of the next attribute. REQUIRES: it stays where it is until the value is written.
  AttributeWriter& Name(std::string_view name) {
    name_ = (veil_ & kUnnamed) == 0 ? name : context_.guard->name();
    original_ = 0;
    return *this;
  }

  // What lies over the values that follow (model/guard.h).
  uint32_t veil() const { return veil_; }
  void Veil(uint32_t veil) { veil_ = veil; }
  // Goes on to the value of a member: with the veil of what it is in and its own, if there is a guard.
  // False: nothing of it is shown.
  bool Admits(uint32_t within, uint32_t id, std::string_view name, const Node* value,
              bool content) {
    return context_.guard == nullptr || Unveils(within, id, name, value, content);
  }

  void Text(std::string_view text);
  void Double(double value);
  // A scalar as its own kind, objects and arrays as JSON text; null is not written.
  void Value(const Node* node);
  // Text: a string as it is, anything else as JSON.
  void Json(const Node* node);
  // Any value as OTLP's own kinds, arrays and objects included.
  void Any(const Node* node);
  void Integer(uint32_t value);
  // As Any(), in an array of its own unless it is one.
  void List(const Node* node);
  // Every member of `object` through Any(), under its own name, but for those that `but` has, too;
  // nothing for nullptr or another kind.
  void All(const Node* object, const Node* but = nullptr);

  // A string value that is written in place: Begin(), append to buffer(), End(). False (and nothing
  // to end) when the count limit is reached. `guess`: expected bytes; `json`: the text is JSON.
  [[nodiscard]] bool Begin(uint32_t guess);
  void End(bool json = true);
  Buffer* buffer() { return out_->out(); }

  uint32_t dropped() const { return dropped_; }

 private:
  // Admits one more attribute or counts it as dropped.
  bool Admit();
  bool Unveils(uint32_t within, uint32_t id, std::string_view name, const Node* value,
               bool content);
  // What may be shown of a text, or of any value under a veil.
  void Shown(const Node* node);
  // Leaves what may be shown of the text from there on.
  void Clean(uint32_t begin);
  bool Short(const Node* node);
  // Bytes in front of an AnyValue of `value` bytes, and these bytes: tag and length of the attribute,
  // its name, tag and length of the value.
  uint32_t HeadSize(uint32_t value) const;
  uint8_t* PutHead(uint32_t value, uint8_t* out) const;
  uint8_t* PutShortHead(uint32_t value, uint8_t* out) const;
  // A whole attribute's head, and room for its value: where that goes. nullptr when the attribute is
  // dropped or memory is out.
  uint8_t* Head(uint32_t value);
  // The same for an attribute of unknown size; the result goes to Close().
  uint32_t Open(uint32_t guess);
  // An AnyValue (or a field of one) in `field` of the enclosing message.
  void AnyField(int field, const Node* node, uint32_t depth);
  void AnyBody(const Node* node, uint32_t depth);
  // How many bytes of a string may stand: at most, and of one.
  uint32_t Limit() const {
    const uint32_t limit = limits_.attribute_value_length;
    const Guard* const guard = context_.guard;  // there wherever there is a veil
    return veil_ == 0 || guard == nullptr ? limit : guard->Limit(veil_, limit);
  }
  uint32_t Cut(const void* text, uint32_t bytes);
  // Says how long what was cut had been, if anything was.
  void NoteCut();

  RecordContext context_;
  const SpanLimits& limits_;
  ProtoWriter* out_;
  int field_;
  std::string_view name_;
  uint32_t begin_ = 0;  // of the attribute between Begin() and End()
  uint32_t body_ = 0;   // and of its text
  uint32_t veil_ = 0;
  uint32_t original_ = 0;  // bytes of this attribute's strings that were cut
  uint32_t written_ = 0;
  uint32_t dropped_ = 0;
};

}  // namespace edgespan::otlp
