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
#include "edgespan/model/span_tree.h"
#include "edgespan/otlp/attributes.h"
#include "edgespan/otlp/writer.h"
#include "edgespan/sampling/threshold.h"
#include "edgespan/semconv/mapper.h"

namespace edgespan::otlp {

struct Field;  // of an OpenTelemetry message: otel_span.cc

// What all spans of one run share.
struct RunContext {
  RecordContext record;
  const SpanLimits* limits;
  TraceId trace_id;
  const SpanTree* tree;
  SpanId root;             // the run's own; all zero while it is not known
  bool strays;             // there are model_inference spans of which nobody knows whose they are
  uint32_t dropped_spans;  // of the run, that will not leave: for its root to tell
  bool open;               // the run goes on
  bool in_parts;           // a part of it has left: what has no record may be there
  // Of the destination: spans of these types are left out, and parents in other processes.
  TypeSet left_out = 0;
  bool detach = false;
  std::string_view scope;  // the exporter's, encoded: ScopeSpans.scope
  // Of spans that have none of their own; and what was sampled, for the `ot` in both.
  std::string_view trace_state;
  Threshold sampled = kNotSampled;
};

class SpanEncoder {
 public:
  SpanEncoder(const RunContext& run, Mapper* mapper, Buffer* out)
      : run_(run), dialect_(mapper->dialect()), mapper_(mapper), out_(out) {}

  // Opens the ScopeSpans that the span belongs in, unless that of the span before is it; `guess`: its
  // bytes. Returns where to truncate to if the span must not stay.
  uint32_t Enter(const SpanRecord& span, uint32_t guess);
  // Closes the last one.
  void Leave();
  // Appends the Span as a field of ScopeSpans.
  void Write(const SpanRecord& span);

 private:
  // Milliseconds since the epoch to nanoseconds, or `exact`, if that is a bigint; what no fixed64 time
  // can say becomes its bound.
  static uint64_t Nanoseconds(const Node* exact, double ms);
  void Status(uint32_t code, const Node* message);
  void TraceState(int field, std::string_view state, Threshold sampled);
  // What may be shown of a name or a message, good until the next one: all that the guard lets be; as
  // long as limits let it be.
  std::string_view Shown(std::string_view text) const {
    Guard* const guard = run_.record.guard;
    return guard == nullptr ? text : guard->Show(text, 0);
  }
  std::string_view Shortened(std::string_view text) const;

  // What stands in front of the spans of a scope (otel_span.cc).
  void WriteScope();
  // A record in the OpenTelemetry schema; its own flags replace *flags.
  void WriteOtel(uint32_t* flags);
  // Members of a message, as `fields` (ended by one without a key) say.
  void WriteFields(const Node* begin, const Node* end, const Field* fields);

  // The parent to name: where the span's own is not sent, the nearest ancestor that is; where nobody
  // announced it (Mastra's spanFilter shows it to no exporter, nor whose child it was), the root.
  SpanId Parent();
  // What was done to the span on its way here, as attributes.
  void Marks(AttributeWriter* attributes);

  // A Mastra record (mastra_span.cc).
  void WriteMastra();
  void MastraName();
  void Exception(const Node* error);
  // What went wrong: the span's errorInfo; for a model call that its provider failed, its step and its
  // generation, which have none, the nearest ancestor's. nullptr when nothing went wrong, or nothing
  // tells what.
  const Node* FindError(bool* failed) const;
  // Whether a step has a call below it that is sent.
  bool HasCall(const TreeNode& step) const;
  // What the model calls of an agent were told of its tools; nullptr where none says it.
  const Node* ToolDefinitions() const;
  // When the first chunk came. Mastra gives every call of a run the first one's completion start: where
  // that lies before the call, the call's first chunk tells. 0 where nothing does.
  double CompletionStart(const Node* given) const;

  // The steps of its dialect (dialect_steps.cc).
  // What the dialect makes of the members of an object in `scope`.
  void Members(const Node* begin, const Node* end, Scope scope);
  // Whether anything of a member may be shown, within the veil of what it is in.
  bool Admits(uint32_t within, const Node* node, Scope scope);
  // The steps of one member; `node` is nullptr for rules of every span, and for the input of a model call
  // that must be rebuilt.
  void Steps(const Step* step, const Node* node, Scope scope);
  // Whether nothing that the step's rule names is there. REQUIRES: it names something.
  bool Applies(const Step& step) const;
  // The steps of a scope that is no object (kEvery, ...).
  const Step* Virtual(Scope scope);
  // Of one that no rule is for, a member of `within` if that has a name.
  void Unruled(const Node* node, std::string_view key, Scope scope, std::string_view within = {});
  // What becomes of it: a dialect drops it, or tells it flat, as JSON, or as it is.
  void Default(Action action, std::string_view name, const Node* node);
  // A kConstant, or what a member becomes under a name.
  void Apply(const Step& step, const Node* node);
  void Flat(std::string_view name, const Node* node);
  void CommaList(const Node* list);
  void Parameters(const Node* object);
  void Quoted(const Node* node);
  void Messages(const Step& step, const Node* node);

  // The span's own member `key`, or that of its member `container`.
  const Node* Find(uint16_t key) const { return FindMember(*span_, key); }
  const Node* Find(uint16_t container, uint16_t key) const {
    return container == 0 ? Find(key) : FindMember(Find(container), key);
  }
  std::string_view TextAt(uint16_t container, uint16_t key) const {
    return TextOf(*run_.record.arena, Find(container, key));
  }

  const RunContext& run_;
  const Dialect& dialect_;
  Mapper* mapper_;
  ProtoWriter out_;
  // The open ScopeSpans, 0: none; its scope (nullptr: the exporter's), and how long that is.
  uint32_t open_ = 0;
  const Node* scope_ = nullptr;
  uint32_t scope_bytes_ = 0;
  // The provider last asked for, and what it is called: a batch rarely has two.
  std::string_view provider_;
  std::string_view canonical_;
  // The span being written.
  const SpanRecord* span_ = nullptr;
  AttributeWriter* attributes_ = nullptr;
  SpanType type_;
  std::string_view type_name_;
  std::string_view operation_;
  uint64_t end_ns_ = 0;
  bool repaired_ = false;  // the end lay before the start
  bool moved_ = false;     // to the root, as nobody knows the parent
};

}  // namespace edgespan::otlp
