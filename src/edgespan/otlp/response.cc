// Two small readers, one verdict. Neither reader builds anything: protobuf's parser would bring
// message objects into the module, and a JSON parser a tree, both for two fields of an answer that
// is nearly always empty.
#include "edgespan/otlp/response.h"

#include <algorithm>

#include "edgespan/otlp/otlp.pb.h"

namespace edgespan::otlp {
namespace {

using Bytes = std::span<const uint8_t>;
using pb::ExportTracePartialSuccess;
using pb::ExportTraceServiceResponse;
using pb::RpcStatus;

// What an answer says, in either format.
struct Answer {
  uint64_t rejected = 0;
  std::string_view message;
};

std::string_view Text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Walks the fields of one encoded message. Stops at the first byte that is not protobuf; a field
// that is longer than the message is cut to it. Groups are skipped with what they hold.
class FieldReader {
 public:
  explicit FieldReader(Bytes bytes) : rest_(bytes) {}

  bool Next() {
    while (!rest_.empty()) {
      uint64_t tag;
      if (!Varint(&tag) || static_cast<uint32_t>(tag) >> 3 == 0) return false;
      tag_ = static_cast<uint32_t>(tag);
      number_ = 0;
      bytes_ = {};
      switch (tag_ & 7) {
        case kVarint:
          if (!Varint(&number_)) return false;
          break;
        case kFixed64:
          Take(8);
          break;
        case kDelimited:
          uint64_t size;
          if (!Varint(&size)) return false;
          Take(size);
          break;
        case kStartGroup:
          ++groups_;
          continue;
        case kEndGroup:
          if (groups_ == 0) return false;
          --groups_;
          continue;
        case kFixed32:
          Take(4);
          break;
        default:
          return false;
      }
      if (groups_ == 0) return true;
    }
    return false;
  }

  bool IsVarint(int field) const { return tag_ == (static_cast<uint32_t>(field) << 3 | kVarint); }
  bool IsDelimited(int field) const {
    return tag_ == (static_cast<uint32_t>(field) << 3 | kDelimited);
  }
  uint64_t number() const { return number_; }
  Bytes bytes() const { return bytes_; }

 private:
  enum WireType : uint32_t {
    kVarint = 0,
    kFixed64 = 1,
    kDelimited = 2,
    kStartGroup = 3,
    kEndGroup = 4,
    kFixed32 = 5,
  };

  bool Varint(uint64_t* value) {
    *value = 0;
    for (uint32_t shift = 0; shift < 70 && !rest_.empty(); shift += 7) {
      const uint64_t byte = rest_.front();
      rest_ = rest_.subspan(1);
      *value |= (byte & 127) << shift;
      if (byte < 128) return true;
    }
    return false;
  }

  void Take(uint64_t size) {
    bytes_ = rest_.first(static_cast<size_t>(std::min<uint64_t>(size, rest_.size())));
    rest_ = rest_.subspan(bytes_.size());
  }

  Bytes rest_;
  uint32_t tag_ = 0;
  uint32_t groups_ = 0;
  uint64_t number_ = 0;
  Bytes bytes_;
};

// ExportTracePartialSuccess { rejected_spans, error_message }
void ReadPartialSuccess(Bytes body, Answer* answer) {
  for (FieldReader field(body); field.Next();) {
    if (field.IsVarint(ExportTracePartialSuccess::kRejectedSpansFieldNumber)) {
      answer->rejected = field.number();
    } else if (field.IsDelimited(ExportTracePartialSuccess::kErrorMessageFieldNumber)) {
      answer->message = Text(field.bytes());
    }
  }
}

// 2xx: ExportTraceServiceResponse { partial_success }; otherwise google.rpc.Status { message }.
Answer ReadProtobuf(Bytes body, bool success) {
  Answer answer;
  for (FieldReader field(body); field.Next();) {
    if (success) {
      if (field.IsDelimited(ExportTraceServiceResponse::kPartialSuccessFieldNumber)) {
        ReadPartialSuccess(field.bytes(), &answer);
      }
    } else if (field.IsDelimited(RpcStatus::kMessageFieldNumber)) {
      answer.message = Text(field.bytes());
    }
  }
  return answer;
}

// Walks the members of a JSON text that have a string or number for a value, with their depth.
// It tells strings from the rest and counts brackets, no more: what is not JSON has no members.
class MemberReader {
 public:
  explicit MemberReader(std::string_view text) : rest_(text) {}

  bool Next() {
    while (!rest_.empty()) {
      const char c = Pop();
      if (c == '{' || c == '[') ++depth_;
      if ((c == '}' || c == ']') && depth_ > 0) --depth_;
      if (c != '"') continue;
      key_ = String();
      if (!SkipTo(':')) continue;
      Pop();
      if (SkipTo('"')) {
        Pop();
        value_ = String();
        return true;
      }
      value_ = rest_.substr(0, std::min(rest_.find_first_of(",}] \t\r\n"), rest_.size()));
      if (!value_.empty() && (IsDigit(value_[0]) || value_[0] == '-')) return true;
    }
    return false;
  }

  uint32_t depth() const { return depth_; }
  std::string_view key() const { return key_; }
  std::string_view value() const { return value_; }

  // The value as a count: its leading digits, saturating; 0 for a negative one and other text.
  uint64_t Count() const {
    uint64_t count = 0;
    for (size_t i = 0; i < value_.size() && IsDigit(value_[i]); ++i) {
      count = std::min<uint64_t>(count * 10 + static_cast<uint64_t>(value_[i] - '0'), UINT32_MAX);
    }
    return count;
  }

 private:
  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }

  char Pop() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  // Skips white space; true when `wanted` comes next.
  bool SkipTo(char wanted) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
    return !rest_.empty() && rest_.front() == wanted;
  }

  // What stands before the closing quote, which is consumed; everything when there is none.
  std::string_view String() {
    const std::string_view from = rest_;
    size_t size = 0;
    while (size < from.size() && from[size] != '"') {
      size = std::min(size + (from[size] == '\\' ? 2 : 1), from.size());
    }
    rest_.remove_prefix(std::min(size + 1, from.size()));
    return from.substr(0, size);
  }

  std::string_view rest_;
  uint32_t depth_ = 0;
  std::string_view key_;
  std::string_view value_;
};

// 2xx: {"partialSuccess":{"rejectedSpans":"3","errorMessage":"..."}} (protobuf's JSON mapping
// writes int64 as a string, but a number is legal); otherwise the outermost "message", which is
// where google.rpc.Status has it and where most receivers with an error format of their own do,
// too. The names say enough: which object they stand in is not checked.
Answer ReadJson(std::string_view body, bool success) {
  Answer answer;
  uint32_t best = UINT32_MAX;
  for (MemberReader member(body); member.Next();) {
    if (success && (member.key() == "rejectedSpans" || member.key() == "rejected_spans")) {
      answer.rejected = member.Count();
    }
    const bool is_message = success
                                ? member.key() == "errorMessage" || member.key() == "error_message"
                                : member.key() == "message";
    if (is_message && member.depth() < best) {
      best = member.depth();
      answer.message = member.value();
    }
  }
  return answer;
}

}  // namespace

Judgement JudgeResponse(uint32_t http_status, BodyKind kind, std::span<const uint8_t> body,
                        uint32_t spans) {
  const bool success = http_status >= 200 && http_status <= 299;
  Answer answer;
  if (kind == BodyKind::kProtobuf) answer = ReadProtobuf(body, success);
  if (kind == BodyKind::kJson) answer = ReadJson(Text(body), success);
  const std::string_view message = answer.message.substr(0, kMaxMessageBytes);

  switch (http_status) {
    case 0:
    case 429:
    case 502:
    case 503:
    case 504:
      return {Verdict::kRetry, spans, message};
    default:
      break;
  }
  if (!success) {
    const bool refused = http_status >= 400 && http_status <= 499;
    return {refused ? Verdict::kRejected : Verdict::kFailed, spans, message};
  }
  // A negative count (of an int64) is nobody's meaning: the request was accepted.
  const bool negative = answer.rejected >> 63 != 0;
  const auto rejected =
      negative ? 0 : static_cast<uint32_t>(std::min<uint64_t>(answer.rejected, spans));
  return {rejected > 0 ? Verdict::kPartial : Verdict::kAccepted, rejected, message};
}

}  // namespace edgespan::otlp
