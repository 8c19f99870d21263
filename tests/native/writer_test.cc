// ProtoWriter against protobuf's own reader: every field kind, and lengths guessed right and wrong.
#include "edgespan/otlp/writer.h"

#include <string>

#include <catch2/catch.hpp>

#include "edgespan/otlp/otlp.pb.h"
#include "tests/support/record_lab.h"

namespace edgespan::otlp {
namespace {

using Stream = google::protobuf::io::CodedOutputStream;
using testing::RecordLab;

TEST_CASE("writer: sizes of varints") {
  for (uint32_t bits = 0; bits < 64; ++bits) {
    for (const uint64_t value : {uint64_t{1} << bits, (uint64_t{1} << bits) - 1}) {
      CHECK(VarintSize(value) == Stream::VarintSize64(value));
    }
  }
  CHECK(VarintSize(~uint64_t{0}) == 10);
  CHECK(FieldSize(0) == 2);
  CHECK(FieldSize(127) == 129);
  CHECK(FieldSize(128) == 131);
}

TEST_CASE("writer: fields of every wire type") {
  RecordLab lab;
  const std::string bytes = lab.Written([](Buffer* out) {
    ProtoWriter writer(out);
    writer.Bytes(pb::Span::kTraceIdFieldNumber, "0123456789abcdef", 16);
    writer.Text(pb::Span::kNameFieldNumber, "n\xc3\xa4me");
    writer.Varint(pb::Span::kKindFieldNumber, 3);
    writer.Fixed64(pb::Span::kStartTimeUnixNanoFieldNumber, 0x0123456789abcdef);
    writer.Count(pb::Span::kDroppedAttributesCountFieldNumber, 0xffffffff);
    writer.Count(pb::Span::kDroppedEventsCountFieldNumber, 0);
    writer.Fixed32(pb::Span::kFlagsFieldNumber, 0x89abcdef);
  });
  pb::Span span;
  REQUIRE(span.ParseFromString(bytes));
  CHECK(span.trace_id() == "0123456789abcdef");
  CHECK(span.name() == "n\xc3\xa4me");
  CHECK(span.kind() == pb::Span::SPAN_KIND_CLIENT);
  CHECK(span.start_time_unix_nano() == 0x0123456789abcdef);
  CHECK(span.dropped_attributes_count() == 0xffffffff);
  CHECK(span.flags() == 0x89abcdef);
  CHECK(span.SerializeAsString() == bytes);  // so the zero count took no byte
}

TEST_CASE("writer: a length guessed too small, right and too large") {
  const uint32_t sizes[] = {0, 1, 126, 127, 128, 129, 16382, 16383, 16384, 16385, 70'000};
  const uint32_t guesses[] = {0, 127, 128, 16383, 16384, 2097151, 2097152, 0x0fffffff, 0xffffffff};
  for (const uint32_t size : sizes) {
    for (const uint32_t guess : guesses) {
      INFO(size << " bytes, " << guess << " guessed");
      RecordLab lab;
      const std::string body(size, 'x');
      const std::string bytes = lab.Written([&](Buffer* out) {
        ProtoWriter writer(out);
        const uint32_t outer = writer.Open(pb::Span::kStatusFieldNumber, guess);
        const uint32_t inner = writer.Open(pb::Status::kMessageFieldNumber, guess);
        out->AppendText(body);
        writer.Close(inner);
        writer.Close(outer);
        writer.Varint(pb::Span::kKindFieldNumber, 1);  // what follows stays in place
      });
      pb::Status status;
      status.set_message(body);
      pb::Span span;
      REQUIRE(span.ParseFromString(bytes));
      CHECK(span.status().message() == body);
      CHECK(span.kind() == pb::Span::SPAN_KIND_INTERNAL);
      // No padding, whatever the guess was (protobuf leaves out an empty string: two bytes).
      CHECK(bytes.size() == span.ByteSizeLong() + (size == 0 ? 2 : 0));
    }
  }
}

TEST_CASE("writer: out of memory is the buffer's to tell") {
  RecordLab lab(64u << 10);
  while (lab.arena.used() + 4 * PageArena::kPageSize < lab.arena.budget()) {
    REQUIRE(lab.arena.Allocate(1) != 0);
  }
  Buffer out;
  REQUIRE(out.Init(&lab.arena, 16));
  ProtoWriter writer(&out);
  for (int i = 0; i < 50; ++i) {
    const uint32_t body = writer.Open(pb::Span::kStatusFieldNumber, 1000);
    writer.Text(pb::Status::kMessageFieldNumber, std::string(1000, 'x'));
    writer.Close(body);
  }
  CHECK(out.failed());
  out.Discard();
}

}  // namespace
}  // namespace edgespan::otlp
