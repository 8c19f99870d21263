#include "edgespan/otlp/attributes.h"

#include "edgespan/base/utf.h"
#include "edgespan/otlp/otlp.pb.h"

namespace edgespan::otlp {
namespace {

using tape::Op;
using Stream = google::protobuf::io::CodedOutputStream;
using Wire = google::protobuf::internal::WireFormatLite;

constexpr uint32_t kMaxHeader = 32;  // tags and lengths around a name and its value

// protobuf readers refuse messages nested over 100 deep (CodedInputStream's default limit), and one
// level of ours is up to three messages: containers below this depth become JSON text.
constexpr uint32_t kMaxNesting = 30;

// A whole number that int64 holds exactly is an int_value, as in the OpenTelemetry SDKs.
bool IsInt64(double value) {
  return value >= -9223372036854775808.0 && value < 9223372036854775808.0 &&
         static_cast<double>(static_cast<int64_t>(value)) == value;
}

}  // namespace

bool AttributeWriter::Admit() {
  const bool admitted = written_ < limits_.attribute_count;
  ++(admitted ? written_ : dropped_);
  return admitted;
}

uint32_t AttributeWriter::Cut(const char* text, uint32_t bytes) const {
  const uint32_t limit = limits_.attribute_value_length;
  return bytes <= limit ? bytes : CutUtf8(reinterpret_cast<const uint8_t*>(text), bytes, limit);
}

uint8_t* AttributeWriter::PutKey(uint8_t* out) const {
  out = Wire::WriteTagToArray(pb::KeyValue::kKeyFieldNumber, Wire::WIRETYPE_LENGTH_DELIMITED, out);
  out = Stream::WriteVarint32ToArray(name_size_, out);
  for (const std::string_view& piece : name_) {
    const uint32_t size = static_cast<uint32_t>(piece.size());
    if (size == 0) continue;
    CopyBytes(out, piece.data(), size);
    out += size;
  }
  return out;
}

void AttributeWriter::Key() {
  uint8_t* const out = buffer()->Reserve(name_size_ + kMaxHeader);
  if (out != nullptr) buffer()->Advance(PutKey(out));
}

[[gnu::noinline]] uint8_t* AttributeWriter::Header(uint32_t value_bytes) {
  if (!Admit()) return nullptr;
  uint8_t* out = buffer()->Reserve(name_size_ + value_bytes + kMaxHeader);
  if (out == nullptr) return nullptr;
  out = Wire::WriteTagToArray(field_, Wire::WIRETYPE_LENGTH_DELIMITED, out);
  out = Stream::WriteVarint32ToArray(FieldSize(name_size_) + FieldSize(value_bytes), out);
  out = PutKey(out);
  out =
      Wire::WriteTagToArray(pb::KeyValue::kValueFieldNumber, Wire::WIRETYPE_LENGTH_DELIMITED, out);
  return Stream::WriteVarint32ToArray(value_bytes, out);
}

// The commonest attributes by far have lengths that are counted, not guessed, and are written in one
// go.
[[gnu::noinline]] void AttributeWriter::Text(std::string_view text) {
  const uint32_t bytes = Cut(text.data(), static_cast<uint32_t>(text.size()));
  uint8_t* out = Header(FieldSize(bytes));
  if (out == nullptr) return;
  out = Wire::WriteTagToArray(pb::AnyValue::kStringValueFieldNumber,
                              Wire::WIRETYPE_LENGTH_DELIMITED, out);
  out = Stream::WriteVarint32ToArray(bytes, out);
  CopyBytes(out, text.data(), bytes);
  buffer()->Advance(out + bytes);
}

void AttributeWriter::Integer(int field, uint64_t value) {
  uint8_t* out = Header(1 + VarintSize(value));
  if (out == nullptr) return;
  out = Wire::WriteTagToArray(field, Wire::WIRETYPE_VARINT, out);
  buffer()->Advance(Stream::WriteVarint64ToArray(value, out));
}

bool AttributeWriter::Begin(uint32_t guess) {
  if (!Admit()) return false;
  const uint32_t value = FieldSize(guess);
  open_[0] = out_->Open(field_, FieldSize(name_size_) + FieldSize(value));
  Key();
  open_[1] = out_->Open(pb::KeyValue::kValueFieldNumber, value);
  open_[2] = out_->Open(pb::AnyValue::kStringValueFieldNumber, guess);
  return true;
}

void AttributeWriter::End() {
  Buffer* const out = buffer();
  if (!out->failed()) {
    const uint32_t body = open_[2];
    out->Truncate(body + Cut(reinterpret_cast<char*>(out->data() + body), out->size() - body));
  }
  out_->Close(open_[2]);
  out_->Close(open_[1]);
  out_->Close(open_[0]);
}

void AttributeWriter::Value(const Node* node) {
  switch (node->Kind()) {
    case Op::kString:
      return Text(TextOf(*context_.arena, node));
    case Op::kInt64:
      return Integer(pb::AnyValue::kIntValueFieldNumber, static_cast<uint64_t>(node->Integer()));
    case Op::kLiteral:
      if (node->a != 0) Integer(pb::AnyValue::kBoolValueFieldNumber, node->a - 1);
      return;
    case Op::kNumber:
    case Op::kDate:
      return Any(node);
    default:
      return Json(node);
  }
}

void AttributeWriter::Json(const Node* node) {
  if (node->Kind() == Op::kString) return Text(TextOf(*context_.arena, node));
  if (!Begin(node->IsContainer() ? node->b : 24)) return;
  JsonText(context_, buffer()).Value(node);
  End();
}

void AttributeWriter::Any(const Node* node) {
  if (node->Kind() == Op::kString) return Text(TextOf(*context_.arena, node));
  if (!Admit()) return;
  const uint32_t guess = node->IsContainer() ? node->b : 8;
  const uint32_t attribute = out_->Open(field_, guess + name_size_);
  Key();
  AnyField(pb::KeyValue::kValueFieldNumber, node, 0);
  out_->Close(attribute);
}

void AttributeWriter::List(const Node* node) {
  if (node->Kind() == Op::kArray) return Any(node);
  if (!Admit()) return;
  const uint32_t attribute = out_->Open(field_, name_size_);
  Key();
  const uint32_t value = out_->Open(pb::KeyValue::kValueFieldNumber, 16);
  const uint32_t array = out_->Open(pb::AnyValue::kArrayValueFieldNumber, 16);
  AnyField(pb::ArrayValue::kValuesFieldNumber, node, 1);
  out_->Close(array);
  out_->Close(value);
  out_->Close(attribute);
}

void AttributeWriter::All(const Node* object) {
  if (object == nullptr || object->Kind() != Op::kObject) return;
  for (const Node* node = object->Begin(); node < object->End(); node = node->Skip()) {
    Name(MemberName(context_, &node)).Any(node);
  }
}

void AttributeWriter::AnyField(int field, const Node* node, uint32_t depth) {
  const uint32_t nested = out_->Open(field, node->IsContainer() ? node->b : 8);
  AnyBody(node, depth);
  out_->Close(nested);
}

// The AnyValue message for `node`; an empty one (no field set) for null.
void AttributeWriter::AnyBody(const Node* node, uint32_t depth) {
  const std::string_view text = SpellingOf(*context_.arena, node);
  const uint32_t bytes = static_cast<uint32_t>(text.size());
  switch (node->Kind()) {
    case Op::kString:
    case Op::kDate:
      return out_->Bytes(pb::AnyValue::kStringValueFieldNumber, text.data(),
                         Cut(text.data(), bytes));
    case Op::kBytes:
      return out_->Text(pb::AnyValue::kBytesValueFieldNumber, text);
    case Op::kNumber: {
      const double value = NumberOf(*context_.arena, node);
      if (!IsInt64(value)) {
        return out_->Fixed64(pb::AnyValue::kDoubleValueFieldNumber,
                             __builtin_bit_cast(uint64_t, value));
      }
      return out_->Varint(pb::AnyValue::kIntValueFieldNumber,
                          static_cast<uint64_t>(static_cast<int64_t>(value)));
    }
    case Op::kInt64:
      return out_->Varint(pb::AnyValue::kIntValueFieldNumber,
                          static_cast<uint64_t>(node->Integer()));
    case Op::kLiteral:
      if (node->a != 0) out_->Varint(pb::AnyValue::kBoolValueFieldNumber, node->a - 1);
      return;
    default:
      break;
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
    const uint32_t entry = out_->Open(pb::KeyValueList::kValuesFieldNumber, 64);
    out_->Text(pb::KeyValue::kKeyFieldNumber, MemberName(context_, &item));
    AnyField(pb::KeyValue::kValueFieldNumber, item, depth + 1);
    out_->Close(entry);
  }
  out_->Close(nested);
}

}  // namespace edgespan::otlp
