#include "edgespan/otlp/writer.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstring>

namespace edgespan::otlp {
namespace {

using Wire = google::protobuf::internal::WireFormatLite;
using Stream = google::protobuf::io::CodedOutputStream;

constexpr uint32_t kMaxHead = 16;  // a tag and a varint, or a fixed value

[[gnu::noinline]] uint8_t* PutLong(uint64_t value, uint8_t* out) {
  return Stream::WriteVarint64ToArray(value, out);
}

// A varint; nearly all tags, lengths and numbers are one byte. In line, so that PutLong() stays out of it
// (see AppendByte() in base/buffer.cc), where that is asked of each attribute.
[[gnu::always_inline]] inline uint8_t* Put(uint64_t value, uint8_t* out) {
  if (value >= 0x80) [[unlikely]]
    return PutLong(value, out);
  *out = static_cast<uint8_t>(value);
  return out + 1;
}

}  // namespace

uint8_t* PutVarint(int field, uint64_t value, uint8_t* out) {
  return Put(value, Put(Wire::MakeTag(field, Wire::WIRETYPE_VARINT), out));
}

uint8_t* PutLength(int field, uint32_t length, uint8_t* out) {
  return Put(length, Put(Wire::MakeTag(field, Wire::WIRETYPE_LENGTH_DELIMITED), out));
}

void ProtoWriter::Varint(int field, uint64_t value) {
  out_->Advance(PutVarint(field, value, out_->Reserve(kMaxHead)));
}

void ProtoWriter::Fixed64(int field, uint64_t value) {
  uint8_t* const out =
      PutLong(Wire::MakeTag(field, Wire::WIRETYPE_FIXED64), out_->Reserve(kMaxHead));
  out_->Advance(Wire::WriteFixed64NoTagToArray(value, out));
}

void ProtoWriter::Fixed32(int field, uint32_t value) {
  uint8_t* const out =
      PutLong(Wire::MakeTag(field, Wire::WIRETYPE_FIXED32), out_->Reserve(kMaxHead));
  out_->Advance(Wire::WriteFixed32NoTagToArray(value, out));
}

[[gnu::noinline]] void ProtoWriter::Bytes(int field, const void* bytes, uint32_t size) {
  uint8_t* out = out_->Reserve(kMaxHead + size);
  if (out == nullptr) [[unlikely]]
    return;  // failed() says so.
  out = PutLength(field, size, out);
  CopyBytes(out, bytes, size);
  out_->Advance(out + size);
}

[[gnu::noinline]] uint32_t ProtoWriter::Open(int field, uint32_t guess) {
  const uint32_t width = VarintSize(guess);
  uint8_t* const out =
      Put(Wire::MakeTag(field, Wire::WIRETYPE_LENGTH_DELIMITED), out_->Reserve(kMaxHead)) + width;
  out[-1] = static_cast<uint8_t>(width);
  out_->Advance(out);
  return out_->size();
}

[[gnu::noinline]] void ProtoWriter::Close(uint32_t body) {
  out_->Reserve(kMaxHead);
  if (out_->failed()) return;
  const uint32_t size = out_->size() - body;
  uint8_t* const at = out_->data() + body;
  uint8_t* const length = at - at[-1];
  uint8_t* const moved = length + VarintSize(size);
  if (moved != at) [[unlikely]] {
    std::memmove(moved, at, size);
    out_->Advance(moved + size);
  }
  PutLong(size, length);
}

}  // namespace edgespan::otlp
