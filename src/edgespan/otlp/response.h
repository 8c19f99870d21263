// Judges what an OTLP/HTTP receiver answered.
//
// The HTTP status alone decides between success and failure (OTLP specification, "OTLP/HTTP
// Response"); the body can only lower a success to a partial one and say why. So a body that cannot
// be read changes nothing: a 2xx with a damaged body is accepted, without a message. What stands
// before the damage is believed, so that an answer which the host read only in part still tells of
// the loss it begins with.
//
// Everything here is total: any status, kind and bytes give a judgement. Nothing is owned or
// copied.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace edgespan::otlp {

// Values are ABI (edgespan_judge); never renumber, only append.
enum class Verdict : int32_t {
  kAccepted = 0,  ///< Any 2xx. A message, if there is one, is the receiver's warning.
  kPartial = 1,   ///< 2xx, but the receiver dropped some of the spans. Must not be sent again.
  kRetry = 2,     ///< 429, 502, 503, 504 or no answer: the same bytes again, after a while.
  kRejected = 3,  ///< Any other 4xx: the receiver refuses this request, and would again.
  kFailed = 4,    ///< Anything else (500, an unfollowed redirect): the specification says no retry.
  kDenied = 5,    ///< 401, 403: the credentials are refused, whatever is sent.
  // Of a batch, not of one answer (Pipeline::Judge):
  kNext = 6,     ///< A part was judged: another part of the batch is to be posted now.
  kGivenUp = 7,  ///< Sending again might help, but there is no time left for it here.
};

// Values are ABI. The host takes the kind from the answer's content type, never from the request's:
// receivers answer protobuf requests in JSON, and errors in plain text.
enum class BodyKind : uint32_t {
  kOther = 0,
  kProtobuf = 1,  // application/x-protobuf
  kJson = 2,      // application/json
};

constexpr uint32_t kMaxMessageBytes = 1024;

struct Judgement {
  Verdict verdict;
  // Spans that did not arrive: 0 when accepted, 1..spans when partial, all of them otherwise.
  uint32_t rejected;
  // The receiver's words: a piece of `body`, at most kMaxMessageBytes, empty when it said nothing
  // that could be read. Not necessarily UTF-8, maybe cut inside a character; of a JSON body the
  // text between the quotes, escapes as they stand.
  std::string_view message;
};

// `http_status` 0: no answer came. `spans`: how many the request carried.
Judgement JudgeResponse(uint32_t http_status, BodyKind kind, std::span<const uint8_t> body,
                        uint32_t spans);

}  // namespace edgespan::otlp
