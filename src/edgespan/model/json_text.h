// JSON text of record values, byte for byte what JSON.stringify gives for the value the host walked
// (except that a lone surrogate has become U+FFFD). Bytes are base64; NaN, the infinities and invalid
// dates are null.
//
// Everything appends to a Buffer; out of memory shows in buffer->failed().
#pragma once

#include <cstdint>
#include <string_view>

#include "edgespan/base/buffer.h"
#include "edgespan/model/keys.h"
#include "edgespan/model/record.h"

namespace edgespan {

// What a value needs to be read: where its offsets lead and what its keys are called.
struct RecordContext {
  const PageArena* arena;
  const KeyTable* keys;
};

// The name of the member at *node; moves *node from a kKey to the value it names.
std::string_view MemberName(const RecordContext& context, const Node** node);

// Whether a member has this name; false for nullptr and what is no object.
bool HasMember(const RecordContext& context, const Node* object, std::string_view name);

class JsonText {
 public:
  JsonText(const RecordContext& context, Buffer* out) : context_(context), out_(out) {}

  void Value(const Node* node);  // any value
  // Quoted and escaped. REQUIRES: the text is a record's (kTextSlack bytes behind it can be read).
  void String(std::string_view text);
  void Raw(std::string_view text) { out_->AppendText(text); }
  // The text of a scalar as a bare string: numbers and dates without quotes. Nothing for containers.
  void Bare(const Node* node);

 private:
  void Members(const Node* node, char open, char close);
  void Integer(int64_t value);
  void Base64(std::string_view bytes);

  RecordContext context_;
  Buffer* out_;
};

}  // namespace edgespan
