#include "edgespan/otlp/span_encoder.h"

#include "edgespan/otlp/otlp.pb.h"
#include "edgespan/semconv/messages.h"

namespace edgespan::otlp {
namespace {

using tape::Op;

constexpr uint32_t kFlagsSampled = 0x1;        // W3C trace flags
constexpr uint32_t kFlagsHasIsRemote = 0x100;  // Span.flags bit 8: bit 9 is meaningful
constexpr uint32_t kFlagsIsRemote = 0x200;     // bit 9: the parent lives in another process

// Milliseconds since the epoch to nanoseconds; what no fixed64 time can say becomes its bound.
uint64_t Nanoseconds(double ms) {
  constexpr double kMaxMs = 18446744073709.0;
  if (!(ms > 0)) return 0;
  if (ms > kMaxMs) ms = kMaxMs;
  const uint64_t whole = static_cast<uint64_t>(ms);
  const double fraction = ms - static_cast<double>(whole);
  return whole * 1000000u + static_cast<uint64_t>(fraction * 1e6 + 0.5);
}

double NumberOf(const PageArena& arena, const Node* node) {
  if (node == nullptr) return 0;
  switch (node->Kind()) {
    case Op::kInt64:
      return static_cast<double>(static_cast<int64_t>(node->Bits()));
    case Op::kDate:
      return node->Number();
    case Op::kNumber: {
      double value;
      std::memcpy(&value, arena.At(node->a), sizeof value);
      return value;
    }
    default:
      return 0;
  }
}

uint32_t CountOf(const PageArena& arena, const Node* node) {
  const double value = NumberOf(arena, node);
  return value >= 0 && value <= 4294967295.0 ? static_cast<uint32_t>(value) : 0;
}

// A key as the last part of an attribute name: "stepIndex" -> "step_index".
std::string_view SnakeCase(std::string_view key, char* out, uint32_t capacity) {
  uint32_t n = 0;
  for (char c : key) {
    if (n + 2 > capacity) return key;
    if (c >= 'A' && c <= 'Z') {
      if (n > 0) out[n++] = '_';
      c = static_cast<char>(c + ('a' - 'A'));
    }
    out[n++] = c;
  }
  return {out, n};
}

struct ScopeName {
  std::string_view before;  // the span type...
  std::string_view after;   // ...goes between, where this is not empty
};
constexpr ScopeName kScopeNames[kScopes] = {
    {"mastra.", {}},
    {"mastra.", "."},
    {"mastra.", ".usage."},
    {"mastra.", ".usage.input_details."},
    {"mastra.", ".usage.output_details."},
    {"mastra.", ".parameters."},
    {"mastra.metadata.", {}},
    {"error.", {}},
};

}  // namespace

void SpanEncoder::Write(const SpanRecord& span) {
  span_ = &span;
  const auto nested =
      out_.Open(pb::ScopeSpans::kSpansFieldNumber, span.text_bytes + 24 * span.node_count + 160);
  if (span.Has(tape::kOtel)) {
    WriteOtel(span);
  } else {
    WriteMastra(span);
  }
  out_.Close(nested);
}

// message Span { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3;
//   bytes parent_span_id = 4; string name = 5; SpanKind kind = 6; fixed64 start_time_unix_nano = 7;
//   fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
//   uint32 dropped_attributes_count = 10; repeated Event events = 11;
//   uint32 dropped_events_count = 12; repeated Link links = 13; uint32 dropped_links_count = 14;
//   Status status = 15; fixed32 flags = 16; }
void SpanEncoder::Ids(const SpanRecord& span, std::string_view trace_state) {
  out_.Bytes(pb::Span::kTraceIdFieldNumber, run_.trace_id.bytes, sizeof run_.trace_id.bytes);
  out_.Bytes(pb::Span::kSpanIdFieldNumber, span.span_id.bytes, sizeof span.span_id.bytes);
  if (!trace_state.empty()) out_.Text(pb::Span::kTraceStateFieldNumber, trace_state);
  if (span.parent_id.IsValid()) {
    out_.Bytes(pb::Span::kParentSpanIdFieldNumber, span.parent_id.bytes,
               sizeof span.parent_id.bytes);
  }
}

void SpanEncoder::KindAndTimes(const SpanRecord& span, uint32_t kind) {
  // OTLP: unspecified is not to be sent, and receivers take it for INTERNAL anyway.
  if (kind == 0 || kind > pb::Span::SPAN_KIND_CONSUMER) kind = pb::Span::SPAN_KIND_INTERNAL;
  out_.Varint(pb::Span::kKindFieldNumber, kind);
  const uint64_t start = Nanoseconds(span.start_ms);
  const uint64_t end = Nanoseconds(span.end_ms);
  out_.Fixed64(pb::Span::kStartTimeUnixNanoFieldNumber, start);
  // A clock that was set back must not make a negative duration.
  out_.Fixed64(pb::Span::kEndTimeUnixNanoFieldNumber, end < start ? start : end);
}

// message Status { string message = 2; StatusCode code = 3; }
void SpanEncoder::Status(uint32_t code, std::string_view message) {
  if (code == 0 && message.empty()) return;
  const uint32_t text = static_cast<uint32_t>(message.size());
  out_.Length(pb::Span::kStatusFieldNumber,
              (text != 0 ? FieldSize(text) : 0) + (code != 0 ? 1 + VarintSize(code) : 0));
  if (text != 0) out_.Text(pb::Status::kMessageFieldNumber, message);
  if (code != 0) out_.Varint(pb::Status::kCodeFieldNumber, code);
}

void SpanEncoder::Flags(const SpanRecord& span) {
  out_.Fixed32(pb::Span::kFlagsFieldNumber, kFlagsSampled | kFlagsHasIsRemote |
                                                (span.Has(tape::kRemoteParent) ? kFlagsIsRemote : 0));
}

// ---- Mastra ---------------------------------------------------------------------------------------

void SpanEncoder::WriteMastra(const SpanRecord& span) {
  const bool known = span.type >= kFirstSpanType && span.type <= kLastSpanType;
  bits_ = known ? TypeBit(static_cast<Key>(span.type)) : kUnknownType;
  if (span.type == (run_.has_inference ? kTypeModelInference : kTypeModelGeneration)) {
    bits_ |= kModelCall;
  }
  type_name_ = run_.record.keys->Name(span.type);

  Ids(span, {});
  MastraName(span);
  uint32_t kind = span.flags >> tape::kKindShift & 7;
  if (kind == 0) {
    kind = bits_ & run_.dialect->client   ? pb::Span::SPAN_KIND_CLIENT
           : bits_ & run_.dialect->server ? pb::Span::SPAN_KIND_SERVER
                                          : pb::Span::SPAN_KIND_INTERNAL;
  }
  KindAndTimes(span, kind);

  AttributeWriter attributes(run_.record, *run_.limits, &out_, pb::Span::kAttributesFieldNumber);
  attributes_ = &attributes;
  const std::string_view operation = run_.dialect->operation(bits_);
  attributes.Text({"gen_ai.operation.name"}, operation.empty() ? type_name_ : operation);
  attributes.Text({"mastra.span.type"}, type_name_);
  if (span.Has(tape::kWithheld)) attributes.Bool({"edgespan.withheld"}, true);
  Members(span.Begin(), span.End(), Scope::kSpan);
  const Node* const error = FindMember(span.Begin(), span.End(), kKeyErrorInfo);
  if ((bits_ & kModelCall) != 0 && FindMember(span.Begin(), span.End(), kKeyInput) == nullptr &&
      !span.Has(tape::kWithheld)) {
    const TreeNode& node = *run_.record.arena->At<TreeNode>(span.tree);
    AttributeWriter::Open open;
    if (MessageWriter::CanRebuild(run_.record, node) &&
        attributes.Begin({"gen_ai.input.messages"}, 1024, &open)) {
      MessageWriter(run_.record, attributes.buffer()).Rebuild(node);
      attributes.End(open);
    }
  }
  if (error != nullptr && FindMember(error, kKeyId) == nullptr &&
      FindMember(error, kKeyName) == nullptr) {
    attributes.Text({"error.type"}, "_OTHER");  // the registry's fallback value
  }
  if (attributes.dropped() != 0) {
    out_.Varint(pb::Span::kDroppedAttributesCountFieldNumber, attributes.dropped());
  }
  attributes_ = nullptr;

  if (error != nullptr) {
    Exception(span, error);
    Status(pb::Status::STATUS_CODE_ERROR,
           TextOf(*run_.record.arena, FindMember(error, kKeyMessage)));
  } else if (span.Has(tape::kHasEnd)) {
    Status(pb::Status::STATUS_CODE_OK, {});
  }
  Flags(span);
}

// "{operation} {what it is about}", as Mastra's own exporters name spans; the span's name without
// punctuation where nothing says what it is about.
void SpanEncoder::MastraName(const SpanRecord& span) {
  const std::string_view operation = run_.dialect->operation(bits_);
  constexpr TypeSet kByModel =
      kModelCall | TypeBit(kTypeModelGeneration) | TypeBit(kTypeModelInference) |
      TypeBit(kTypeRagEmbedding);
  constexpr TypeSet kByName =
      TypeBit(kTypeWorkflowConditional) | TypeBit(kTypeWorkflowConditionalEval) |
      TypeBit(kTypeWorkflowParallel) | TypeBit(kTypeWorkflowLoop) | TypeBit(kTypeWorkflowSleep) |
      TypeBit(kTypeWorkflowWaitEvent);
  std::string_view about;
  if (bits_ & kByModel) {
    about = TextOf(*run_.record.arena,
                   FindMember(FindMember(span.Begin(), span.End(), kKeyAttributes), kKeyModel));
  } else if ((bits_ & kByName) == 0) {
    if ((bits_ & TypeBit(kTypeWorkflowStep)) == 0) {
      about = TextMember(span.Begin(), span.End(), kKeyEntityName);
    }
    if (about.empty()) about = TextMember(span.Begin(), span.End(), kKeyEntityId);
  }
  if (!about.empty()) {
    const std::string_view verb = operation.empty() ? type_name_ : operation;
    out_.Length(pb::Span::kNameFieldNumber, static_cast<uint32_t>(verb.size() + 1 + about.size()));
    out_.out()->AppendText(verb);
    out_.out()->AppendByte(' ');
    out_.out()->AppendText(about);
    return;
  }
  // Letters, digits and "._ -" stay; of what is not ASCII everything does.
  const auto keep = [](uint8_t c) {
    return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == ' ' || c == '-';
  };
  const uint8_t* const name = run_.record.arena->At(span.name);
  uint32_t kept = 0;
  for (uint32_t i = 0; i < span.name_bytes; ++i) kept += keep(name[i]) ? 1 : 0;
  if (kept == 0) return out_.Text(pb::Span::kNameFieldNumber, type_name_);
  out_.Length(pb::Span::kNameFieldNumber, kept);
  uint8_t* out = out_.out()->Reserve(kept);
  if (out == nullptr) return;
  for (uint32_t i = 0; i < span.name_bytes; ++i) {
    if (keep(name[i])) *out++ = name[i];
  }
  out_.out()->Advance(out);
}

Name SpanEncoder::NameOf(const Rule& rule) const {
  const std::string_view name = rule.name;
  return name.front() == '.' ? Name{"mastra.", type_name_, name} : Name{name};
}

void SpanEncoder::Members(const Node* begin, const Node* end, Scope scope) {
  for (const Node* node = begin; node < end;) {
    const Node* value = node;
    const std::string_view inline_key =
        node->Kind() == Op::kKey ? MemberName(run_.record, &value) : std::string_view{};
    if (value != node || value->key >= kFirstDynamicKey) {
      Default(value, scope, value != node ? inline_key : run_.record.keys->Name(value->key));
    } else {
      Member(value, scope, begin, end);
    }
    node = value->Skip();
  }
}

void SpanEncoder::Member(const Node* node, Scope scope, const Node* siblings,
                         const Node* siblings_end) {
  const Rule* rule;
  const Rule* end;
  FindRules(*run_.dialect, scope, node->key, &rule, &end);
  bool matched = false;
  for (; rule < end; ++rule) {
    if ((rule->types & bits_) == 0) continue;
    matched = true;
    switch (rule->action) {
      case Action::kDrop:
        continue;
      case Action::kEnter:
        if (node->Kind() == Op::kObject) {
          Members(node->Begin(), node->End(), rule->enter);
        } else {
          matched = false;
        }
        continue;
      case Action::kUnlessSibling:
        if (FindMember(siblings, siblings_end, rule->sibling) != nullptr) continue;
        break;
      case Action::kUnlessThread:
        if (FindMember(FindMember(span_->Begin(), span_->End(), kKeyMetadata), kKeyThreadId)) {
          continue;
        }
        break;
      case Action::kUnlessAttribute:
        if (FindMember(FindMember(span_->Begin(), span_->End(), kKeyAttributes), rule->sibling)) {
          continue;
        }
        break;
      default:
        break;
    }
    Apply(*rule, NameOf(*rule), node);
  }
  if (!matched) Default(node, scope, SchemaName(node->key));
}

void SpanEncoder::Apply(const Rule& rule, const Name& name, const Node* node) {
  AttributeWriter::Open open;
  switch (rule.action) {
    case Action::kJson:
      return attributes_->Json(name, node);
    case Action::kTextList:
      return attributes_->TextList(name, node);
    case Action::kProvider: {
      const std::string_view provider = TextOf(*run_.record.arena, node);
      const std::string_view canonical = CanonicalProvider(provider);
      if (!canonical.empty()) return attributes_->Text(name, canonical);
      if (!attributes_->Begin(name, node->b, &open)) return;
      for (char c : provider.substr(0, provider.find('.'))) {
        const bool upper = c >= 'A' && c <= 'Z';
        attributes_->buffer()->AppendByte(static_cast<uint8_t>(upper ? c + ('a' - 'A') : c));
      }
      return attributes_->End(open);
    }
    case Action::kInputMessages:
    case Action::kOutputMessages:
    case Action::kInstructions:
    case Action::kToolNames: {
      if (!attributes_->Begin(name, node->b + 64, &open)) return;
      MessageWriter messages(run_.record, attributes_->buffer());
      if (rule.action == Action::kInputMessages) {
        messages.Input(node);
      } else if (rule.action == Action::kOutputMessages) {
        messages.Output(node, TextOf(*run_.record.arena,
                                     FindMember(FindMember(span_->Begin(), span_->End(),
                                                           kKeyAttributes),
                                                kKeyFinishReason)));
      } else if (rule.action == Action::kInstructions) {
        messages.Instructions(node);
      } else {
        messages.ToolNames(node);
      }
      return attributes_->End(open);
    }
    default:
      return attributes_->Value(name, node);
  }
}

void SpanEncoder::Default(const Node* node, Scope scope, std::string_view key) {
  const ScopeName& names = kScopeNames[static_cast<uint32_t>(scope)];
  char snake[80];
  if (scope != Scope::kMetadata) key = SnakeCase(key, snake, sizeof snake);
  if (names.after.empty()) return attributes_->Value({names.before, key}, node);
  // Four pieces: the middle two are joined here.
  char middle[96];
  uint32_t n = 0;
  for (const std::string_view piece : {type_name_, names.after}) {
    const uint32_t size = static_cast<uint32_t>(
        piece.size() < sizeof middle - n ? piece.size() : sizeof middle - n);
    CopyBytes(reinterpret_cast<uint8_t*>(middle) + n, piece.data(), size);
    n += size;
  }
  attributes_->Value({names.before, {middle, n}, key}, node);
}

// message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3;
//   uint32 dropped_attributes_count = 4; }
void SpanEncoder::Exception(const SpanRecord& span, const Node* error) {
  if (run_.limits->event_count == 0) {
    return out_.Varint(pb::Span::kDroppedEventsCountFieldNumber, 1);
  }
  const PageArena& arena = *run_.record.arena;
  const std::string_view name = TextOf(arena, FindMember(error, kKeyName));
  const Node* stack = FindMember(error, kKeyStack);
  if (stack == nullptr) stack = FindMember(FindMember(error, kKeyDetails), kKeyStack);
  const auto event = out_.Open(pb::Span::kEventsFieldNumber, error->b + 128);
  const uint64_t start = Nanoseconds(span.start_ms);
  const uint64_t end = Nanoseconds(span.end_ms);
  out_.Fixed64(pb::Span_Event::kTimeUnixNanoFieldNumber, end < start ? start : end);
  out_.Text(pb::Span_Event::kNameFieldNumber, "exception");
  AttributeWriter attributes(run_.record, *run_.limits, &out_,
                             pb::Span_Event::kAttributesFieldNumber);
  if (const Node* const message = FindMember(error, kKeyMessage)) {
    attributes.Json({"exception.message"}, message);
  }
  attributes.Text({"exception.type"}, name.empty() ? std::string_view("Error") : name);
  if (stack != nullptr) attributes.Json({"exception.stacktrace"}, stack);
  out_.Close(event);
}

// ---- OpenTelemetry --------------------------------------------------------------------------------

void SpanEncoder::WriteOtel(const SpanRecord& span) {
  const PageArena& arena = *run_.record.arena;
  const Node* const begin = span.Begin();
  const Node* const end = span.End();
  Ids(span, TextMember(begin, end, kKeyTraceState));
  out_.Bytes(pb::Span::kNameFieldNumber, arena.At(span.name), span.name_bytes);
  KindAndTimes(span, span.flags >> tape::kKindShift & 7);

  AttributeWriter attributes(run_.record, *run_.limits, &out_, pb::Span::kAttributesFieldNumber);
  if (span.Has(tape::kWithheld)) attributes.Bool({"edgespan.withheld"}, true);
  attributes.All(FindMember(begin, end, kKeyAttributes));
  const auto dropped = [&](int field, uint16_t key, uint32_t more) {
    const uint32_t count = CountOf(arena, FindMember(begin, end, key)) + more;
    if (count != 0) out_.Varint(field, count);
  };
  dropped(pb::Span::kDroppedAttributesCountFieldNumber, kKeyDroppedAttributesCount,
          attributes.dropped());

  uint32_t over = 0;
  uint32_t written = 0;
  const Node* list = FindMember(begin, end, kKeyEvents);
  if (list != nullptr && list->Kind() == Op::kArray) {
    for (const Node* event = list->Begin(); event < list->End(); event = event->Skip()) {
      if (written++ < run_.limits->event_count) {
        Event(event);
      } else {
        ++over;
      }
    }
  }
  dropped(pb::Span::kDroppedEventsCountFieldNumber, kKeyDroppedEventsCount, over);

  over = written = 0;
  list = FindMember(begin, end, kKeyLinks);
  if (list != nullptr && list->Kind() == Op::kArray) {
    for (const Node* link = list->Begin(); link < list->End(); link = link->Skip()) {
      if (written++ < run_.limits->link_count) {
        Link(link);
      } else {
        ++over;
      }
    }
  }
  dropped(pb::Span::kDroppedLinksCountFieldNumber, kKeyDroppedLinksCount, over);

  const Node* const status = FindMember(begin, end, kKeyStatus);
  Status(CountOf(arena, FindMember(status, kKeyCode)),
         TextOf(arena, FindMember(status, kKeyMessage)));
  const Node* const flags = FindMember(begin, end, kKeyFlags);
  if (flags == nullptr) return Flags(span);
  const uint32_t bits = CountOf(arena, flags);
  if (bits != 0) out_.Fixed32(pb::Span::kFlagsFieldNumber, bits);
}

void SpanEncoder::Event(const Node* event) {
  const PageArena& arena = *run_.record.arena;
  const auto nested = out_.Open(pb::Span::kEventsFieldNumber, event->b);
  out_.Fixed64(pb::Span_Event::kTimeUnixNanoFieldNumber,
               Nanoseconds(NumberOf(arena, FindMember(event, kKeyTime))));
  out_.Text(pb::Span_Event::kNameFieldNumber, TextOf(arena, FindMember(event, kKeyName)));
  AttributeWriter attributes(run_.record, *run_.limits, &out_,
                             pb::Span_Event::kAttributesFieldNumber);
  attributes.All(FindMember(event, kKeyAttributes));
  const uint32_t count =
      CountOf(arena, FindMember(event, kKeyDroppedAttributesCount)) + attributes.dropped();
  if (count != 0) out_.Varint(pb::Span_Event::kDroppedAttributesCountFieldNumber, count);
  out_.Close(nested);
}

// message Link { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3;
//   repeated KeyValue attributes = 4; uint32 dropped_attributes_count = 5; fixed32 flags = 6; }
void SpanEncoder::Link(const Node* link) {
  const PageArena& arena = *run_.record.arena;
  TraceId trace_id;
  SpanId span_id;
  if (!TraceId::FromHex(TextOf(arena, FindMember(link, kKeyTraceId)), &trace_id)) trace_id = {};
  if (!SpanId::FromHex(TextOf(arena, FindMember(link, kKeySpanId)), &span_id)) span_id = {};
  const auto nested = out_.Open(pb::Span::kLinksFieldNumber, link->b);
  out_.Bytes(pb::Span_Link::kTraceIdFieldNumber, trace_id.bytes, sizeof trace_id.bytes);
  out_.Bytes(pb::Span_Link::kSpanIdFieldNumber, span_id.bytes, sizeof span_id.bytes);
  const std::string_view state = TextOf(arena, FindMember(link, kKeyTraceState));
  if (!state.empty()) out_.Text(pb::Span_Link::kTraceStateFieldNumber, state);
  AttributeWriter attributes(run_.record, *run_.limits, &out_,
                             pb::Span_Link::kAttributesFieldNumber);
  attributes.All(FindMember(link, kKeyAttributes));
  const uint32_t count =
      CountOf(arena, FindMember(link, kKeyDroppedAttributesCount)) + attributes.dropped();
  if (count != 0) out_.Varint(pb::Span_Link::kDroppedAttributesCountFieldNumber, count);
  const uint32_t flags = CountOf(arena, FindMember(link, kKeyFlags));
  if (flags != 0) out_.Fixed32(pb::Span_Link::kFlagsFieldNumber, flags);
  out_.Close(nested);
}

}  // namespace edgespan::otlp
