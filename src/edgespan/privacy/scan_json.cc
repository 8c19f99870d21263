// The JSON side of Scan. It reads leniently: what is malformed, cut, or only looks like JSON for a
// while, goes on as plain text where it stops making sense.
#include "edgespan/base/utf.h"
#include "edgespan/privacy/numbers.h"
#include "edgespan/privacy/runs.h"
#include "edgespan/privacy/scan.h"

namespace edgespan {
namespace {

bool IsSpace(uint8_t c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

constexpr uint32_t kNoHex = 1u << 16;

// The value of four hexadecimal digits; kNoHex if they are none.
uint32_t Hex(const uint8_t* at) {
  uint32_t value = 0;
  for (uint32_t i = 0; i < 4; ++i) {
    const uint8_t c = at[i];
    const uint32_t letter = (c | 0x20u) - 'a';
    const uint32_t digit = c - uint32_t{'0'} < 10 ? c & 15u : letter + 10;
    if (digit > 15) return kNoHex;
    value = value << 4 | digit;
  }
  return value;
}

// What the inside of a string means, in no more bytes than it has; the end is returned. A half of a
// surrogate pair becomes U+FFFD, as everywhere.
uint8_t* Unescape(const uint8_t* at, const uint8_t* end, uint8_t* out) {
  while (at < end) {
    const uint32_t plain = NextQuote(at, 0, static_cast<uint32_t>(end - at));
    CopyBytes(out, at, plain);
    out += plain;
    at += plain;
    if (end - at < 2) break;
    const uint8_t letter = at[1];
    uint32_t c = *at == '\\' && letter == 'u' && end - at >= 6 ? Hex(at + 2) : kNoHex;
    if (c == kNoHex) {
      const uint8_t meant = letter == 'n'   ? '\n'
                            : letter == 't' ? '\t'
                            : letter == 'r' ? '\r'
                            : letter == 'b' ? '\b'
                            : letter == 'f' ? '\f'
                                            : letter;
      *out++ = *at == '\\' ? meant : *at;
      at += *at == '\\' ? 2 : 1;
      continue;
    }
    at += 6;
    if ((c & 0xf800) == 0xd800) {
      const bool pair = c < 0xdc00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u';
      const uint32_t low = pair ? Hex(at + 2) : 0;
      const bool whole = (low & 0xfc00) == 0xdc00;
      c = whole ? 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff)) : 0xfffd;
      at += whole ? 6 : 0;
    }
    if (c < 0x80) {
      *out++ = static_cast<uint8_t>(c);
      continue;
    }
    uint32_t shift = c < 0x800 ? 6 : c < 0x10000 ? 12 : 18;
    *out++ = static_cast<uint8_t>((c < 0x800 ? 0xc0 : c < 0x10000 ? 0xe0 : 0xf0) | c >> shift);
    do {
      shift -= 6;
      *out++ = static_cast<uint8_t>(0x80 | (c >> shift & 0x3f));
    } while (shift != 0);
  }
  return out;
}

}  // namespace

uint32_t Scan::SkipSpace(uint32_t at) const {
  while (at < view_.end && IsSpace(text_[at])) ++at;
  return at;
}

// From a bracket, or a quote, to what closes it, or to where it is no JSON.
uint32_t Scan::Json(uint32_t at) {
  uint32_t depth = 0;
  uint32_t colon = view_.end;  // the last; none yet
  do {
    const uint8_t c = text_[at];
    if (c == '"') {
      at = Member(at);
    } else if ((c | 0x20) == '{') {
      ++depth;
      ++at;
    } else if ((c | 0x20) == '}') {
      --depth;
      ++at;
    } else if (IsSpace(c) || c == ',' || c == ':') {
      if (c == ':') colon = at;
      ++at;
    } else {
      const uint32_t end = Literal(at);
      // Plain text again, whose rules begin with the colon: of a URL, of a setting.
      if (end == at) return colon + 1 == at ? colon : at;
      at = end;
    }
  } while (depth != 0 && at < view_.end);
  return at;
}

// A number, true, false or null: where it ends; `at` if it is none of these. Some numbers are redacted.
uint32_t Scan::Literal(uint32_t at) {
  if (!Is(text_[at], kDigit) && text_[at] != '-') {
    const uint32_t letters = view_.Has(at, "true") || view_.Has(at, "null") ? 4
                             : view_.Has(at, "false")                       ? 5
                                                                            : 0;
    return Is(view_[at + letters], kWord) ? at : at + letters;
  }
  // A colour, of a terminal (ECMA-48): what follows is a word of its own.
  uint32_t end = at;
  while (Is(view_[end], kDigit) || view_[end] == ';') ++end;
  if (view_[end] == 'm') return end + 1;
  end = at;
  while (Is(view_[end], kDigit) || view_[end] == '-' || view_[end] == '+' || view_[end] == '.' ||
         (view_[end] | 0x20) == 'e') {
    ++end;
  }
  // In JSON something closes or parts; else it may be the begin of a longer number.
  const uint32_t next = SkipSpace(end);
  if (next < view_.end && text_[next] != ',' && (text_[next] | 0x20) != '}') return at;
  const NumberMatch match = MatchNumber(view_, at, false);
  if (match.end == end && Wants(match.finding)) {
    ++redactor_->found_;
    Cut(at, end);
    AppendQuoted(match.finding, Text(at, end));
  }
  return end;
}

// In the place of a value. Not in what only looks like one, within a string: that ends before the text.
void Scan::AppendQuoted(Finding finding, std::string_view value) {
  const bool within = view_.end < size_;
  if (!within) out_->AppendByte('"');
  redactor_->Replace(finding, value, out_);
  if (!within) out_->AppendByte('"');
}

// An empty buffer for this many bytes, or none.
bool Scan::Prepare(Buffer* buffer, uint32_t bytes) {
  if (buffer->arena() == nullptr || buffer->failed()) {
    buffer->Discard();
    *buffer = Buffer();
    if (!buffer->Init(redactor_->arena_, bytes)) {
      *buffer = Buffer();
      return false;
    }
  }
  buffer->Truncate(0);
  return buffer->Reserve(bytes) != nullptr && !buffer->failed();
}

Scan::Token Scan::ReadString(uint32_t at) const {
  Token token = {at + 1, at + 1, 0, false};
  for (;;) {
    token.end = NextQuote(text_, token.end, view_.end);
    if (token.end == view_.end || text_[token.end] == '"') break;
    token.escaped = true;
    token.end = view_.end - token.end < 2 ? view_.end : token.end + 2;
  }
  token.next = token.end < view_.end ? token.end + 1 : token.end;
  return token;
}

// A string; if it is a name, with its value if that must go.
uint32_t Scan::Member(uint32_t at) {
  const Token token = ReadString(at);
  const uint32_t colon = SkipSpace(token.next);
  bool sensitive = false;
  if (view_[colon] == ':' && colon < view_.end) {
    const std::string_view name = Meaning(token);
    // A name that cannot be read may be one.
    sensitive =
        redactor_->IsSensitiveKey(name) || (name.data() == nullptr && Wants(Finding::kKeyed));
  }
  String(token);
  return sensitive ? Value(SkipSpace(colon + 1)) : token.next;
}

// A value under a sensitive name: replaced by a string, whatever it is, but for null.
uint32_t Scan::Value(uint32_t at) {
  uint32_t end = at;
  std::string_view meaning;
  if (view_[at] == '"') {
    const Token token = ReadString(at);
    end = token.next;
    meaning = Meaning(token);
    if (token.begin == token.end) return end;
    if (meaning.data() == nullptr) {
      Withhold(token.begin, token.end);
      return end;
    }
  } else if ((view_[at] | 0x20) == '{') {
    uint32_t depth = 0;
    do {
      const uint8_t c = text_[end];
      if ((c | 0x20) == '{') ++depth;
      if ((c | 0x20) == '}') --depth;
      end = c == '"' ? ReadString(end).next : end + 1;
    } while (depth != 0 && end < view_.end);
    meaning = Text(at, end);
  } else {
    // No JSON. The mark of a text that was cut here is no value.
    if (Is(view_[at], kWord | kBase64)) end = ValueEnd(at, view_.end);
    meaning = Text(at, end);
    if (end == at || view_.Has(at, "null")) return end;
  }
  ++redactor_->found_;
  Cut(at, end);
  AppendQuoted(Finding::kKeyed, meaning);
  return end;
}

// What a string means: in the text itself, or in this level's buffer. Without data: it cannot be read.
std::string_view Scan::Meaning(const Token& token) {
  if (!token.escaped) return Text(token.begin, token.end);
  if (level_ == Redactor::kMaxLevels) return {};
  Buffer* const buffer = &redactor_->meant_[level_];
  const uint32_t bytes = token.end - token.begin;
  if (!Prepare(buffer, bytes)) return {};
  uint8_t* const begin = buffer->Reserve(bytes);
  buffer->Advance(Unescape(text_ + token.begin, text_ + token.end, begin));
  return {reinterpret_cast<const char*>(buffer->data()), buffer->size()};
}

void Scan::AppendEscaped(std::string_view text) {
  constexpr uint32_t kChunk = 512;
  while (!text.empty()) {
    const auto n = static_cast<uint32_t>(text.size() < kChunk ? text.size() : kChunk);
    uint8_t* const out = out_->Reserve(6 * kChunk);
    out_->Advance(EscapeJson(reinterpret_cast<const uint8_t*>(text.data()), n, out));
    text.remove_prefix(n);
  }
}

// The inside of a string: as it stands, or by what it means.
void Scan::String(const Token& token) {
  if (!token.escaped) return Plain(token.begin, token.end, token.begin);
  const std::string_view meaning = Meaning(token);
  if (meaning.data() == nullptr) return Withhold(token.begin, token.end);
  Buffer* const left = &redactor_->left_[level_];
  if (!Prepare(left, 0)) return Withhold(token.begin, token.end);
  if (!Scan(redactor_, meaning, level_ + 1, left).Run(0)) return;
  if (left->failed()) return Withhold(token.begin, token.end);
  Cut(token.begin, token.end);
  AppendEscaped({reinterpret_cast<const char*>(left->data()), left->size()});
}

}  // namespace edgespan
