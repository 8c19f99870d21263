// SpanEncoder, the part that tells a Mastra span in the words of a dialect.
#include "edgespan/base/utf.h"
#include "edgespan/otlp/otlp.pb.h"
#include "edgespan/otlp/span_encoder.h"
#include "edgespan/semconv/messages.h"
#include "edgespan/semconv/settled.h"

namespace edgespan::otlp {
namespace {

using tape::Op;

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
  if (span_->Has(tape::kIsRoot) && run_.dropped_spans > 0) {
    attributes.Name("edgespan.dropped_spans").Integer(run_.dropped_spans);
  }
  if (IsPartial(run_.record, *span_, type_.bits == kModelCall)) {
    attributes.Name("edgespan.partial").Text("true");
  }
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
  attributes_->End(action != Action::kProvider);
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

}  // namespace edgespan::otlp
