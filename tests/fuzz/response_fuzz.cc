// Fuzzes the judge of OTLP answers: no bytes may trap it, its result stays inside its contract, and
// on bodies without groups that protobuf's own parser accepts it must have read the same values.
//
// Input: [kind] [status: index or low byte, high byte] [spans] body...
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "edgespan/otlp/otlp.pb.h"
#include "edgespan/otlp/response.h"

namespace {

using edgespan::otlp::BodyKind;
using edgespan::otlp::Judgement;
using edgespan::otlp::JudgeResponse;
using edgespan::otlp::Verdict;
namespace pb = edgespan::otlp::pb;

void Require(bool condition) {
  if (!condition) std::abort();
}

// Whether a group stands in the message or one level below: there the judge stops reading.
bool HasGroup(const char* at, int size, bool below) {
  using Wire = google::protobuf::internal::WireFormatLite;
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t*>(at), size);
  while (const uint32_t tag = input.ReadTag()) {
    const auto type = Wire::GetTagWireType(tag);
    if (type == Wire::WIRETYPE_START_GROUP) return true;
    uint32_t bytes = 0;
    if (type != Wire::WIRETYPE_LENGTH_DELIMITED) {
      if (!Wire::SkipField(&input, tag)) return false;
      continue;
    }
    if (!input.ReadVarint32(&bytes)) return false;
    const int from = input.CurrentPosition();
    if (!input.Skip(static_cast<int>(bytes))) return false;
    if (below && tag == 10 && HasGroup(at + from, static_cast<int>(bytes), false)) return true;
  }
  return false;
}

std::string_view Capped(std::string_view text) {
  return text.substr(0, edgespan::otlp::kMaxMessageBytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 4) return 0;
  const auto kind = static_cast<BodyKind>(data[0] % 4);  // 3: a kind that does not exist
  constexpr uint32_t kStatuses[] = {0, 200, 202, 299, 302, 400, 404, 429, 500, 503};
  const uint32_t status =
      data[1] < std::size(kStatuses) ? kStatuses[data[1]] : data[1] | uint32_t{data[2]} << 8;
  const uint32_t spans = data[3];
  const std::span<const uint8_t> body(data + 4, size - 4);
  const auto* text = reinterpret_cast<const char*>(body.data());

  const Judgement judged = JudgeResponse(status, kind, body, spans);
  Require(judged.rejected <= spans);
  Require(judged.message.size() <= edgespan::otlp::kMaxMessageBytes);
  if (!judged.message.empty()) {
    Require(judged.message.data() >= text);
    Require(judged.message.data() + judged.message.size() <= text + body.size());
  }
  const bool success = status >= 200 && status <= 299;
  Require(success == (judged.verdict == Verdict::kAccepted || judged.verdict == Verdict::kPartial));
  Require((judged.verdict == Verdict::kPartial) == (success && judged.rejected > 0));
  if (!success) Require(judged.rejected == spans);
  if (kind != BodyKind::kProtobuf && kind != BodyKind::kJson) Require(judged.message.empty());

  if (kind != BodyKind::kProtobuf) return 0;
  const int body_size = static_cast<int>(body.size());
  if (HasGroup(text, body_size, success)) return 0;
  if (success) {
    pb::ExportTraceServiceResponse response;
    if (!response.ParseFromArray(text, body_size)) return 0;
    const auto& partial = response.partial_success();
    const int64_t rejected = partial.rejected_spans();
    Require(judged.rejected == (rejected < 0 ? 0 : std::min<int64_t>(rejected, spans)));
    Require(judged.message == Capped(partial.error_message()));
  } else {
    pb::RpcStatus rpc;
    if (!rpc.ParseFromArray(text, body_size)) return 0;
    Require(judged.message == Capped(rpc.message()));
  }
  return 0;
}
