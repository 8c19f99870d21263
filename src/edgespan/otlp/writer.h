// ProtoWriter: protobuf wire format into a Buffer, with protobuf-lite's static array writers
// (WireFormatLite, CodedOutputStream), which are header-only: no message objects, no library code.
//
// A nested message whose size is not known beforehand is opened with a guess of its size: the length
// gets as many bytes as the guess needs, and the body is moved in the rare case that the guess was
// off. Out of memory is sticky in the Buffer and needs no check here.
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
    uint8_t* p = Wire::WriteTagToArray(field, Wire::WIRETYPE_VARINT, out_->Reserve(16));
    out_->Advance(Stream::WriteVarint64ToArray(value, p));
  }
  [[gnu::noinline]] void Fixed64(int field, uint64_t value) {
    out_->Advance(Wire::WriteFixed64ToArray(field, value, out_->Reserve(16)));
  }
  [[gnu::noinline]] void Fixed32(int field, uint32_t value) {
    out_->Advance(Wire::WriteFixed32ToArray(field, value, out_->Reserve(16)));
  }
  void Double(int field, double value) {
    Fixed64(field, __builtin_bit_cast(uint64_t, value));
  }
  [[gnu::noinline]] void Length(int field, uint32_t bytes) {
    uint8_t* p = Wire::WriteTagToArray(field, Wire::WIRETYPE_LENGTH_DELIMITED, out_->Reserve(16));
    out_->Advance(Stream::WriteVarint32ToArray(bytes, p));
  }
  [[gnu::noinline]] void Bytes(int field, const void* bytes, uint32_t size) {
    Length(field, size);
    out_->Append(bytes, size);
  }
  void Text(int field, std::string_view text) {
    Bytes(field, text.data(), static_cast<uint32_t>(text.size()));
  }

  // A nested message or a string of unknown length.
  struct Nested {
    uint32_t body;   // position of its first byte
    uint32_t width;  // bytes kept for the length
  };
  [[gnu::noinline]] Nested Open(int field, uint32_t guess) {
    uint8_t* p = Wire::WriteTagToArray(field, Wire::WIRETYPE_LENGTH_DELIMITED, out_->Reserve(16));
    const uint32_t width = VarintSize(guess);
    out_->Advance(p + width);
    return {out_->size(), width};
  }
  [[gnu::noinline]] void Close(const Nested& nested) {
    if (out_->failed()) return;
    const uint32_t size = out_->size() - nested.body;
    const uint32_t width = VarintSize(size);
    if (width != nested.width) [[unlikely]] Move(nested, size, width);
    Stream::WriteVarint32ToArray(size, out_->data() + nested.body - nested.width);
  }

 private:
  void Move(const Nested& nested, uint32_t size, uint32_t width) {
    out_->Reserve(16);
    if (out_->failed()) return;
    uint8_t* const body = out_->data() + nested.body;
    std::memmove(body - nested.width + width, body, size);
    out_->Advance(body - nested.width + width + size);
  }

  Buffer* out_;
};

}  // namespace edgespan::otlp
