// Parts of encoded requests: which spans they hold, that all else stays, and that no bytes hurt.
#include "edgespan/otlp/split.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "edgespan/otlp/otlp.pb.h"
#include "tests/support/record_lab.h"

namespace edgespan::otlp {
namespace {

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// Some resources with some scopes with some spans, which are numbered through.
pb::ExportTraceServiceRequest Request(const std::vector<std::vector<uint32_t>>& shape) {
  pb::ExportTraceServiceRequest request;
  uint32_t number = 0;
  for (const auto& scopes : shape) {
    pb::ResourceSpans* const resource = request.add_resource_spans();
    resource->mutable_resource()->add_attributes()->set_key("service.name");
    for (const uint32_t spans : scopes) {
      pb::ScopeSpans* const scope = resource->add_scope_spans();
      scope->mutable_scope()->set_name("scope");
      for (uint32_t i = 0; i < spans; ++i) {
        pb::Span* const span = scope->add_spans();
        span->set_name(std::string(number * 40, 'x'));
        span->set_start_time_unix_nano(++number);
      }
    }
  }
  return request;
}

struct Part {
  bool made = false;
  std::string bytes;
};
Part Take(const std::string& request, uint32_t from, uint32_t count) {
  testing::Region region;
  Buffer out;
  REQUIRE(out.Init(&region.arena, 16));
  Part part;
  part.made = WriteSpans(Bytes(request), from, count, &out);
  part.bytes.assign(reinterpret_cast<const char*>(out.data()), out.size());
  out.Discard();
  return part;
}

TEST_CASE("split: every part of requests of several shapes") {
  for (const auto& shape : std::vector<std::vector<std::vector<uint32_t>>>{
           {{1}}, {{9}}, {{3, 4}}, {{0, 2}, {5}}, {{}, {1, 0, 1}}, {}}) {
    const auto whole = Request(shape);
    const std::string bytes = whole.SerializeAsString();
    uint32_t spans = 0;
    for (const auto& scopes : shape) {
      for (const uint32_t n : scopes) spans += n;
    }
    CHECK(CountSpans(Bytes(bytes)) == spans);
    for (uint32_t from = 0; from <= spans; ++from) {
      for (uint32_t count = 0; count <= spans - from + 1; ++count) {
        const Part part = Take(bytes, from, count);
        REQUIRE(part.made);
        auto expected = whole;
        uint32_t number = 0;
        for (auto& resource : *expected.mutable_resource_spans()) {
          for (auto& scope : *resource.mutable_scope_spans()) {
            const pb::ScopeSpans before = scope;
            scope.clear_spans();
            for (const pb::Span& span : before.spans()) {
              if (number >= from && number < from + count) *scope.add_spans() = span;
              ++number;
            }
          }
        }
        CHECK(part.bytes == expected.SerializeAsString());
      }
    }
  }
}

TEST_CASE("split: unknown fields stay in their place") {
  pb::ExportTraceServiceRequest request = Request({{2}});
  std::string bytes = request.SerializeAsString();
  bytes += std::string(
      "\x98\x06\x05\xa1\x06"
      "12345678"
      "\xaa\x06\x02hi"
      "\xb5\x06"
      "1234",
      24);
  CHECK(CountSpans(Bytes(bytes)) == 2);
  const Part part = Take(bytes, 0, 2);
  CHECK(part.made);
  CHECK(part.bytes == bytes);
}

TEST_CASE("split: what is not a request") {
  const std::string bytes = Request({{3}}).SerializeAsString();
  for (size_t size = 1; size < bytes.size(); ++size) {
    const std::string cut = bytes.substr(0, size);
    CHECK(CountSpans(Bytes(cut)) == 0);
    CHECK(!Take(cut, 0, 1).made);
  }
  for (const std::string& junk :
       {std::string("\x0b\x0c"), std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        std::string("\x0a\xff\xff\xff\xff\x0f"), std::string("\x0a\x02\x12\x7f")}) {
    CHECK(CountSpans(Bytes(junk)) == 0);
    CHECK(!Take(junk, 0, 1).made);
  }
}

}  // namespace
}  // namespace edgespan::otlp
