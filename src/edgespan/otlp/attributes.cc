#include "edgespan/otlp/attributes.h"

#include <cstring>

#include "edgespan/base/utf.h"
#include "edgespan/model/json_cut.h"
#include "edgespan/otlp/otlp.pb.h"

namespace edgespan::otlp {
namespace {

using tape::Op;

// protobuf readers refuse messages nested over 100 deep (CodedInputStream's default limit), and one
// level of ours is up to three messages: containers below this depth become JSON text.
constexpr uint32_t kMaxNesting = 30;

// A whole number that int64 holds exactly is an int_value, as in the OpenTelemetry SDKs.
bool IsInt64(double value) {
  return value >= -9223372036854775808.0 && value < 9223372036854775808.0 &&
         static_cast<double>(static_cast<int64_t>(value)) == value;
}

constexpr uint32_t kMaxScalar = 11;
// Tags and lengths of an attribute, of its name and of its value.
constexpr uint32_t kMaxHead = 3 * 6;
// A name and a value that are no longer together have lengths of one byte, and so has their attribute.
constexpr uint32_t kMaxShort = 0x7f - 4;
// How much longer the place kept for an attribute's head may have to become.
constexpr uint32_t kMaxPlaceGrowth = 16;

// A double_value field, kDoubleField bytes.
constexpr uint32_t kDoubleField = 1 + sizeof(double);
uint8_t* PutDouble(double value, uint8_t* out) {
  out[0] = pb::AnyValue::kDoubleValueFieldNumber << 3 | 1;  // fixed64
  std::memcpy(out + 1, &value, sizeof value);
  return out + kDoubleField;
}

// The AnyValue of a number or literal, at most kMaxScalar bytes; nothing (no field set) for null and
// for every other kind.
uint8_t* PutScalar(const PageArena& arena, const Node* node, uint8_t* out) {
  int field = pb::AnyValue::kIntValueFieldNumber;
  auto integer = static_cast<uint64_t>(node->Integer());
  if (node->Kind() == Op::kNumber) {
    const double value = NumberOf(arena, node);
    if (!IsInt64(value)) return PutDouble(value, out);
    integer = static_cast<uint64_t>(static_cast<int64_t>(value));
  } else if (node->Kind() == Op::kLiteral && node->a != 0) {
    field = pb::AnyValue::kBoolValueFieldNumber;
    integer = node->a - 1;
  } else if (node->Kind() != Op::kInt64) {
    return out;
  }
  return PutVarint(field, integer, out);
}

}  // namespace

bool AttributeWriter::Admit() {
  const bool admitted = written_ < limits_.attribute_count;
  ++(admitted ? written_ : dropped_);
  return admitted;
}

uint32_t AttributeWriter::Cut(const void* text, uint32_t bytes) {
  const uint32_t limit = Limit();
  if (bytes <= limit) [[likely]]
    return bytes;
  original_ += bytes;
  return CutUtf8(static_cast<const uint8_t*>(text), bytes, limit);
}

[[gnu::noinline]] void AttributeWriter::NoteCut() {
  const uint32_t bytes = original_;
  original_ = 0;
  // It takes the place of an attribute, but is none that the span would lose.
  if (bytes == 0 || written_ >= limits_.attribute_count) return;
  ++written_;
  const uint32_t veil = veil_;
  veil_ = 0;  // what is said here is ours
  const uint32_t attribute = out_->Open(field_, static_cast<uint32_t>(name_.size()) + 48);
  const uint32_t name = out_->Open(pb::KeyValue::kKeyFieldNumber, 64);
  buffer()->AppendText("edgespan.original_length.");
  buffer()->AppendText(name_);
  out_->Close(name);
  const Node length = {0, static_cast<uint16_t>(Op::kInt64), bytes, 0};
  AnyField(pb::KeyValue::kValueFieldNumber, &length, 0);
  out_->Close(attribute);
  veil_ = veil;
}

uint32_t AttributeWriter::HeadSize(uint32_t value) const {
  const uint32_t name = static_cast<uint32_t>(name_.size());
  if (name + value <= kMaxShort) [[likely]]
    return name + 6;
  return FieldSize(FieldSize(name) + FieldSize(value)) - value;
}

// The same as PutHead(), with lengths of one byte each.
inline uint8_t* AttributeWriter::PutShortHead(uint32_t value, uint8_t* out) const {
  const uint32_t name = static_cast<uint32_t>(name_.size());
  const uint32_t head =
      static_cast<uint32_t>(field_) << 3 | 2 | (name + value + 4) << 8 | 0x0a0000 | name << 24;
  std::memcpy(out, &head, sizeof head);
  out += sizeof head;
  CopyBlocks(out, name_.data(), name);
  out += name;
  out[0] = 0x12;
  out[1] = static_cast<uint8_t>(value);
  return out + 2;
}

uint8_t* AttributeWriter::PutHead(uint32_t value, uint8_t* out) const {
  const uint32_t name = static_cast<uint32_t>(name_.size());
  if (name + value <= kMaxShort) [[likely]]
    return PutShortHead(value, out);
  out = PutLength(field_, FieldSize(name) + FieldSize(value), out);
  out = PutLength(pb::KeyValue::kKeyFieldNumber, name, out);
  CopyBytes(out, name_.data(), name);
  return PutLength(pb::KeyValue::kValueFieldNumber, value, out + name);
}

uint8_t* AttributeWriter::Head(uint32_t value) {
  if (!Admit()) return nullptr;
  uint8_t* const out = buffer()->Reserve(kMaxHead + static_cast<uint32_t>(name_.size()) + value);
  return out != nullptr ? PutHead(value, out) : nullptr;
}

// The commonest attributes by far have lengths that are counted, not guessed, and are written in one
// go.
[[gnu::noinline]] void AttributeWriter::Text(std::string_view text) {
  const uint32_t bytes = Cut(text.data(), static_cast<uint32_t>(text.size()));
  uint8_t* out = Head(FieldSize(bytes));
  if (out == nullptr) return;
  out = PutLength(pb::AnyValue::kStringValueFieldNumber, bytes, out);
  CopyBytes(out, text.data(), bytes);
  buffer()->Advance(out + bytes);
  if (bytes < text.size()) [[unlikely]]
    NoteCut();
}

void AttributeWriter::Double(double value) {
  uint8_t* const out = Head(kDoubleField);
  if (out == nullptr) return;
  buffer()->Advance(PutDouble(value, out));
}

// Most attributes are a name and a text or number so short that every length is one byte. False, and
// nothing written, for all others.
inline bool AttributeWriter::Short(const Node* node) {  // a kString or what PutScalar() takes
  constexpr uint32_t kBlock = 16;
  const uint32_t name = static_cast<uint32_t>(name_.size());
  const bool text = node->Kind() == Op::kString;
  const uint32_t bytes = text ? node->b : kMaxScalar;
  if (name + bytes > kMaxShort - 2) return false;
  if (text && bytes > limits_.attribute_value_length) return false;
  if (!Admit()) return true;
  uint8_t* const out = buffer()->Reserve(128);
  uint8_t* const value = out + 6 + name;
  uint8_t* end = value;
  if (text) {
    value[0] = 0x0a;
    value[1] = static_cast<uint8_t>(bytes);
    end += 2;
    // Behind a record's text, as behind the buffer, there is room to read and write a block.
    const uint8_t* const source = context_.arena->At(node->a);
    for (uint32_t i = 0; i < bytes; i += kBlock) std::memcpy(end + i, source + i, kBlock);
    end += bytes;
  } else {
    end = PutScalar(*context_.arena, node, value);
  }
  PutShortHead(static_cast<uint32_t>(end - value), out);
  buffer()->Advance(end);
  return true;
}

// The head is written at the end: until then its place is kept, as large as the guess makes it.
bool AttributeWriter::Begin(uint32_t guess) {
  if (!Admit()) return false;
  const uint32_t value = FieldSize(guess);
  const uint32_t place = HeadSize(value) + value - guess;
  uint8_t* const out = buffer()->Reserve(place);
  begin_ = buffer()->size();
  body_ = begin_ + place;
  if (out != nullptr) buffer()->Advance(out + place);
  return true;
}

void AttributeWriter::End(bool json) {
  Buffer* const out = buffer();
  // JSON was written redacted.
  if (context_.guard != nullptr && (!json || veil_ != 0)) [[unlikely]]
    Clean(body_);
  out->Reserve(kMaxPlaceGrowth);
  if (out->failed()) return;
  uint8_t* at = out->data() + begin_;
  const uint32_t whole = out->size() - body_;
  uint32_t bytes = Cut(out->data() + body_, whole);
  if (bytes < whole && json) {
    bytes = CutJson(out->data() + body_, whole, Limit());
  }
  const uint32_t value = FieldSize(bytes);
  uint8_t* const text = at + HeadSize(value) + value - bytes;
  if (text != out->data() + body_) std::memmove(text, out->data() + body_, bytes);
  at = PutHead(value, at);
  PutLength(pb::AnyValue::kStringValueFieldNumber, bytes, at);
  out->Advance(text + bytes);
  if (bytes < whole) [[unlikely]]
    NoteCut();
}

void AttributeWriter::Value(const Node* node) {
  if (node->IsContainer() || node->Kind() == Op::kBytes) return Json(node);
  if (node->Kind() == Op::kLiteral && node->a == 0) return;
  if (context_.guard != nullptr) [[unlikely]] {
    if (veil_ != 0 || node->Kind() == Op::kString) return Shown(node);
  }
  if (node->Kind() == Op::kDate || !Short(node)) Any(node);
}

void AttributeWriter::Json(const Node* node) {
  if (node->Kind() == Op::kString) return Any(node);
  if (!Begin(node->IsContainer() ? node->b : 24)) return;
  JsonText(context_, buffer()).Value(node);
  End();
}

void AttributeWriter::Any(const Node* node) {
  const Op kind = node->Kind();
  if (context_.guard != nullptr && (veil_ != 0 || kind == Op::kString)) return Shown(node);
  if (kind == Op::kString || kind == Op::kDate) return Text(SpellingOf(*context_.arena, node));
  if (!node->IsContainer() && kind != Op::kBytes) {
    uint8_t scalar[kMaxScalar];
    const auto size = static_cast<uint32_t>(PutScalar(*context_.arena, node, scalar) - scalar);
    uint8_t* const out = Head(size);
    if (out == nullptr) return;
    CopyBytes(out, scalar, size);
    return buffer()->Advance(out + size);
  }
  if (!Admit()) return;
  const uint32_t attribute = Open(node->b);
  AnyField(pb::KeyValue::kValueFieldNumber, node, 0);
  out_->Close(attribute);
  NoteCut();
}

bool AttributeWriter::Unveils(uint32_t within, uint32_t id, std::string_view name,
                              const Node* value, bool content) {
  veil_ = within | context_.guard->VeilOf(id, name, value, content);
  return (veil_ & kHidden) != kHidden;
}

void AttributeWriter::Shown(const Node* node) {
  if (veil_ == 0) {
    const std::string_view text = SpellingOf(*context_.arena, node);
    const std::string_view shown = context_.guard->Show(text, 0);
    if (shown.data() != text.data() || !Short(node)) Text(shown);
    return;
  }
  if (!Begin(node->b)) return;
  JsonText(context_, buffer()).Bare(node);
  End(node->Kind() != Op::kString);
}

void AttributeWriter::Clean(uint32_t begin) {
  Buffer* const out = buffer();
  if (out->failed()) return;
  const char* const text = reinterpret_cast<const char*>(out->data()) + begin;
  const std::string_view shown = context_.guard->Show({text, out->size() - begin}, veil_);
  if (shown.data() == text) return;
  out->Truncate(begin);
  out->AppendText(shown);
}

void AttributeWriter::Integer(uint32_t value) {
  const Node node = {0, static_cast<uint16_t>(Op::kInt64), value, 0};
  Any(&node);
}

uint32_t AttributeWriter::Open(uint32_t guess) {
  const uint32_t attribute = out_->Open(field_, guess + static_cast<uint32_t>(name_.size()));
  out_->Text(pb::KeyValue::kKeyFieldNumber, name_);
  return attribute;
}

void AttributeWriter::List(const Node* node) {
  if (node->Kind() == Op::kArray) return Any(node);
  if (!Admit()) return;
  const uint32_t attribute = Open(16);
  const uint32_t value = out_->Open(pb::KeyValue::kValueFieldNumber, 16);
  const uint32_t array = out_->Open(pb::AnyValue::kArrayValueFieldNumber, 16);
  AnyField(pb::ArrayValue::kValuesFieldNumber, node, 1);
  out_->Close(array);
  out_->Close(value);
  out_->Close(attribute);
  NoteCut();
}

void AttributeWriter::All(const Node* object, const Node* but) {
  if (object == nullptr || object->Kind() != Op::kObject) return;
  for (const Node* node = object->Begin(); node < object->End(); node = node->Skip()) {
    const uint32_t id = node->key;
    const std::string_view name = MemberName(context_, &node);
    if (FindNamed(context_, but, name) != nullptr || !Admits(0, id, name, node, true)) continue;
    Name(name).Any(node);
  }
  veil_ = 0;
}

void AttributeWriter::AnyField(int field, const Node* node, uint32_t depth) {
  const uint32_t nested = out_->Open(field, node->IsContainer() ? node->b : 8);
  AnyBody(node, depth);
  out_->Close(nested);
}

// The AnyValue message for `node`; an empty one (no field set) for null.
void AttributeWriter::AnyBody(const Node* node, uint32_t depth) {
  std::string_view text = SpellingOf(*context_.arena, node);
  if (context_.guard != nullptr && (veil_ != 0 || node->Kind() == Op::kString)) [[unlikely]] {
    text = JsonText(context_, buffer()).Veiled(node, veil_);
    return out_->Bytes(pb::AnyValue::kStringValueFieldNumber, text.data(),
                       Cut(text.data(), static_cast<uint32_t>(text.size())));
  }
  switch (node->Kind()) {
    case Op::kObject:
    case Op::kArray:
      break;
    case Op::kString:
    case Op::kDate:
      return out_->Bytes(pb::AnyValue::kStringValueFieldNumber, text.data(),
                         Cut(text.data(), static_cast<uint32_t>(text.size())));
    case Op::kBytes:
      return out_->Text(pb::AnyValue::kBytesValueFieldNumber, text);
    default:
      return buffer()->Advance(PutScalar(*context_.arena, node, buffer()->Reserve(kMaxScalar)));
  }
  // message ArrayValue { repeated AnyValue values = 1; }
  // message KeyValueList { repeated KeyValue values = 1; }
  const bool array = node->Kind() == Op::kArray;
  const bool json = depth == kMaxNesting;
  const uint32_t nested = out_->Open(json    ? pb::AnyValue::kStringValueFieldNumber
                                     : array ? pb::AnyValue::kArrayValueFieldNumber
                                             : pb::AnyValue::kKvlistValueFieldNumber,
                                     node->b);
  if (json) {
    JsonText(context_, buffer()).Value(node);
    return out_->Close(nested);
  }
  const Node* const end = node->End();
  for (const Node* item = node->Begin(); item < end; item = item->Skip()) {
    if (array) {
      AnyField(pb::ArrayValue::kValuesFieldNumber, item, depth + 1);
      continue;
    }
    const uint32_t id = item->key;
    std::string_view name = MemberName(context_, &item);
    if (!Admits(0, id, name, item, false)) {
      veil_ = 0;
      continue;
    }
    const uint32_t entry = out_->Open(pb::KeyValueList::kValuesFieldNumber, 64);
    if ((veil_ & kUnnamed) != 0) name = context_.guard->name();
    out_->Text(pb::KeyValue::kKeyFieldNumber, name);
    veil_ &= ~kUnnamed;
    AnyField(pb::KeyValue::kValueFieldNumber, item, depth + 1);
    veil_ = 0;
    out_->Close(entry);
  }
  out_->Close(nested);
}

}  // namespace edgespan::otlp
