// ProtoWriter: protobuf wire format into a Buffer, with protobuf-lite's static array writers
// (WireFormatLite, CodedOutputStream), which are header-only: no message objects, no library code.
//
// A nested message whose size is not known beforehand is opened with a guess of its size: the length
// gets as many bytes as the guess needs, and the body is moved in the rare case that the guess was
// off. Out of memory is sticky in the Buffer and needs no check here. The functions are out of line:
// they are called in so many places that inlining them would double the module.
#pragma once

#include <cstdint>
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

// Write to `out`, where there is room, and return the end: a varint field; a tag and a length.
uint8_t* PutVarint(int field, uint64_t value, uint8_t* out);
uint8_t* PutLength(int field, uint32_t length, uint8_t* out);

class ProtoWriter {
 public:
  explicit ProtoWriter(Buffer* out) : out_(out) {}

  Buffer* out() { return out_; }

  void Varint(int field, uint64_t value);
  // Left out when 0, as proto3 does.
  void Count(int field, uint32_t value) {
    if (value != 0) Varint(field, value);
  }
  void Fixed64(int field, uint64_t value);
  void Fixed32(int field, uint32_t value);
  void Bytes(int field, const void* bytes, uint32_t size);
  void Text(int field, std::string_view text) {
    Bytes(field, text.data(), static_cast<uint32_t>(text.size()));
  }

  // Begins a nested message or a string of unknown length; the result goes to Close(). Until then the
  // last of the bytes kept for the length tells how many there are.
  uint32_t Open(int field, uint32_t guess);
  void Close(uint32_t body);

 private:
  Buffer* out_;
};

}  // namespace edgespan::otlp
