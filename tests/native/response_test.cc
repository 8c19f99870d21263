// The judge of OTLP answers: statuses, protobuf bodies made by protobuf itself, JSON bodies as real
// receivers send them, and damage.
#include "edgespan/otlp/response.h"

#include <string>

#include <catch2/catch.hpp>

#include "edgespan/otlp/otlp.pb.h"

namespace edgespan::otlp {
namespace {

Judgement Judge(uint32_t status, BodyKind kind, std::string_view body, uint32_t spans = 10) {
  return JudgeResponse(status, kind, {reinterpret_cast<const uint8_t*>(body.data()), body.size()},
                       spans);
}

std::string PartialSuccess(int64_t rejected, const std::string& message) {
  pb::ExportTraceServiceResponse response;
  response.mutable_partial_success()->set_rejected_spans(rejected);
  response.mutable_partial_success()->set_error_message(message);
  return response.SerializeAsString();
}

std::string RpcError(int32_t code, const std::string& message) {
  pb::RpcStatus status;
  status.set_code(code);
  status.set_message(message);
  return status.SerializeAsString();
}

void Check(const Judgement& judged, Verdict verdict, uint32_t rejected, std::string_view message) {
  CHECK(judged.verdict == verdict);
  CHECK(judged.rejected == rejected);
  CHECK(judged.message == message);
}

TEST_CASE("the status alone decides between success and failure", "[response]") {
  for (uint32_t status : {200u, 201u, 202u, 204u, 299u}) {
    Check(Judge(status, BodyKind::kProtobuf, ""), Verdict::kAccepted, 0, "");
  }
  for (uint32_t status : {0u, 429u, 502u, 503u, 504u}) {
    Check(Judge(status, BodyKind::kProtobuf, ""), Verdict::kRetry, 10, "");
  }
  for (uint32_t status : {401u, 403u}) {
    Check(Judge(status, BodyKind::kProtobuf, ""), Verdict::kDenied, 10, "");
  }
  for (uint32_t status : {400u, 402u, 404u, 408u, 413u, 415u, 499u}) {
    Check(Judge(status, BodyKind::kProtobuf, ""), Verdict::kRejected, 10, "");
  }
  for (uint32_t status : {1u, 100u, 199u, 300u, 302u, 500u, 501u, 505u, 599u, 700u, 4000000000u}) {
    Check(Judge(status, BodyKind::kProtobuf, ""), Verdict::kFailed, 10, "");
  }
}

TEST_CASE("a partial success in protobuf", "[response]") {
  // The Collector answers full success with an empty partial_success: 0a 00.
  pb::ExportTraceServiceResponse empty;
  empty.mutable_partial_success();
  REQUIRE(empty.SerializeAsString() == std::string("\x0a\x00", 2));
  Check(Judge(200, BodyKind::kProtobuf, empty.SerializeAsString()), Verdict::kAccepted, 0, "");

  Check(Judge(200, BodyKind::kProtobuf, PartialSuccess(3, "too old")), Verdict::kPartial, 3,
        "too old");
  Check(Judge(202, BodyKind::kProtobuf, PartialSuccess(3, "")), Verdict::kPartial, 3, "");
  Check(Judge(200, BodyKind::kProtobuf, PartialSuccess(0, "deprecated")), Verdict::kAccepted, 0,
        "deprecated");
  SECTION("more than was sent") {
    Check(Judge(200, BodyKind::kProtobuf, PartialSuccess(11, "all")), Verdict::kPartial, 10, "all");
    Check(Judge(200, BodyKind::kProtobuf, PartialSuccess(INT64_MAX, "")), Verdict::kPartial, 10,
          "");
    Check(Judge(200, BodyKind::kProtobuf, PartialSuccess(1, ""), 0), Verdict::kAccepted, 0, "");
  }
  SECTION("fewer than none") {
    Check(Judge(200, BodyKind::kProtobuf, PartialSuccess(-1, "odd")), Verdict::kAccepted, 0, "odd");
    Check(Judge(200, BodyKind::kProtobuf, PartialSuccess(INT64_MIN, "")), Verdict::kAccepted, 0,
          "");
  }
  SECTION("repeated fields merge, the last value wins") {
    Check(Judge(200, BodyKind::kProtobuf, PartialSuccess(3, "a") + PartialSuccess(4, "b")),
          Verdict::kPartial, 4, "b");
  }
  SECTION("unknown fields of every wire type are skipped") {
    const std::string unknown(
        "\x10\x96\x01"                          // 2: varint
        "\x19\x01\x02\x03\x04\x05\x06\x07\x08"  // 3: fixed64
        "\x22\x02hi"                            // 4: bytes
        "\x35\x01\x02\x03\x04"                  // 6: fixed32
        "\x08\x05");                            // 1, but as a varint
    pb::ExportTraceServiceResponse oracle;
    REQUIRE(oracle.ParseFromString(unknown + PartialSuccess(2, "x")));
    CHECK(oracle.partial_success().rejected_spans() == 2);
    Check(Judge(200, BodyKind::kProtobuf, unknown + PartialSuccess(2, "x")), Verdict::kPartial, 2,
          "x");
    Check(Judge(200, BodyKind::kProtobuf, PartialSuccess(2, "x") + unknown), Verdict::kPartial, 2,
          "x");
  }
}

TEST_CASE("a group ends the reading", "[response]") {
  const std::string group("\x2b\x0a\x02\x08\x07\x2c");
  Check(Judge(200, BodyKind::kProtobuf, PartialSuccess(2, "x") + group + PartialSuccess(3, "y")),
        Verdict::kPartial, 2, "x");
  Check(Judge(200, BodyKind::kProtobuf, group + PartialSuccess(2, "x")), Verdict::kAccepted, 0, "");
  Check(Judge(400, BodyKind::kProtobuf, RpcError(3, "x") + group), Verdict::kRejected, 10, "x");
}

TEST_CASE("an error in protobuf is google.rpc.Status", "[response]") {
  const std::string body = RpcError(3, "request body too large");
  Check(Judge(400, BodyKind::kProtobuf, body), Verdict::kRejected, 10, "request body too large");
  Check(Judge(503, BodyKind::kProtobuf, body), Verdict::kRetry, 10, "request body too large");
  Check(Judge(500, BodyKind::kProtobuf, body), Verdict::kFailed, 10, "request body too large");
  // The same bytes in a success say nothing: field 1 is a number there.
  Check(Judge(200, BodyKind::kProtobuf, body), Verdict::kAccepted, 0, "");
}

TEST_CASE("JSON answers", "[response]") {
  const auto json = [](uint32_t status, std::string_view body) {
    return Judge(status, BodyKind::kJson, body);
  };
  Check(json(200, "{}"), Verdict::kAccepted, 0, "");
  Check(json(200, R"({"partialSuccess":{}})"), Verdict::kAccepted, 0, "");
  Check(json(200, R"({"partialSuccess":null})"), Verdict::kAccepted, 0, "");
  Check(json(200, R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"no"}})"),
        Verdict::kPartial, 3, "no");
  Check(json(200, R"({"partialSuccess":{"rejectedSpans":3}})"), Verdict::kPartial, 3, "");
  Check(json(200,
             "{ \"partialSuccess\" :\n\t{ \"errorMessage\" : \"w\" , \"rejectedSpans\" : 0 }\r\n}"),
        Verdict::kAccepted, 0, "w");
  Check(json(200, R"({"partial_success":{"rejected_spans":"4","error_message":"snake"}})"),
        Verdict::kPartial, 4, "snake");
  // Names are compared without '_' and case, so these count too; longer and shorter ones do not.
  Check(json(200, R"({"PartialSuccess":{"RejectedSpans":"4","ErrorMessage":"upper"}})"),
        Verdict::kPartial, 4, "upper");
  Check(json(200, R"({"rejectedSpan":1,"xrejectedSpans":2,"rejectedSpansx":3,"":4})"),
        Verdict::kAccepted, 0, "");
  Check(json(200, R"({"partialSuccess":{"rejectedSpans":[3],"errorMessage":{"a":"b"}}})"),
        Verdict::kAccepted, 0, "");
  Check(json(200, R"({"a":{"b":[1,{"errorMessage":"deep"}]},"errorMessage":"flat"})"),
        Verdict::kAccepted, 0, "flat");
  Check(json(400, R"({"message":5,"detail":"message","x":":","message":"late"})"),
        Verdict::kRejected, 10, "late");
  Check(json(200, R"({"partialSuccess":{"rejectedSpans":"-3"}})"), Verdict::kAccepted, 0, "");
  Check(json(200, R"({"partialSuccess":{"rejectedSpans":-3}})"), Verdict::kAccepted, 0, "");
  Check(json(200, R"({"partialSuccess":{"rejectedSpans":"99999999999999999999999"}})"),
        Verdict::kPartial, 10, "");
  Check(json(200, R"({"partialSuccess":{"rejectedSpans":true}})"), Verdict::kAccepted, 0, "");
  Check(json(200, R"({"partialSuccess":{"rejectedSpans":null,"errorMessage":null}})"),
        Verdict::kAccepted, 0, "");
  // Words inside strings are not members.
  Check(json(200, R"({"note":"\"rejectedSpans\":\"5\"","x":["rejectedSpans",5]})"),
        Verdict::kAccepted, 0, "");

  Check(json(400, R"({"code":3,"message":"bad span"})"), Verdict::kRejected, 10, "bad span");
  Check(json(429, R"({"error":{"message":"slow down","type":"limit"}})"), Verdict::kRetry, 10,
        "slow down");
  Check(json(400, R"({"details":[{"message":"inner"}],"message":"outer"})"), Verdict::kRejected, 10,
        "outer");
  Check(json(400, R"({"message":"outer","details":[{"message":"inner"}]})"), Verdict::kRejected, 10,
        "outer");
  Check(json(400, R"({"message":"say \"no\"\\"})"), Verdict::kRejected, 10, R"(say \"no\"\\)");
  Check(json(400, R"("message")"), Verdict::kRejected, 10, "");
}

TEST_CASE("other kinds have no message", "[response]") {
  Check(Judge(404, BodyKind::kOther, "404 page not found"), Verdict::kRejected, 10, "");
  Check(Judge(200, BodyKind::kOther, PartialSuccess(3, "x")), Verdict::kAccepted, 0, "");
  Check(Judge(200, static_cast<BodyKind>(77), PartialSuccess(3, "x")), Verdict::kAccepted, 0, "");
}

TEST_CASE("damaged bodies change no success into a failure", "[response]") {
  for (BodyKind kind : {BodyKind::kProtobuf, BodyKind::kJson}) {
    for (std::string_view body :
         {std::string_view("<html>busy</html>"), std::string_view("\xff\xff\xff\xff\xff\xff"),
          std::string_view("\0\0\0\0", 4), std::string_view("{{{{\"\\"),
          std::string_view("\x07")}) {
      Check(Judge(200, kind, body), Verdict::kAccepted, 0, "");
      Check(Judge(500, kind, body), Verdict::kFailed, 10, "");
    }
  }
}

TEST_CASE("an answer that was cut still tells what it begins with", "[response]") {
  const std::string body = PartialSuccess(3, "because the clock is wrong");
  // 0a len 08 03 12 len text: the count is whole from the fourth byte on.
  for (size_t size = 0; size <= body.size(); ++size) {
    const Judgement judged =
        Judge(200, BodyKind::kProtobuf, std::string_view(body).substr(0, size));
    CHECK(judged.rejected == (size >= 4 ? 3 : 0));
    CHECK(std::string_view("because the clock is wrong").substr(0, judged.message.size()) ==
          judged.message);
  }
  const std::string json = R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"because)";
  Check(Judge(200, BodyKind::kJson, json), Verdict::kPartial, 3, "because");
}

TEST_CASE("the message is a capped view into the body", "[response]") {
  const std::string body = RpcError(3, std::string(5000, 'x'));
  const Judgement judged = Judge(400, BodyKind::kProtobuf, body);
  CHECK(judged.message.size() == kMaxMessageBytes);
  CHECK(judged.message.data() == body.data() + body.find('x'));
}

}  // namespace
}  // namespace edgespan::otlp
