// ProtoWriter: protobuf wire format into a Buffer, with protobuf-lite's static array writers
// (WireFormatLite, CodedOutputStream), which are header-only: no message objects, no library code.
//
// A nested message whose size is not known beforehand is opened with a guess of its size: the length
// gets as many bytes as the guess needs, and the body is moved in the rare case that the guess was
// off. Out of memory is sticky in the Buffer and needs no check here. The functions stay out of line:
// they are called in so many places that inlining them would double the module.
#pragma once

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstdint>
#include <cstring>
#include <string_view>

#include "edgespan/base/buffer.h"

namespace edgespan::otlp {

// Bytes of a varint.
constexpr uint32_t VarintSize(uint64_t value) {
  // 7 bits a byte: ceil(bits / 7) without a division, as protobuf computes it.
  const uint32_t log2 = 63u ^ static_cast<uint32_t>(__builtin_clzll(value | 1));
  return (log2 * 9 + 73) / 64;
}
// Bytes of a length-delimited field of one tag byte.
constexpr uint32_t FieldSize(uint32_t body) { return 1 + VarintSize(body) + body; }

class ProtoWriter {
  using Wire = google::protobuf::internal::WireFormatLite;
  using Stream = google::protobuf::io::CodedOutputStream;

 public:
  explicit ProtoWriter(Buffer* out) : out_(out) {}

  Buffer* out() { return out_; }

  [[gnu::noinline]] void Varint(int field, uint64_t value) {
    uint8_t* const p = Wire::WriteTagToArray(field, Wire::WIRETYPE_VARINT, out_->Reserve(16));
    out_->Advance(Stream::WriteVarint64ToArray(value, p));
  }
  // Left out when 0, as proto3 does.
  void Count(int field, uint32_t value) {
    if (value != 0) Varint(field, value);
  }
  [[gnu::noinline]] void Fixed64(int field, uint64_t value) {
    out_->Advance(Wire::WriteFixed64ToArray(field, value, out_->Reserve(16)));
  }
  [[gnu::noinline]] void Fixed32(int field, uint32_t value) {
    out_->Advance(Wire::WriteFixed32ToArray(field, value, out_->Reserve(16)));
  }
  [[gnu::noinline]] void Length(int field, uint32_t bytes) {
    uint8_t* const p =
        Wire::WriteTagToArray(field, Wire::WIRETYPE_LENGTH_DELIMITED, out_->Reserve(16));
    out_->Advance(Stream::WriteVarint32ToArray(bytes, p));
  }
  [[gnu::noinline]] void Bytes(int field, const void* bytes, uint32_t size) {
    Length(field, size);
    out_->Append(bytes, size);
  }
  void Text(int field, std::string_view text) {
    Bytes(field, text.data(), static_cast<uint32_t>(text.size()));
  }

  // Begins a nested message or a string of unknown length; the result goes to Close(). Until then the
  // last of the bytes kept for the length tells how many there are.
  [[gnu::noinline]] uint32_t Open(int field, uint32_t guess) {
    uint8_t* p = Wire::WriteTagToArray(field, Wire::WIRETYPE_LENGTH_DELIMITED, out_->Reserve(16));
    const uint32_t width = VarintSize(guess);
    p += width;
    p[-1] = static_cast<uint8_t>(width);
    out_->Advance(p);
    return out_->size();
  }
  [[gnu::noinline]] void Close(uint32_t body) {
    out_->Reserve(16);
    if (out_->failed()) return;
    const uint32_t size = out_->size() - body;
    uint8_t* const at = out_->data() + body;
    uint8_t* const length = at - at[-1];
    uint8_t* const moved = length + VarintSize(size);
    if (moved != at) [[unlikely]] {
      std::memmove(moved, at, size);
      out_->Advance(moved + size);
    }
    Stream::WriteVarint32ToArray(size, length);
  }

 private:
  Buffer* out_;
};

}  // namespace edgespan::otlp
