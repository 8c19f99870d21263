#include "edgespan/model/json_cut.h"

namespace edgespan {
namespace {

// Reads JSON text byte by byte and knows what would close it. Containers below the deepest level end
// the reading: what is cut is cut there at the latest.
class Scan {
 public:
  bool deep() const { return depth_ == kDeepest; }
  bool in_string() const { return in_string_; }

  // Takes the next byte. Whether the text may be cut behind it.
  bool Take(uint8_t c) {
    if (in_string_) return InString(c);
    switch (c) {
      case '"':
        in_string_ = true;
        is_key_ = key_next_;
        return !is_key_;
      case '{':
      case '[':
        key_next_ = c == '{';
        closers_[depth_++] = key_next_ ? '}' : ']';
        return true;
      case '}':
      case ']':
        key_next_ = false;
        if (depth_ > 0) --depth_;
        return true;
      case ',':
        key_next_ = depth_ > 0 && closers_[depth_ - 1] == '}';
        return false;
      case ':':
        key_next_ = false;
        return false;
      default:  // of a number or a literal
        return false;
    }
  }
  // Bytes that Close() writes.
  uint32_t closing() const { return depth_ + (in_string_ ? 1 : 0); }
  uint8_t* Close(uint8_t* out) {
    if (in_string_) *out++ = '"';
    while (depth_ > 0) *out++ = closers_[--depth_];
    return out;
  }

 private:
  bool InString(uint8_t c) {
    if (escape_ > 0) {
      // Behind the backslash: one character, or u and four digits.
      escape_ = escape_ == 5 && c != 'u' ? 0 : escape_ - 1;
      return escape_ == 0 && !is_key_;
    }
    if (c == '\\') {
      escape_ = 5;
      return false;
    }
    if (c == '"') in_string_ = false;
    return !is_key_;
  }

  static constexpr uint32_t kDeepest = 128;
  uint8_t closers_[kDeepest] = {};
  uint32_t depth_ = 0;
  uint32_t escape_ = 0;  // bytes of an escape that may follow
  bool in_string_ = false;
  bool is_key_ = false;    // that string is a member's name
  bool key_next_ = false;  // the next string is
};

bool IsContinuation(uint8_t c) { return (c & 0xc0) == 0x80; }

}  // namespace

uint32_t CutJson(uint8_t* text, uint32_t bytes, uint32_t limit) {
  if (bytes <= limit) return bytes;
  uint32_t end = 0;
  Scan scan;
  for (uint32_t i = 0; i < limit && !scan.deep(); ++i) {
    // A comma ends whatever stands before it.
    if (text[i] == ',' && !scan.in_string() && scan.closing() + i <= limit) end = i;
    if (scan.Take(text[i]) && !IsContinuation(text[i + 1]) && scan.closing() + i < limit) {
      end = i + 1;
    }
  }
  // Once more, for what is open there.
  scan = Scan();
  for (uint32_t i = 0; i < end; ++i) scan.Take(text[i]);
  if (end == 0) return 0;
  return static_cast<uint32_t>(scan.Close(text + end) - text);
}

}  // namespace edgespan
