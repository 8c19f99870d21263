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
#include "edgespan/semconv/dialect.h"

namespace edgespan::otlp {

// What all spans of one run share.
struct RunContext {
  RecordContext record;
  const Dialect* dialect;
  const SpanLimits* limits;
  TraceId trace_id;
  bool has_inference;  // the run has model_inference spans: they, not generations, are model calls
};

class SpanEncoder {
 public:
  SpanEncoder(const RunContext& run, Buffer* out) : run_(run), out_(out) {}

  // Appends the Span as a field of ScopeSpans.
  void Write(const SpanRecord& span);

 private:
  void WriteMastra(const SpanRecord& span);
  void WriteOtel(const SpanRecord& span);
  void Ids(const SpanRecord& span, std::string_view trace_state);
  void KindAndTimes(const SpanRecord& span, uint32_t kind);
  void Status(uint32_t code, std::string_view message);
  void Flags(const SpanRecord& span);
  void MastraName(const SpanRecord& span);
  void Exception(const SpanRecord& span, const Node* error);
  void Event(const Node* event);
  void Link(const Node* link);
  // The rules for the members of an object in `scope`.
  void Members(const Node* begin, const Node* end, Scope scope);
  void Member(const Node* node, Scope scope, const Node* siblings, const Node* siblings_end);
  void Apply(const Rule& rule, const Name& name, const Node* node);
  void Default(const Node* node, Scope scope, std::string_view key);
  Name NameOf(const Rule& rule) const;
  std::string_view TextMember(const Node* begin, const Node* end, uint16_t key) const {
    return TextOf(*run_.record.arena, FindMember(begin, end, key));
  }

  const RunContext& run_;
  ProtoWriter out_;
  // The span being written.
  const SpanRecord* span_ = nullptr;
  AttributeWriter* attributes_ = nullptr;
  TypeSet bits_ = 0;
  std::string_view type_name_;
};

}  // namespace edgespan::otlp
