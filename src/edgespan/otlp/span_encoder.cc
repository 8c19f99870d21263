#include "edgespan/otlp/span_encoder.h"

#include "edgespan/base/utf.h"
#include "edgespan/otlp/otlp.pb.h"
#include "edgespan/semconv/messages.h"

namespace edgespan::otlp {

// How one member of an OpenTelemetry span, event or link is written.
struct Field {
  enum Kind : uint8_t {
    kText,
    kTraceId,  // hex digits -> 16 bytes
    kSpanId,   // hex digits -> 8 bytes
    kTime,     // milliseconds -> fixed64 nanoseconds
    kCount,    // plus what the limits dropped of the field before
    kFlags,
    kAttributes,
    kEvents,  // lists of messages, as `fields` say
    kLinks,
  };
  uint16_t key;
  Kind kind;
  uint8_t number;  // in the protobuf message
  const Field* fields;
};

namespace {

using tape::Op;

constexpr uint32_t kFlagsSampled = 0x1;        // W3C trace flags
constexpr uint32_t kFlagsHasIsRemote = 0x100;  // Span.flags bit 8: bit 9 is meaningful
constexpr uint32_t kFlagsIsRemote = 0x200;     // bit 9: the parent lives in another process

// message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3;
//   uint32 dropped_attributes_count = 4; }
constexpr Field kEventFields[] = {
    {kKeyTime, Field::kTime, pb::Span_Event::kTimeUnixNanoFieldNumber, nullptr},
    {kKeyName, Field::kText, pb::Span_Event::kNameFieldNumber, nullptr},
    {kKeyAttributes, Field::kAttributes, pb::Span_Event::kAttributesFieldNumber, nullptr},
    {kKeyDroppedAttributesCount, Field::kCount, pb::Span_Event::kDroppedAttributesCountFieldNumber,
     nullptr},
    {},
};
// message Link { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3;
//   repeated KeyValue attributes = 4; uint32 dropped_attributes_count = 5; fixed32 flags = 6; }
constexpr Field kLinkFields[] = {
    {kKeyTraceId, Field::kTraceId, pb::Span_Link::kTraceIdFieldNumber, nullptr},
    {kKeySpanId, Field::kSpanId, pb::Span_Link::kSpanIdFieldNumber, nullptr},
    {kKeyTraceState, Field::kText, pb::Span_Link::kTraceStateFieldNumber, nullptr},
    {kKeyAttributes, Field::kAttributes, pb::Span_Link::kAttributesFieldNumber, nullptr},
    {kKeyDroppedAttributesCount, Field::kCount, pb::Span_Link::kDroppedAttributesCountFieldNumber,
     nullptr},
    {kKeyFlags, Field::kFlags, pb::Span_Link::kFlagsFieldNumber, nullptr},
    {},
};
// message Span { ... string trace_state = 3; ... repeated KeyValue attributes = 9;
//   uint32 dropped_attributes_count = 10; repeated Event events = 11;
//   uint32 dropped_events_count = 12; repeated Link links = 13; uint32 dropped_links_count = 14; ... }
constexpr Field kSpanFields[] = {
    {kKeyTraceState, Field::kText, pb::Span::kTraceStateFieldNumber, nullptr},
    {kKeyAttributes, Field::kAttributes, pb::Span::kAttributesFieldNumber, nullptr},
    {kKeyDroppedAttributesCount, Field::kCount, pb::Span::kDroppedAttributesCountFieldNumber,
     nullptr},
    {kKeyEvents, Field::kEvents, pb::Span::kEventsFieldNumber, kEventFields},
    {kKeyDroppedEventsCount, Field::kCount, pb::Span::kDroppedEventsCountFieldNumber, nullptr},
    {kKeyLinks, Field::kLinks, pb::Span::kLinksFieldNumber, kLinkFields},
    {kKeyDroppedLinksCount, Field::kCount, pb::Span::kDroppedLinksCountFieldNumber, nullptr},
    {},
};

// Milliseconds since the epoch to nanoseconds; what no fixed64 time can say becomes its bound.
uint64_t Nanoseconds(double ms) {
  constexpr double kMaxMs = 18446744073709.0;
  if (!(ms > 0)) return 0;
  if (ms > kMaxMs) ms = kMaxMs;
  const uint64_t whole = static_cast<uint64_t>(ms);
  const double rest = (ms - static_cast<double>(whole)) * 1e6;
  return whole * 1000000u + static_cast<uint64_t>(__builtin_rint(rest));
}

uint32_t CountOf(const PageArena& arena, const Node* node) {
  const double value = NumberOf(arena, node);
  return value > 0 && value < 4294967296.0 ? static_cast<uint32_t>(value) : 0;
}

constexpr TypeSet kNamedByModel = kModelCall | TypeBit(kTypeModelGeneration) |
                                  TypeBit(kTypeModelInference) | TypeBit(kTypeRagEmbedding);
constexpr TypeSet kNamedAsTheyAre = TypeBit(kTypeWorkflowConditional) |
                                    TypeBit(kTypeWorkflowConditionalEval) |
                                    TypeBit(kTypeWorkflowParallel) | TypeBit(kTypeWorkflowLoop) |
                                    TypeBit(kTypeWorkflowSleep) | TypeBit(kTypeWorkflowWaitEvent);

// Letters, digits and "._ -" stay in a name; of what is not ASCII everything does.
bool StaysInName(uint8_t c) {
  const uint32_t letter = c | 0x20u;
  return c >= 0x80 || (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == ' ' || c == '-';
}

}  // namespace

// message Span { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3;
//   bytes parent_span_id = 4; string name = 5; SpanKind kind = 6; fixed64 start_time_unix_nano = 7;
//   fixed64 end_time_unix_nano = 8; ... fixed32 flags = 16; }
void SpanEncoder::Write(const SpanRecord& span) {
  span_ = &span;
  const PageArena& arena = *run_.record.arena;
  const bool otel = span.Has(tape::kOtel);
  const bool known = span.type >= kFirstSpanType && span.type <= kLastSpanType;
  type_.key = span.type;
  type_.bits = known ? TypeBit(static_cast<Key>(span.type)) : kUnknownType;
  if (span.type == (run_.has_inference ? kTypeModelInference : kTypeModelGeneration)) {
    type_.bits = kModelCall;
  }
  type_name_ = run_.record.keys->Name(span.type);
  operation_ = type_name_;
  for (const Operation* o = dialect_.operations; o->types != 0; ++o) {
    if ((o->types & type_.bits) != 0) operation_ = o->name.view();
  }

  const uint32_t nested =
      out_.Open(pb::ScopeSpans::kSpansFieldNumber, span.text_bytes + 24 * span.node_count + 160);
  out_.Bytes(pb::Span::kTraceIdFieldNumber, run_.trace_id.bytes, sizeof run_.trace_id.bytes);
  out_.Bytes(pb::Span::kSpanIdFieldNumber, span.span_id.bytes, sizeof span.span_id.bytes);
  if (span.parent_id.IsValid()) {
    out_.Bytes(pb::Span::kParentSpanIdFieldNumber, span.parent_id.bytes,
               sizeof span.parent_id.bytes);
  }
  if (otel) {
    out_.Bytes(pb::Span::kNameFieldNumber, arena.At(span.name), span.name_bytes);
  } else {
    MastraName();
  }
  uint32_t kind = span.flags >> tape::kKindShift & 7;
  if (kind == 0 || kind > pb::Span::SPAN_KIND_CONSUMER) {
    kind = otel                           ? pb::Span::SPAN_KIND_INTERNAL
           : type_.bits & dialect_.client ? pb::Span::SPAN_KIND_CLIENT
           : type_.bits & dialect_.server ? pb::Span::SPAN_KIND_SERVER
                                          : pb::Span::SPAN_KIND_INTERNAL;
  }
  out_.Varint(pb::Span::kKindFieldNumber, kind);
  const uint64_t start_ns = Nanoseconds(span.start_ms);
  end_ns_ = Nanoseconds(span.end_ms);
  if (end_ns_ < start_ns) end_ns_ = start_ns;  // a clock set back must not make negative durations
  out_.Fixed64(pb::Span::kStartTimeUnixNanoFieldNumber, start_ns);
  out_.Fixed64(pb::Span::kEndTimeUnixNanoFieldNumber, end_ns_);
  uint32_t flags = kFlagsSampled | kFlagsHasIsRemote;
  if (span.Has(tape::kRemoteParent)) flags |= kFlagsIsRemote;
  if (otel) {
    WriteFields(span.Begin(), span.End(), kSpanFields);
    Status(CountOf(arena, Find(kKeyStatus, kKeyCode)), Find(kKeyStatus, kKeyMessage));
    const Node* const own = Find(kKeyFlags);
    if (own != nullptr) flags = CountOf(arena, own);
  } else {
    WriteMastra();
  }
  if (flags != 0) out_.Fixed32(pb::Span::kFlagsFieldNumber, flags);
  out_.Close(nested);
}

// ---- Mastra ---------------------------------------------------------------------------------------

const Node* SpanEncoder::FindError(bool* failed) const {
  const Node* error = Find(kKeyErrorInfo);
  if (error != nullptr && error->Kind() == Op::kLiteral) error = nullptr;  // null: none
  *failed = error != nullptr;
  if (*failed || (type_.bits & kModelCall) == 0 ||
      !SameText(TextAt(kKeyAttributes, kKeyFinishReason), "error")) {
    return error;
  }
  *failed = true;
  const PageArena& arena = *run_.record.arena;
  for (uint32_t at = span_->tree; at != 0 && error == nullptr;) {
    const TreeNode& node = *arena.At<TreeNode>(at);
    at = node.parent;
    if (node.record == 0) continue;
    const SpanRecord& record = *arena.At<SpanRecord>(node.record);
    const Node* const found = FindMember(record.Begin(), record.End(), kKeyErrorInfo);
    if (found != nullptr && found->Kind() == Op::kObject) error = found;
  }
  return error;
}

void SpanEncoder::WriteMastra() {
  AttributeWriter attributes(run_.record, *run_.limits, &out_, pb::Span::kAttributesFieldNumber);
  attributes_ = &attributes;
  attributes.Name("gen_ai.operation.name").Text(operation_);
  attributes.Name("mastra.span.type").Text(type_name_);
  if (span_->Has(tape::kWithheld)) attributes.Name("edgespan.withheld").Text("true");
  Members(span_->Begin(), span_->End(), Scope::kSpan);
  if ((type_.bits & kModelCall) != 0 && Find(kKeyInput) == nullptr &&
      !span_->Has(tape::kWithheld)) {
    const TreeNode& node = *run_.record.arena->At<TreeNode>(span_->tree);
    if (MessageWriter::CanRebuild(run_.record, node) &&
        attributes.Name("gen_ai.input.messages").Begin(1024)) {
      MessageWriter(run_.record, attributes.buffer()).Rebuild(node);
      attributes.End();
    }
  }
  bool failed;
  const Node* const error = FindError(&failed);
  if (failed) {
    if (error != nullptr && error != Find(kKeyErrorInfo)) {
      Members(error->Begin(), error->End(), Scope::kError);
    }
    if (FindMember(error, kKeyId) == nullptr && FindMember(error, kKeyName) == nullptr) {
      attributes.Name("error.type").Text("_OTHER");  // the registry's fallback value
    }
  }
  out_.Count(pb::Span::kDroppedAttributesCountFieldNumber, attributes.dropped());
  attributes_ = nullptr;
  if (error != nullptr) Exception(error);
  const bool ended = span_->Has(tape::kHasEnd);
  Status(failed  ? pb::Status::STATUS_CODE_ERROR
         : ended ? pb::Status::STATUS_CODE_OK
                 : pb::Status::STATUS_CODE_UNSET,
         FindMember(error, kKeyMessage));
}

// message Status { string message = 2; StatusCode code = 3; }
void SpanEncoder::Status(uint32_t code, const Node* message) {
  const std::string_view text = TextOf(*run_.record.arena, message);
  if (code == 0 && text.empty()) return;
  const uint32_t status = out_.Open(pb::Span::kStatusFieldNumber, 4);
  if (!text.empty()) out_.Text(pb::Status::kMessageFieldNumber, text);
  out_.Count(pb::Status::kCodeFieldNumber, code);
  out_.Close(status);
}

// "{operation} {what it is about}", as Mastra's own exporters name spans; the span's name without
// punctuation where nothing says what it is about.
void SpanEncoder::MastraName() {
  std::string_view about;
  if (type_.bits & kNamedByModel) {
    about = TextAt(kKeyAttributes, kKeyModel);
  } else if ((type_.bits & kNamedAsTheyAre) == 0) {
    if ((type_.bits & TypeBit(kTypeWorkflowStep)) == 0) about = TextAt(0, kKeyEntityName);
    if (about.empty()) about = TextAt(0, kKeyEntityId);
  }
  const uint32_t name = out_.Open(pb::Span::kNameFieldNumber, 32);
  Buffer* const out = out_.out();
  const uint32_t before = out->size();
  if (about.empty()) {
    const uint8_t* const text = run_.record.arena->At(span_->name);
    for (uint32_t i = 0; i < span_->name_bytes; ++i) {
      if (StaysInName(text[i])) out->AppendByte(text[i]);
    }
  }
  if (out->size() == before) {
    out->AppendText(operation_);
    if (!about.empty()) out->AppendByte(' ');
    out->AppendText(about);
  }
  out_.Close(name);
}

void SpanEncoder::Members(const Node* begin, const Node* end, Scope scope) {
  const PageArena& arena = *run_.record.arena;
  for (const Node* node = begin; node < end; node = node->Skip()) {
    if (node->Kind() == Op::kKey) {
      const std::string_view key = SpellingOf(arena, node++);
      Unruled(node, key, scope);
      continue;
    }
    const Step* step = mapper_->Find(scope, type_, node->key);
    if (step == nullptr) return out_.out()->Fail();
    for (;; ++step) {
      if (step->action == Action::kEnter) {
        if (node->Kind() == Op::kObject) {
          Members(node->Begin(), node->End(), step->enter);
        } else {
          Unruled(node, run_.record.keys->Name(node->key), scope);
        }
        break;
      }
      if (step->unless == 0 || Find(step->unless_in, step->unless) == nullptr) {
        attributes_->Name({arena.At<char>(step->name), step->name_bytes});
        step->action == Action::kValue ? attributes_->Value(node) : Apply(step->action, node);
      }
      if (step->last) break;
    }
  }
}

void SpanEncoder::Unruled(const Node* node, std::string_view key, Scope scope) {
  PageArena* const arena = out_.out()->arena();
  const uint32_t room = Mapper::MaxName(key);
  const uint32_t name = arena->Allocate(room);
  if (name == 0) return out_.out()->Fail();
  const uint8_t* const end = mapper_->DefaultName(scope, type_, key, arena->At(name));
  attributes_->Name({arena->At<char>(name), arena->OffsetOf(end) - name}).Value(node);
  arena->Free(name, room);
}

void SpanEncoder::Apply(Action action, const Node* node) {
  const PageArena& arena = *run_.record.arena;
  switch (action) {
    case Action::kDrop:
      return;
    case Action::kJson:
      return attributes_->Json(node);
    case Action::kList:
      return attributes_->List(node);
    case Action::kProvider: {
      const std::string_view given = TextOf(arena, node);
      if (!SameText(given, provider_)) {
        provider_ = given;
        canonical_ = CanonicalProvider(given);
      }
      if (!canonical_.empty()) return attributes_->Text(canonical_);
      if (!attributes_->Begin(16)) return;
      for (char c : given) {
        if (c == '.') break;
        const bool upper = c >= 'A' && c <= 'Z';
        attributes_->buffer()->AppendByte(static_cast<uint8_t>(upper ? c + ('a' - 'A') : c));
      }
      break;
    }
    default: {
      if (!attributes_->Begin(node->b + 64)) return;
      MessageWriter messages(run_.record, attributes_->buffer());
      if (action == Action::kInputMessages) {
        messages.Input(node);
      } else if (action == Action::kOutputMessages) {
        messages.Output(node, Find(kKeyAttributes, kKeyFinishReason));
      } else if (action == Action::kInstructions) {
        messages.Instructions(node);
      } else {
        messages.ToolNames(node);
      }
    }
  }
  attributes_->End();
}

// The exception event of the OpenTelemetry conventions ("Exceptions"), at the span's end.
void SpanEncoder::Exception(const Node* error) {
  if (run_.limits->event_count == 0) {
    return out_.Varint(pb::Span::kDroppedEventsCountFieldNumber, 1);
  }
  const uint32_t event = out_.Open(pb::Span::kEventsFieldNumber, error->b + 128);
  out_.Fixed64(pb::Span_Event::kTimeUnixNanoFieldNumber, end_ns_);
  out_.Text(pb::Span_Event::kNameFieldNumber, "exception");
  AttributeWriter attributes(run_.record, *run_.limits, &out_,
                             pb::Span_Event::kAttributesFieldNumber);
  const auto text = [&](std::string_view name, const Node* node) {
    if (node != nullptr) attributes.Name(name).Json(node);
  };
  text("exception.message", FindMember(error, kKeyMessage));
  const Node* const type = FindMember(error, kKeyName);
  text("exception.type", type);
  if (type == nullptr) attributes.Name("exception.type").Text("Error");
  const Node* const stack = FindMember(error, kKeyStack);
  text("exception.stacktrace",
       stack != nullptr ? stack : FindMember(FindMember(error, kKeyDetails), kKeyStack));
  out_.Close(event);
}

// ---- OpenTelemetry --------------------------------------------------------------------------------

void SpanEncoder::WriteFields(const Node* begin, const Node* end, const Field* fields) {
  const PageArena& arena = *run_.record.arena;
  uint32_t dropped = 0;  // by the limits, of the attributes or the list just written
  for (const Field* field = fields; field->key != 0; ++field) {
    const Node* const node = FindMember(begin, end, field->key);
    const std::string_view text = TextOf(arena, node);
    const int number = field->number;
    switch (field->kind) {
      case Field::kText:
        if (!text.empty()) out_.Text(number, text);
        break;
      case Field::kTraceId: {
        TraceId id;
        if (TraceId::FromHex(text, &id)) out_.Bytes(number, id.bytes, sizeof id.bytes);
        break;
      }
      case Field::kSpanId: {
        SpanId id;
        if (SpanId::FromHex(text, &id)) out_.Bytes(number, id.bytes, sizeof id.bytes);
        break;
      }
      case Field::kTime:
        out_.Fixed64(number, Nanoseconds(NumberOf(arena, node)));
        break;
      case Field::kCount:
      case Field::kFlags: {
        const uint32_t count = CountOf(arena, node) + dropped;
        if (field->kind == Field::kCount) {
          out_.Count(number, count);
        } else if (count != 0) {
          out_.Fixed32(number, count);
        }
        dropped = 0;
        break;
      }
      case Field::kAttributes: {
        AttributeWriter attributes(run_.record, *run_.limits, &out_, number);
        if (span_->Has(tape::kWithheld) && fields == kSpanFields) {
          attributes.Name("edgespan.withheld").Text("true");
        }
        attributes.All(node);
        dropped = attributes.dropped();
        break;
      }
      default: {
        if (node == nullptr || node->Kind() != Op::kArray) break;
        const uint32_t limit =
            field->kind == Field::kEvents ? run_.limits->event_count : run_.limits->link_count;
        uint32_t written = 0;
        for (const Node* item = node->Begin(); item < node->End(); item = item->Skip()) {
          if (written++ >= limit) {
            ++dropped;
            continue;
          }
          const uint32_t nested = out_.Open(number, item->b);
          if (item->Kind() == Op::kObject) WriteFields(item->Begin(), item->End(), field->fields);
          out_.Close(nested);
        }
      }
    }
  }
}

}  // namespace edgespan::otlp
