#include "edgespan/model/json_text.h"

#include "edgespan/base/utf.h"

namespace edgespan {
namespace {

using tape::Op;

constexpr uint32_t kEscapeChunk = 512;  // 6 * kEscapeChunk fits Buffer::kSafeReserve

// ECMA-262, section 21.4.1.1: what a Date can hold; NaN is an invalid Date.
bool IsTime(double ms) { return ms >= -8.64e15 && ms <= 8.64e15; }

// `digits` digits of `value`, zero-padded.
uint8_t* WritePadded(uint32_t value, uint32_t digits, uint8_t* out) {
  for (uint32_t i = digits; i-- > 0; value /= 10) out[i] = static_cast<uint8_t>('0' + value % 10);
  return out + digits;
}

}  // namespace

std::string_view MemberName(const RecordContext& context, const Node** node) {
  const Node* const member = *node;
  if (member->Kind() != Op::kKey) return context.keys->Name(member->key);
  ++*node;
  return {reinterpret_cast<const char*>(context.arena->At(member->a)), member->b};
}

uint8_t* WriteDecimal(uint64_t value, uint8_t* out) {
  uint8_t digits[20];
  uint32_t n = 0;
  do {
    digits[n++] = static_cast<uint8_t>('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (n > 0) *out++ = digits[--n];
  return out;
}

void JsonText::Escaped(std::string_view text) {
  const uint8_t* source = reinterpret_cast<const uint8_t*>(text.data());
  uint32_t left = static_cast<uint32_t>(text.size());
  while (left > 0) {
    const uint32_t n = left < kEscapeChunk ? left : kEscapeChunk;
    out_->Advance(EscapeJson(source, n, out_->Reserve(6 * n)));
    source += n;
    left -= n;
  }
}

void JsonText::String(std::string_view text) {
  out_->AppendByte('"');
  Escaped(text);
  out_->AppendByte('"');
}

void JsonText::Integer(int64_t value) {
  uint8_t* out = out_->Reserve(24);
  uint64_t magnitude = static_cast<uint64_t>(value);
  if (value < 0) {
    *out++ = '-';
    magnitude = 0 - magnitude;
  }
  out_->Advance(WriteDecimal(magnitude, out));
}

// ECMA-262, section 21.4.1.32 (Date Time String Format): four-digit years, others signed with six.
void JsonText::IsoDate(double ms) {
  if (!IsTime(ms)) return out_->AppendText("null");
  const int64_t time = static_cast<int64_t>(ms);
  int64_t days = time / 86400000;
  int64_t rest = time % 86400000;
  if (rest < 0) {
    rest += 86400000;
    --days;
  }
  // Civil date from days since 1970-01-01, counting years from March so that leap days come last.
  const int64_t shifted = days + 719468;
  const int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  const uint32_t day_of_era = static_cast<uint32_t>(shifted - era * 146097);
  const uint32_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const uint32_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const uint32_t shifted_month = (5 * day_of_year + 2) / 153;
  const uint32_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  const uint32_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  const uint32_t in_day = static_cast<uint32_t>(rest);

  uint8_t* out = out_->Reserve(40);
  if (year >= 0 && year <= 9999) {
    out = WritePadded(static_cast<uint32_t>(year), 4, out);
  } else {
    *out++ = year < 0 ? '-' : '+';
    out = WritePadded(static_cast<uint32_t>(year < 0 ? -year : year), 6, out);
  }
  *out++ = '-';
  out = WritePadded(month, 2, out);
  *out++ = '-';
  out = WritePadded(day, 2, out);
  *out++ = 'T';
  out = WritePadded(in_day / 3600000, 2, out);
  *out++ = ':';
  out = WritePadded(in_day / 60000 % 60, 2, out);
  *out++ = ':';
  out = WritePadded(in_day / 1000 % 60, 2, out);
  *out++ = '.';
  out = WritePadded(in_day % 1000, 3, out);
  *out++ = 'Z';
  out_->Advance(out);
}

void JsonText::Base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t left = bytes.size() - i;
    const auto byte = [&](size_t k) {
      return k < left ? static_cast<uint32_t>(static_cast<uint8_t>(bytes[i + k])) : 0;
    };
    const uint32_t group = byte(0) << 16 | byte(1) << 8 | byte(2);
    uint8_t* const out = out_->Reserve(4);
    for (uint32_t k = 0; k < 4; ++k) {
      out[k] = static_cast<uint8_t>(k <= left ? kDigits[group >> (18 - 6 * k) & 63] : '=');
    }
    out_->Advance(out + 4);
  }
}

void JsonText::Bare(const Node* node) {
  switch (node->Kind()) {
    case Op::kString:
      out_->AppendText(TextOf(*context_.arena, node));
      break;
    case Op::kDate:
      IsoDate(node->Number());
      break;
    case Op::kObject:
    case Op::kArray:
      break;
    default:
      Value(node);
  }
}

void JsonText::Members(const Node* node, const Node* end, bool object) {
  bool first = true;
  while (node < end) {
    uint8_t* out = out_->Reserve(KeyTable::kMaxBytes + 8);
    if (!first) *out++ = ',';
    first = false;
    if (object) {
      *out++ = '"';
      if (node->Kind() == Op::kKey) {
        out_->Advance(out);
        Escaped({reinterpret_cast<const char*>(context_.arena->At(node->a)), node->b});
        out = out_->Reserve(8);
        ++node;
      } else {
        const std::string_view key = context_.keys->Name(node->key);
        const uint32_t bytes = static_cast<uint32_t>(key.size());
        CopyBytes(out, key.data(), bytes);
        out += bytes;
      }
      *out++ = '"';
      *out++ = ':';
    }
    out_->Advance(out);
    Value(node);
    node = node->Skip();
  }
}

void JsonText::Value(const Node* node) {
  switch (node->Kind()) {
    case Op::kObject:
      out_->AppendByte('{');
      Members(node->Begin(), node->End(), true);
      out_->AppendByte('}');
      break;
    case Op::kArray:
      out_->AppendByte('[');
      Members(node->Begin(), node->End(), false);
      out_->AppendByte(']');
      break;
    case Op::kString:
      String(TextOf(*context_.arena, node));
      break;
    case Op::kInt64:
      Integer(static_cast<int64_t>(node->Bits()));
      break;
    case Op::kNumber:
      if (node->b > 0) {
        out_->Append(context_.arena->At(node->a) + sizeof(double), node->b);
      } else {
        out_->AppendText("null");
      }
      break;
    case Op::kDate: {
      const double ms = node->Number();
      const bool valid = IsTime(ms);
      if (valid) out_->AppendByte('"');
      IsoDate(ms);
      if (valid) out_->AppendByte('"');
      break;
    }
    case Op::kBytes:
      out_->AppendByte('"');
      Base64({reinterpret_cast<const char*>(context_.arena->At(node->a)), node->b});
      out_->AppendByte('"');
      break;
    default: {  // kLiteral
      constexpr std::string_view kLiterals[] = {"null", "false", "true"};
      out_->AppendText(kLiterals[node->a]);
    }
  }
}

}  // namespace edgespan
