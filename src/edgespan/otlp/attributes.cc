#include "edgespan/otlp/attributes.h"

#include "edgespan/base/utf.h"
#include "edgespan/otlp/otlp.pb.h"

namespace edgespan::otlp {
namespace {

using tape::Op;

// A whole number that int64 holds exactly is an int_value, as in the OpenTelemetry SDKs.
bool IsInt64(double value) {
  return value >= -9223372036854775808.0 && value < 9223372036854775808.0 &&
         static_cast<double>(static_cast<int64_t>(value)) == value;
}

// Protobuf parsers give up at 100 nested messages. An attribute of an event or link lies 7 deep and
// each object adds 3, so containers below this many are told as JSON text.
constexpr uint32_t kMaxNesting = 30;

}  // namespace

bool AttributeWriter::Admit() {
  if (written_ < limits_.attribute_count) {
    ++written_;
    return true;
  }
  ++dropped_;
  return false;
}

std::string_view AttributeWriter::Cut(std::string_view text) const {
  if (text.size() <= limits_.attribute_value_length) return text;
  return {text.data(), CutUtf8(reinterpret_cast<const uint8_t*>(text.data()),
                               static_cast<uint32_t>(text.size()),
                               limits_.attribute_value_length)};
}

void AttributeWriter::Key(const Name& name) {
  out_->Length(pb::KeyValue::kKeyFieldNumber, name.size());
  Buffer* const out = out_->out();
  out->AppendText(name.a);
  if (!name.b.empty()) out->AppendText(name.b);
  if (!name.c.empty()) out->AppendText(name.c);
}

void AttributeWriter::Header(const Name& name, uint32_t value_bytes) {
  out_->Length(field_, FieldSize(name.size()) + FieldSize(value_bytes));
  Key(name);
  out_->Length(pb::KeyValue::kValueFieldNumber, value_bytes);
}

void AttributeWriter::Text(const Name& name, std::string_view text) {
  if (!Admit()) return;
  text = Cut(text);
  Header(name, FieldSize(static_cast<uint32_t>(text.size())));
  out_->Text(pb::AnyValue::kStringValueFieldNumber, text);
}

void AttributeWriter::Int(const Name& name, int64_t value) {
  if (!Admit()) return;
  Header(name, 1 + VarintSize(static_cast<uint64_t>(value)));
  out_->Varint(pb::AnyValue::kIntValueFieldNumber, static_cast<uint64_t>(value));
}

void AttributeWriter::Double(const Name& name, double value) {
  if (!Admit()) return;
  Header(name, 1 + sizeof value);
  out_->Double(pb::AnyValue::kDoubleValueFieldNumber, value);
}

void AttributeWriter::Bool(const Name& name, bool value) {
  if (!Admit()) return;
  Header(name, 2);
  out_->Varint(pb::AnyValue::kBoolValueFieldNumber, value ? 1 : 0);
}

bool AttributeWriter::Begin(const Name& name, uint32_t guess, Open* open) {
  if (!Admit()) return false;
  const uint32_t value = FieldSize(guess);
  open->attribute = out_->Open(field_, FieldSize(name.size()) + FieldSize(value));
  Key(name);
  open->value = out_->Open(pb::KeyValue::kValueFieldNumber, value);
  open->text = out_->Open(pb::AnyValue::kStringValueFieldNumber, guess);
  return true;
}

void AttributeWriter::End(const Open& open) {
  Buffer* const out = out_->out();
  if (!out->failed() && out->size() - open.text.body > limits_.attribute_value_length) {
    out->Truncate(open.text.body + CutUtf8(out->data() + open.text.body,
                                           out->size() - open.text.body,
                                           limits_.attribute_value_length));
  }
  out_->Close(open.text);
  out_->Close(open.value);
  out_->Close(open.attribute);
}

void AttributeWriter::Value(const Name& name, const Node* node) {
  switch (node->Kind()) {
    case Op::kString:
      return Text(name, TextOf(*context_.arena, node));
    case Op::kInt64:
      return Int(name, static_cast<int64_t>(node->Bits()));
    case Op::kNumber: {
      double value;
      std::memcpy(&value, context_.arena->At(node->a), sizeof value);
      return IsInt64(value) ? Int(name, static_cast<int64_t>(value)) : Double(name, value);
    }
    case Op::kLiteral:
      if (node->a != 0) Bool(name, node->a == 2);
      return;
    default:
      return Json(name, node);
  }
}

void AttributeWriter::Json(const Name& name, const Node* node) {
  if (node->Kind() == Op::kString) return Text(name, TextOf(*context_.arena, node));
  Open open;
  if (!Begin(name, node->IsContainer() ? node->b : 24, &open)) return;
  JsonText json(context_, buffer());
  if (node->Kind() == Op::kDate) {
    json.Bare(node);
  } else {
    json.Value(node);
  }
  End(open);
}

void AttributeWriter::TextList(const Name& name, const Node* node) {
  if (!Admit()) return;
  const bool list = node->Kind() == Op::kArray;
  const auto attribute = out_->Open(field_, 64);
  Key(name);
  const auto value = out_->Open(pb::KeyValue::kValueFieldNumber, 32);
  const auto array = out_->Open(pb::AnyValue::kArrayValueFieldNumber, 24);
  const Node* item = list ? node->Begin() : node;
  const Node* const end = list ? node->End() : node->Skip();
  for (; item < end; item = item->Skip()) {
    const auto element = out_->Open(pb::ArrayValue::kValuesFieldNumber, 16);
    const auto text = out_->Open(pb::AnyValue::kStringValueFieldNumber, 16);
    JsonText json(context_, buffer());
    if (item->IsContainer()) {
      json.Value(item);
    } else {
      json.Bare(item);
    }
    out_->Close(text);
    out_->Close(element);
  }
  out_->Close(array);
  out_->Close(value);
  out_->Close(attribute);
}

// The AnyValue message for `node`; an empty one (no field set) for null.
void AttributeWriter::AnyBody(const Node* node, uint32_t depth) {
  if (depth == kMaxNesting && node->IsContainer()) {
    const auto text = out_->Open(pb::AnyValue::kStringValueFieldNumber, node->b);
    JsonText(context_, buffer()).Value(node);
    return out_->Close(text);
  }
  switch (node->Kind()) {
    case Op::kString:
      return out_->Text(pb::AnyValue::kStringValueFieldNumber,
                        Cut(TextOf(*context_.arena, node)));
    case Op::kBytes:
      return out_->Bytes(pb::AnyValue::kBytesValueFieldNumber, context_.arena->At(node->a),
                         node->b);
    case Op::kInt64:
      return out_->Varint(pb::AnyValue::kIntValueFieldNumber, node->Bits());
    case Op::kNumber: {
      double value;
      std::memcpy(&value, context_.arena->At(node->a), sizeof value);
      if (!IsInt64(value)) return out_->Double(pb::AnyValue::kDoubleValueFieldNumber, value);
      return out_->Varint(pb::AnyValue::kIntValueFieldNumber,
                          static_cast<uint64_t>(static_cast<int64_t>(value)));
    }
    case Op::kLiteral:
      if (node->a == 0) return;
      return out_->Varint(pb::AnyValue::kBoolValueFieldNumber, node->a == 2 ? 1 : 0);
    case Op::kDate: {
      const auto text = out_->Open(pb::AnyValue::kStringValueFieldNumber, 24);
      JsonText(context_, buffer()).Bare(node);
      return out_->Close(text);
    }
    case Op::kArray: {
      // message ArrayValue { repeated AnyValue values = 1; }
      const auto array = out_->Open(pb::AnyValue::kArrayValueFieldNumber, node->b);
      for (const Node* item = node->Begin(); item < node->End(); item = item->Skip()) {
        AnyField(pb::ArrayValue::kValuesFieldNumber, item, depth + 1);
      }
      return out_->Close(array);
    }
    default: {
      // message KeyValueList { repeated KeyValue values = 1; }
      const auto list = out_->Open(pb::AnyValue::kKvlistValueFieldNumber, node->b);
      for (const Node* item = node->Begin(); item < node->End(); item = item->Skip()) {
        const auto entry = out_->Open(pb::KeyValueList::kValuesFieldNumber, 64);
        Key({MemberName(context_, &item)});
        AnyField(pb::KeyValue::kValueFieldNumber, item, depth + 1);
        out_->Close(entry);
      }
      return out_->Close(list);
    }
  }
}

void AttributeWriter::AnyField(int field, const Node* node, uint32_t depth) {
  const auto nested = out_->Open(field, node->IsContainer() ? node->b : 16);
  AnyBody(node, depth);
  out_->Close(nested);
}

void AttributeWriter::Any(const Name& name, const Node* node) {
  if (node->Kind() == Op::kString) return Text(name, TextOf(*context_.arena, node));
  if (!Admit()) return;
  const auto attribute = out_->Open(field_, (node->IsContainer() ? node->b : 16) + name.size());
  Key(name);
  AnyField(pb::KeyValue::kValueFieldNumber, node, 0);
  out_->Close(attribute);
}

void AttributeWriter::All(const Node* object) {
  if (object == nullptr || object->Kind() != Op::kObject) return;
  for (const Node* node = object->Begin(); node < object->End(); node = node->Skip()) {
    const std::string_view name = MemberName(context_, &node);
    Any({name}, node);
  }
}

}  // namespace edgespan::otlp
