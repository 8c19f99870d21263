// SpanEncoder: one record -> one OTLP Span, in the words of a dialect.
//
// A Mastra record goes through the dialect's rules (semconv/dialect.h); a record in the
// OpenTelemetry schema (tape flag kOtel) is written as it is, whatever the dialect. The encoder reads
// the run's tree for rules that look across spans and owns nothing.
#pragma once

#include <cstdint>
#include <string_view>

#include "edgespan/model/json_text.h"
#include "edgespan/model/limits.h"
#include "edgespan/model/record.h"
#include "edgespan/otlp/attributes.h"
#include "edgespan/otlp/writer.h"
#include "edgespan/semconv/mapper.h"

namespace edgespan::otlp {

struct Field;  // of an OpenTelemetry message: otel_span.cc

// What all spans of one run share.
struct RunContext {
  RecordContext record;
  const SpanLimits* limits;
  TraceId trace_id;
  bool has_inference;  // the run has model_inference spans: they, not generations, are model calls
  uint32_t dropped_spans;  // of the run, that will not leave: for its root to tell
};

class SpanEncoder {
 public:
  SpanEncoder(const RunContext& run, Mapper* mapper, Buffer* out)
      : run_(run), dialect_(*mapper->dialect()), mapper_(mapper), out_(out) {}

  // Appends the Span as a field of ScopeSpans.
  void Write(const SpanRecord& span);

 private:
  // Milliseconds since the epoch to nanoseconds; what no fixed64 time can say becomes its bound.
  static uint64_t Nanoseconds(double ms);
  void Status(uint32_t code, const Node* message);
  // A name or a message, as long as limits let it be.
  std::string_view Shortened(std::string_view text) const;

  // A record in the OpenTelemetry schema (otel_span.cc); its own flags replace *flags.
  void WriteOtel(uint32_t* flags);
  // Members of a message, as `fields` (ended by one without a key) say.
  void WriteFields(const Node* begin, const Node* end, const Field* fields);

  // A Mastra record (mastra_span.cc).
  void WriteMastra();
  void MastraName();
  void Exception(const Node* error);
  // What the dialect makes of the members of an object in `scope`.
  void Members(const Node* begin, const Node* end, Scope scope);
  // Of one that no rule is for.
  void Unruled(const Node* node, std::string_view key, Scope scope);
  void Apply(Action action, const Node* node);
  // The span's own member `key`, or that of its member `container`.
  const Node* Find(uint16_t key) const { return FindMember(span_->Begin(), span_->End(), key); }
  const Node* Find(uint16_t container, uint16_t key) const {
    return container == 0 ? Find(key) : FindMember(Find(container), key);
  }
  std::string_view TextAt(uint16_t container, uint16_t key) const {
    return TextOf(*run_.record.arena, Find(container, key));
  }
  // What went wrong: the span's errorInfo; for a model call that its provider failed, which has none,
  // the nearest ancestor's. nullptr when nothing went wrong, or nothing tells what.
  const Node* FindError(bool* failed) const;

  const RunContext& run_;
  const Dialect& dialect_;
  Mapper* mapper_;
  ProtoWriter out_;
  // The provider last asked for, and what it is called: a batch rarely has two.
  std::string_view provider_;
  std::string_view canonical_;
  // The span being written.
  const SpanRecord* span_ = nullptr;
  AttributeWriter* attributes_ = nullptr;
  SpanType type_ = {};
  std::string_view type_name_;
  std::string_view operation_;
  uint64_t end_ns_ = 0;
};

}  // namespace edgespan::otlp
