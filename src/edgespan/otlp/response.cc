// Two small readers, one verdict. Neither reader builds anything: protobuf's parser would bring
// message objects into the module, and a JSON parser a tree, both for two fields of an answer that
// is nearly always empty. Each is one loop over bytes, because that is what compiles to little.
#include "edgespan/otlp/response.h"

#include <algorithm>

#include "edgespan/otlp/otlp.pb.h"

namespace edgespan::otlp {
namespace {

using pb::ExportTracePartialSuccess;
using pb::ExportTraceServiceResponse;
using pb::RpcStatus;

// What an answer says, in either format.
struct Answer {
  uint64_t rejected = 0;
  std::string_view message;

  void SetMessage(const uint8_t* at, size_t size) {
    message = {reinterpret_cast<const char*>(at), size};
  }
};

// Wire types of protobuf; 3 and 4 are the brackets of groups.
enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kDelimited = 2, kFixed32 = 5 };

constexpr uint32_t Tag(int field, WireType type) {
  return static_cast<uint32_t>(field) << 3 | type;
}

// google.rpc.Status { code, message }, the answer to a failure, is read as
// ExportTracePartialSuccess { rejected_spans, error_message }: only its words matter.
static_assert(int{RpcStatus::kMessageFieldNumber} ==
              int{ExportTracePartialSuccess::kErrorMessageFieldNumber});

// A success is ExportTraceServiceResponse { partial_success }: fields count inside of that only. Stops
// at the first byte that is not protobuf and at groups (which proto3 does not have); a field that is
// longer than its message is cut to it.
void ReadProtobuf(const uint8_t* at, const uint8_t* const last, bool success, Answer* answer) {
  bool outer = success;
  const uint8_t* end = last;  // of the message that `at` is in
  uint32_t tag = 0;           // 0: it comes next, else its value or size does.
  for (;;) {
    if (at == end) {
      if (at == last) return;
      end = last;
      outer = success;
      tag = 0;
    }
    uint64_t value = 0;
    for (uint32_t shift = 0;; shift += 7) {
      if (at == end || shift == 70) return;
      const uint8_t byte = *at++;
      value |= (byte & uint64_t{127}) << shift;
      if (byte < 128) break;
    }
    if (tag == 0) {
      tag = static_cast<uint32_t>(value);
      if (tag >> 3 == 0) return;
      const uint32_t type = tag & 7;
      if (type == kVarint || type == kDelimited) continue;
      if (type != kFixed64 && type != kFixed32) return;
      value = type == kFixed64 ? 8 : 4;
    } else if ((tag & 7) == kVarint) {
      if (!outer && tag == Tag(ExportTracePartialSuccess::kRejectedSpansFieldNumber, kVarint)) {
        answer->rejected = value;
      }
      value = 0;
    }
    const uint8_t* const body = at;
    at += std::min<uint64_t>(value, static_cast<size_t>(end - at));
    if (outer) {
      if (tag == Tag(ExportTraceServiceResponse::kPartialSuccessFieldNumber, kDelimited)) {
        outer = false;
        end = at;
        at = body;
      }
    } else if (tag == Tag(ExportTracePartialSuccess::kErrorMessageFieldNumber, kDelimited)) {
      answer->SetMessage(body, static_cast<size_t>(at - body));
    }
    tag = 0;
  }
}

// Names of members are compared by a hash (FNV-1a) that leaves out '_' and the case of letters, so
// that "rejected_spans" is "rejectedSpans": what collides with them was written to.
constexpr uint32_t kHashSeed = 0x811c9dc5;
constexpr uint32_t AddToHash(uint32_t hash, uint8_t c) {
  return c == '_' ? hash : (hash ^ (c | 0x20u)) * 0x01000193;
}
consteval uint32_t HashName(std::string_view name) {
  uint32_t hash = kHashSeed;
  for (const char c : name) hash = AddToHash(hash, static_cast<uint8_t>(c));
  return hash;
}

// Leading digits, saturating; 0 for a negative number and other text.
uint64_t ReadCount(const uint8_t* at, const uint8_t* end) {
  uint64_t count = 0;
  for (; at < end && *at - uint32_t{'0'} < 10; ++at) {
    count = std::min<uint64_t>(count * 10 + (*at - uint32_t{'0'}), UINT32_MAX);
  }
  return count;
}

// 2xx: {"partialSuccess":{"rejectedSpans":"3","errorMessage":"..."}} (protobuf's JSON mapping
// writes int64 as a string, but a number is legal); otherwise the outermost "message", which is
// where google.rpc.Status has it and where most receivers with an error format of their own do,
// too. The names say enough: which object they stand in is not checked. The loop tells strings from
// the rest and counts brackets, no more: what is not JSON has no members.
void ReadJson(const uint8_t* at, const uint8_t* end, bool success, Answer* answer) {
  const uint32_t message_name = success ? HashName("errorMessage") : HashName("message");
  int32_t depth = 0, message_depth = INT32_MAX;
  uint32_t text =
      0;  // the hash of the last string, unless something else than a colon came after it
  uint32_t name = 0;  // the same once the colon came
  while (at < end) {
    const uint8_t c = *at++;
    if (c <= ' ') continue;
    if (c == ':') {
      name = text;
      continue;
    }
    const uint8_t* value = at - 1;
    text = 0;
    if (c == '"') {
      value = at;
      text = kHashSeed;
      for (bool escaped = false; at < end && (escaped || *at != '"'); ++at) {
        escaped = !escaped && *at == '\\';
        text = AddToHash(text, *at);
      }
      if (name == message_name && depth < message_depth) {
        message_depth = depth;
        answer->SetMessage(value, static_cast<size_t>(at - value));
      }
      if (at < end) ++at;
    }
    depth += (c | 0x20) == '{';  // Either kind of bracket,
    depth -= (c | 0x20) == '}';  // for they differ in this bit.
    if (name == HashName("rejectedSpans")) answer->rejected = ReadCount(value, end);
    name = 0;
  }
}

}  // namespace

Judgement JudgeResponse(uint32_t http_status, BodyKind kind, std::span<const uint8_t> body,
                        uint32_t spans) {
  const bool success = http_status - 200 < 100;
  Answer answer;
  const uint8_t* const at = body.data();
  const uint8_t* const end = at + body.size();
  if (kind == BodyKind::kProtobuf) ReadProtobuf(at, end, success, &answer);
  if (kind == BodyKind::kJson) ReadJson(at, end, success, &answer);

  Judgement judgement{
      Verdict::kFailed,
      spans,
      {answer.message.data(), std::min<size_t>(answer.message.size(), kMaxMessageBytes)}};
  if (success) {
    // A negative count (of an int64) is nobody's meaning: the request was accepted.
    const uint64_t rejected = answer.rejected >> 63 != 0 ? 0 : answer.rejected;
    judgement.rejected = static_cast<uint32_t>(std::min<uint64_t>(rejected, spans));
    judgement.verdict = judgement.rejected > 0 ? Verdict::kPartial : Verdict::kAccepted;
  } else if (http_status == 0 || http_status == 429 || (http_status >= 502 && http_status <= 504)) {
    judgement.verdict = Verdict::kRetry;
  } else if (http_status == 401 || http_status == 403) {
    judgement.verdict = Verdict::kDenied;
  } else if (http_status - 400 < 100) {
    judgement.verdict = Verdict::kRejected;
  }
  return judgement;
}

}  // namespace edgespan::otlp
