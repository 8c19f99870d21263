// SpanEncoder, the part that says what a Mastra span says as a whole: its name, its attributes, its
// status and its exception; and what a span says by what others recorded.
//
// Each rule that reads other spans has its question in semconv/settled.cc: when is what it reads final?
#include "edgespan/base/iso_time.h"
#include "edgespan/base/utf.h"
#include "edgespan/otlp/otlp.pb.h"
#include "edgespan/otlp/span_encoder.h"
#include "edgespan/semconv/generation.h"
#include "edgespan/semconv/messages.h"
#include "edgespan/semconv/settled.h"

namespace edgespan::otlp {
namespace {

using tape::Op;
using Rebuilt = MessageWriter::Rebuilt;

constexpr TypeSet kNamedByModel = kModelCall | TypeBit(kTypeModelGeneration) |
                                  TypeBit(kTypeModelInference) | TypeBit(kTypeRagEmbedding);
constexpr TypeSet kNamedAsTheyAre = TypeBit(kTypeWorkflowConditional) |
                                    TypeBit(kTypeWorkflowConditionalEval) |
                                    TypeBit(kTypeWorkflowParallel) | TypeBit(kTypeWorkflowLoop) |
                                    TypeBit(kTypeWorkflowSleep) | TypeBit(kTypeWorkflowWaitEvent);

// What stands for the input that is rebuilt.
constexpr Node kRebuiltInput = {kKeyInput, static_cast<uint16_t>(Op::kObject), 0, 0};

// Letters, digits and "._ -" stay in a name; of what is not ASCII everything does.
bool StaysInName(uint8_t c) {
  const uint32_t letter = c | 0x20u;
  return c >= 0x80 || (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == ' ' || c == '-';
}

}  // namespace

void SpanEncoder::WriteMastra() {
  AttributeWriter attributes(run_.record, *run_.limits, &out_, pb::Span::kAttributesFieldNumber);
  attributes_ = &attributes;
  Steps(Virtual(Scope::kEvery), nullptr, Scope::kEvery);
  attributes.Name("mastra.span.type").Text(type_name_);
  if (IsPartial(run_.record, *span_, type_.bits == kModelCall)) {
    attributes.Name("edgespan.partial").Text("true");
  }
  Marks(&attributes);
  const bool verbatim = dialect_.verbatim;
  if (verbatim && span_->Has(tape::kIsEvent)) attributes.Name("isEvent").Text("true");
  const TreeNode& node = *run_.record.arena->At<TreeNode>(span_->tree);
  const bool is_call = span_->type == kTypeModelInference && !verbatim;
  const Rebuilt rebuilt = is_call && !span_->Has(tape::kWithheld)
                              ? MessageWriter::CanRebuild(run_.record, node)
                              : Rebuilt::kNot;
  // What Mastra gives a step, and some calls, for an input is a preview with texts alone: it is left out
  // where the call has the messages.
  const bool step = span_->type == kTypeModelStep && !verbatim;
  const Node* const input = step || rebuilt != Rebuilt::kNot ? Find(kKeyInput) : nullptr;
  const bool preview = step && input != nullptr && input->Kind() == Op::kArray;
  const bool told = rebuilt != Rebuilt::kNot || (preview && HasCall(node));
  const Node* const aside = told && input != nullptr ? input : span_->End();
  Members(span_->Begin(), aside, Scope::kSpan);
  if (aside != span_->End()) Members(aside->Skip(), span_->End(), Scope::kSpan);
  // The last response's id stands on the generation.
  const SpanRecord* const generation =
      is_call ? GenerationEndedBy(*run_.record.arena, node) : nullptr;
  if (generation != nullptr && Find(kKeyAttributes, kKeyResponseId) == nullptr) {
    const Node* const id = FindMember(FindMember(*generation, kKeyAttributes), kKeyResponseId);
    if (id != nullptr)
      Steps(mapper_->Find(Scope::kAttributes, type_, kKeyResponseId), id, Scope::kAttributes);
  }
  if (rebuilt != Rebuilt::kNot && Admits(0, &kRebuiltInput, Scope::kSpan)) {
    Steps(mapper_->Find(Scope::kSpan, type_, kKeyInput), nullptr, Scope::kSpan);
  }
  attributes.Veil(0);
  if (rebuilt == Rebuilt::kPartly || (preview && !told)) {
    attributes.Name("edgespan.partial_messages").Text("true");
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
  std::string_view own(run_.record.arena->At<char>(span_->name), span_->name_bytes);
  if (dialect_.verbatim) return out_.Text(pb::Span::kNameFieldNumber, Shortened(own));
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
    own = Shown(own);
    for (const char c : own) {
      const auto byte = static_cast<uint8_t>(c);
      if (StaysInName(byte)) out->AppendByte(byte);
    }
  }
  if (out->size() == before) {
    out->AppendText(operation_);
    if (!about.empty()) out->AppendByte(' ');
    out->AppendText(Shown(about));
  }
  out_.Close(name);
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

const Node* SpanEncoder::FindError(bool* failed) const {
  const Node* error = Find(kKeyErrorInfo);
  if (error != nullptr && error->Kind() == Op::kLiteral) error = nullptr;  // null: none
  *failed = error != nullptr;
  constexpr TypeSet kFailing = kModelCall | TypeBit(kTypeModelStep) | TypeBit(kTypeModelGeneration);
  if (*failed || (type_.bits & kFailing) == 0 ||
      !SameText(TextAt(kKeyAttributes, kKeyFinishReason), "error")) {
    return error;
  }
  *failed = true;
  const PageArena& arena = *run_.record.arena;
  for (uint32_t at = span_->tree; at != 0 && error == nullptr;) {
    const TreeNode& node = *arena.At<TreeNode>(at);
    at = node.parent;
    if (const SpanRecord* const record = RecordOf(arena, node)) {
      const Node* const found = FindMember(*record, kKeyErrorInfo);
      if (found != nullptr && found->Kind() == Op::kObject) error = found;
    }
    // Where another one of its kind came after it, what is above failed of something else.
    for (uint32_t next = node.next_sibling; next != 0;
         next = arena.At<TreeNode>(next)->next_sibling) {
      if (arena.At<TreeNode>(next)->type == node.type) at = 0;
    }
  }
  return error;
}

bool SpanEncoder::HasCall(const TreeNode& step) const {
  if ((run_.left_out & TypeBit(kTypeModelInference)) != 0) return false;
  const PageArena& arena = *run_.record.arena;
  for (uint32_t at = step.first_child; at != 0; at = arena.At<TreeNode>(at)->next_sibling) {
    const TreeNode& node = *arena.At<TreeNode>(at);
    if (node.type == kTypeModelInference && node.record != 0) return true;
  }
  return false;
}

const Node* SpanEncoder::ToolDefinitions() const {
  const PageArena& arena = *run_.record.arena;
  const Node* tools = nullptr;
  uint32_t at = arena.At<TreeNode>(span_->tree)->first_child;
  while (at != 0 && tools == nullptr) {
    const TreeNode& node = *arena.At<TreeNode>(at);
    const SpanRecord* const record = RecordOf(arena, node);
    if (node.type == kTypeModelGeneration && record != nullptr) {
      tools = FindMember(FindMember(*record, kKeyAttributes), kKeyTools);
    }
    at = node.next_sibling;
  }
  return tools;
}

double SpanEncoder::CompletionStart(const Node* given) const {
  const PageArena& arena = *run_.record.arena;
  double first = NumberOf(arena, given);
  if (first >= span_->start_ms) return first;
  uint32_t at = arena.At<TreeNode>(span_->tree)->first_child;
  for (first = 0; at != 0 && first == 0;) {
    const TreeNode& node = *arena.At<TreeNode>(at);
    const SpanRecord* const record = RecordOf(arena, node);
    if (node.type == kTypeModelChunk && record != nullptr) first = record->start_ms;
    at = node.next_sibling;
  }
  return first > 0 && first >= span_->start_ms && first < kIsoTimeEnd ? first : 0;
}

}  // namespace edgespan::otlp
