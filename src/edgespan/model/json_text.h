// JSON text of record values, byte for byte what JSON.stringify gives for the value the host walked
// (except that a lone surrogate has become U+FFFD). Bytes are base64; NaN, the infinities and invalid
// dates are null. With a guard each string is redacted before it is escaped, and what stands under a
// sensitive key is a string that says so.
//
// Everything appends to a Buffer; out of memory shows in buffer->failed().
#pragma once

#include <cstdint>
#include <string_view>

#include "edgespan/base/buffer.h"
#include "edgespan/model/keys.h"
#include "edgespan/model/record.h"

namespace edgespan {

class Guard;  // model/guard.h

// What a value needs to be read: where its offsets lead and what its keys are called; and what of it may
// be shown (nullptr: all).
struct RecordContext {
  const PageArena* arena;
  const KeyTable* keys;
  Guard* guard = nullptr;
};

// The name of the member at *node; moves *node from a kKey to the value it names.
std::string_view MemberName(const RecordContext& context, const Node** node);

// The member of this name, or nullptr; that also for nullptr and what is no object.
const Node* FindNamed(const RecordContext& context, const Node* object, std::string_view name);

class JsonText {
 public:
  JsonText(const RecordContext& context, Buffer* out) : context_(context), out_(out) {}

  void Value(const Node* node);  // any value
  // Quoted and escaped. REQUIRES: the text is a record's (kTextSlack bytes behind it can be read).
  void String(std::string_view text);
  void Raw(std::string_view text) { out_->AppendText(text); }
  // The name of a member, and its value. Moves *node to that.
  void Member(const Node** node);
  // The text of a scalar as a bare string: numbers and dates without quotes. Nothing for containers.
  void Bare(const Node* node);
  // What may be shown of any value under a veil (model/guard.h), as a text: good until the next one.
  // REQUIRES: a guard.
  std::string_view Veiled(const Node* node, uint32_t veil);

 private:
  void Members(const Node* node, char open, char close);
  // One of which the guard lets not all be shown. False, and nothing was written: it is none, or has no
  // name.
  bool Guarded(const Node** node);
  // Quoted and escaped as it is.
  void Escaped(std::string_view text);
  // As it is spelled; what may not be shown is a string. REQUIRES: as String().
  void Number(std::string_view text);
  void Integer(int64_t value);
  void Base64(std::string_view bytes);

  RecordContext context_;
  Buffer* out_;
};

}  // namespace edgespan
