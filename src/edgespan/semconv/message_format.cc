// MessageWriter, the part that writes the pieces of a format: as JSON, or as attributes with an index.
#include "edgespan/semconv/message_format.h"

#include "edgespan/semconv/messages.h"

namespace edgespan {
namespace {

[[gnu::noinline]] char* PutNumber(uint32_t value, char* to) {
  uint32_t unit = 1;
  while (value / unit >= 10) unit *= 10;
  for (; unit != 0; unit /= 10) *to++ = static_cast<char>('0' + value / unit % 10);
  return to;
}

}  // namespace

[[gnu::noinline]] void MessageWriter::EmitIndexed(const char* piece, const Node* a, const Node* b,
                                                  const Node* c) {
  for (bool json = true;;) {
    const uint32_t head = static_cast<uint8_t>(*piece++);
    const char* const end = piece + (head & form::kLength);
    if (json) {
      json = (head & form::kEnd) == 0;
      piece = end;
      continue;
    }
    char name[128];  // prefix, three numbers, a piece
    char* to = name;
    if (piece != end && *piece == '^') {
      ++piece;
      ++messages_;
      calls_ = contents_ = responses_ = 0;
    }
    for (char letter : prefix_) *to++ = letter;
    to = PutNumber(messages_ - 1, to);
    *to++ = '.';
    std::string_view text;
    bool left_out = false;
    for (; piece != end; ++piece) {
      if (*piece == '<' || *piece == '>') {
        left_out = brief_ && *piece == '<';
      } else if (*piece == '=') {
        text = {piece + 1, static_cast<size_t>(end - piece - 1)};
        break;
      } else if (*piece == '#' || *piece == '%') {
        to = PutNumber(*piece == '#' ? calls_ : contents_, to);
      } else if (!left_out) {
        *to++ = *piece;
      }
    }
    piece = end;
    const bool has_value = (head & form::kValue) != 0;
    if (has_value ? a != nullptr : !text.empty()) {
      put_(to_, {name, static_cast<size_t>(to - name)}, has_value ? a : nullptr, text);
    }
    if (has_value) {
      a = b;
      b = c;
    }
    if ((head & form::kEnd) != 0) return;
  }
}

// A piece in front of a value is left out with it where there is none.
[[gnu::noinline]] void MessageWriter::Emit(const char* piece, const Node* a, const Node* b,
                                           const Node* c) {
  if (put_ != nullptr) return EmitIndexed(piece, a, b, c);
  for (;;) {
    const uint32_t head = static_cast<uint8_t>(*piece++);
    const uint32_t length = head & form::kLength;
    if ((head & form::kValue) == 0) {
      json_.Raw({piece, length});
    } else {
      if (a != nullptr) {
        json_.Raw({piece, length});
        json_.Value(a);
      }
      a = b;
      b = c;
    }
    if ((head & form::kEnd) != 0) return;
    piece += length;
  }
}

// The end of a list.
[[gnu::noinline]] void MessageWriter::Close(const char* end) {
  if (put_ != nullptr) return;
  const uint32_t size = out_->size();
  if (size != 0 && out_->data()[size - 1] == ',') out_->Truncate(size - 1);
  Emit(end);
}

}  // namespace edgespan
