#include "edgespan/model/json_text.h"

#include "edgespan/base/utf.h"
#include "edgespan/model/guard.h"

namespace edgespan {
namespace {

using tape::Op;

constexpr uint32_t kEscapeChunk = 512;  // 6 * kEscapeChunk fits Buffer::kSafeReserve

}  // namespace

std::string_view MemberName(const RecordContext& context, const Node** node) {
  const Node* const member = *node;
  if (member->Kind() != Op::kKey) return context.keys->Name(member->key);
  ++*node;
  return SpellingOf(*context.arena, member);
}

const Node* FindNamed(const RecordContext& context, const Node* object, std::string_view name) {
  if (object == nullptr || object->Kind() != Op::kObject) return nullptr;
  for (const Node* node = object->Begin(); node < object->End(); node = node->Skip()) {
    if (SameText(MemberName(context, &node), name)) return node;
  }
  return nullptr;
}

void JsonText::String(std::string_view text) {
  if (context_.guard != nullptr) text = context_.guard->Show(text, 0);
  Escaped(text);
}

void JsonText::Number(std::string_view text) {
  std::string_view shown = text;
  if (context_.guard != nullptr) shown = context_.guard->Show(text, 0);
  // Arguments of tools are spelled like this, too (semconv/messages.cc): JSON, which stays JSON.
  if (shown.data() == text.data() || text.front() == '{' || text.front() == '[') {
    return out_->AppendText(shown);
  }
  Escaped(shown);
}

void JsonText::Member(const Node** node) {
  if (context_.guard != nullptr && Guarded(node)) return;
  Escaped(MemberName(context_, node));
  out_->AppendByte(':');
  Value(*node);
}

bool JsonText::Guarded(const Node** node) {
  Guard* const guard = context_.guard;
  const Node* value = *node;
  const uint32_t id = value->key;
  if ((id == 0 && value->Kind() != Op::kKey) || guard->Shows(id, false)) return false;
  const std::string_view name = MemberName(context_, &value);
  const uint32_t veil = guard->VeilOf(id, name, value, /*content=*/false);
  if (veil == 0) return false;
  *node = value;
  Escaped((veil & kUnnamed) != 0 ? guard->name() : name);
  out_->AppendByte(':');
  const bool null = value->Kind() == Op::kLiteral && value->a == 0;
  if ((veil & kSensitive) == 0 || null) {
    Value(value);
  } else {
    Escaped(Veiled(value, kSensitive));
  }
  return true;
}

std::string_view JsonText::Veiled(const Node* node, uint32_t veil) {
  const std::string_view text = SpellingOf(*context_.arena, node);
  const uint32_t begin = out_->size();
  if (!text.empty() || (veil & kSensitive) == 0) return context_.guard->Show(text, veil);
  // What has no spelling is told by its JSON: its digest is its own.
  Value(node);
  if (out_->failed()) return {};
  const char* const json = reinterpret_cast<const char*>(out_->data()) + begin;
  const std::string_view shown = context_.guard->Show({json, out_->size() - begin}, veil);
  out_->Truncate(begin);
  return shown;
}

void JsonText::Escaped(std::string_view text) {
  const uint8_t* source = reinterpret_cast<const uint8_t*>(text.data());
  uint32_t left = static_cast<uint32_t>(text.size());
  uint8_t* out = out_->Reserve(6 * kEscapeChunk + 2);
  *out++ = '"';
  for (;;) {
    const uint32_t n = left < kEscapeChunk ? left : kEscapeChunk;
    out = EscapeJson(source, n, out);
    source += n;
    left -= n;
    if (left == 0) break;
    out_->Advance(out);
    out = out_->Reserve(6 * kEscapeChunk + 2);
  }
  *out++ = '"';
  out_->Advance(out);
}

void JsonText::Integer(int64_t value) {
  constexpr uint32_t kMost = 20;
  uint8_t digits[kMost + kTextSlack];
  uint32_t n = kMost;
  uint64_t magnitude = static_cast<uint64_t>(value);
  if (value < 0) magnitude = 0 - magnitude;
  do {
    digits[--n] = static_cast<uint8_t>('0' + magnitude % 10);
    magnitude /= 10;
  } while (magnitude != 0);
  if (value < 0) digits[--n] = '-';
  Number({reinterpret_cast<const char*>(digits) + n, kMost - n});
}

// RFC 4648, section 4.
void JsonText::Base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = i; k < i + 3; ++k) {
      group = group << 8 | (k < bytes.size() ? static_cast<uint8_t>(bytes[k]) : 0u);
    }
    for (size_t k = i; k < i + 4; ++k, group <<= 6) {
      const bool digit = k <= bytes.size();
      out_->AppendByte(static_cast<uint8_t>(digit ? kDigits[group >> 18 & 63] : '='));
    }
  }
}

void JsonText::Bare(const Node* node) {
  const std::string_view text = SpellingOf(*context_.arena, node);
  if (text.empty() && node->Kind() != Op::kString) return Value(node);
  out_->AppendText(text);
}

void JsonText::Members(const Node* node, char open, char close) {
  const Node* const end = node->End();
  char before = open;
  for (node = node->Begin(); node < end; node = node->Skip()) {
    if (context_.guard != nullptr && node->key == kKeyEdgespanContent) [[unlikely]]
      continue;
    uint8_t* out = out_->Reserve(KeyTable::kMaxBytes + 6 + 6 * kEscapeChunk);
    *out++ = static_cast<uint8_t>(before);
    before = ',';
    if (context_.guard != nullptr) [[unlikely]] {
      out_->Advance(out);
      if (Guarded(&node)) continue;
      out = out_->Reserve(KeyTable::kMaxBytes + 6 + 6 * kEscapeChunk);
    }
    if (node->key != 0) {
      // Interned keys need no escaping.
      const std::string_view key = context_.keys->Name(node->key);
      const uint32_t bytes = static_cast<uint32_t>(key.size());
      *out++ = '"';
      CopyBytes(out, key.data(), bytes);
      out += bytes;
      *out++ = '"';
      *out++ = ':';
    }
    if (node->Kind() == Op::kString && node->b <= kEscapeChunk && context_.guard == nullptr) {
      // As String() would, in the room that is there already.
      *out++ = '"';
      out = EscapeJson(context_.arena->At(node->a), node->b, out);
      *out++ = '"';
      out_->Advance(out);
      continue;
    }
    out_->Advance(out);
    if (node->Kind() == Op::kKey) {
      Escaped(MemberName(context_, &node));
      out_->AppendByte(':');
    }
    Value(node);
  }
  uint8_t* out = out_->Reserve(2);
  if (before == open) *out++ = static_cast<uint8_t>(open);
  *out++ = static_cast<uint8_t>(close);
  out_->Advance(out);
}

void JsonText::Value(const Node* node) {
  static constexpr std::string_view kLiterals[] = {"null", "false", "true"};
  if (node->Kind() == Op::kString) return String({context_.arena->At<char>(node->a), node->b});
  if (node->Kind() == Op::kObject) return Members(node, '{', '}');
  if (node->Kind() == Op::kArray) return Members(node, '[', ']');
  const std::string_view text = SpellingOf(*context_.arena, node);
  switch (node->Kind()) {
    case Op::kInt64:
      return Integer(node->Integer());
    case Op::kNumber:
      return text.empty() ? out_->AppendText(kLiterals[0]) : Number(text);
    case Op::kDate:
      return text.empty() ? out_->AppendText(kLiterals[0]) : Escaped(text);
    case Op::kBytes:
      out_->AppendByte('"');
      Base64(text);
      return out_->AppendByte('"');
    default:  // kLiteral
      return out_->AppendText(kLiterals[node->a]);
  }
}

}  // namespace edgespan
