// SpanEncoder, the part that tells a Mastra span in the words of a dialect.
#include "edgespan/base/utf.h"
#include "edgespan/otlp/otlp.pb.h"
#include "edgespan/otlp/span_encoder.h"
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

// Letters, digits and "._ -" stay in a name; of what is not ASCII everything does.
bool StaysInName(uint8_t c) {
  const uint32_t letter = c | 0x20u;
  return c >= 0x80 || (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == ' ' || c == '-';
}

// A time from 1970 to 9999, as Date.prototype.toISOString() has it.
constexpr char kIsoTime[] = "0000-00-00T00:00:00.000Z";
std::string_view IsoTime(double ms, char* text) {
  auto time = static_cast<uint64_t>(ms);
  for (uint32_t i = 0; i < sizeof kIsoTime - 1; ++i) text[i] = kIsoTime[i];
  const auto put = [text](uint32_t end, uint32_t value) {  // its last digit stands before `end`
    for (; value != 0; value /= 10) text[--end] = static_cast<char>('0' + value % 10);
  };
  const auto take = [&time](uint32_t unit) {
    const auto rest = static_cast<uint32_t>(time % unit);
    time /= unit;
    return rest;
  };
  put(23, take(1000));
  put(19, take(60));
  put(16, take(60));
  put(13, take(24));
  uint32_t year = 1970;
  uint32_t month = 1;
  for (auto days = static_cast<uint32_t>(time);;) {
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    const uint32_t length = month == 2 ? (leap ? 29 : 28) : 30 + ((month + (month >> 3)) & 1);
    if (days < length) {
      put(10, days + 1);
      break;
    }
    days -= length;
    month = month % 12 + 1;
    year += month == 1;
  }
  put(7, month);
  put(4, year);
  return {text, sizeof kIsoTime - 1};
}

}  // namespace

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
    if (node.record != 0) {
      const SpanRecord& record = *arena.At<SpanRecord>(node.record);
      const Node* const found = FindMember(record.Begin(), record.End(), kKeyErrorInfo);
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

bool SpanEncoder::IsCall(const TreeNode& node) const {
  if (node.type != kTypeModelGeneration) return node.type == kTypeModelInference;
  if (run_.strays) return false;
  const TreeNode* at = &node;
  while ((at = NextBelow(*run_.record.arena, node, at)) != nullptr) {
    if (at->type == kTypeModelInference) return false;
  }
  return true;
}

// Whether a step has a call below it that is sent.
bool SpanEncoder::HasCall(const TreeNode& step) const {
  if ((run_.left_out & TypeBit(kTypeModelInference)) != 0) return false;
  const PageArena& arena = *run_.record.arena;
  for (uint32_t at = step.first_child; at != 0; at = arena.At<TreeNode>(at)->next_sibling) {
    const TreeNode& node = *arena.At<TreeNode>(at);
    if (node.type == kTypeModelInference && node.record != 0) return true;
  }
  return false;
}

void SpanEncoder::WriteMastra() {
  AttributeWriter attributes(run_.record, *run_.limits, &out_, pb::Span::kAttributesFieldNumber);
  attributes_ = &attributes;
  Steps(Virtual(Scope::kEvery), nullptr, Scope::kEvery);
  attributes.Name("mastra.span.type").Text(type_name_);
  if (span_->Has(tape::kIsRoot) && run_.dropped_spans > 0) {
    attributes.Name("edgespan.dropped_spans").Integer(run_.dropped_spans);
  }
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
  const Node* const input = Find(kKeyInput);
  const bool preview =
      span_->type == kTypeModelStep && !verbatim && input != nullptr && input->Kind() == Op::kArray;
  const bool told = rebuilt != Rebuilt::kNot || (preview && HasCall(node));
  const Node* const aside = told && input != nullptr ? input : span_->End();
  Members(span_->Begin(), aside, Scope::kSpan);
  if (aside != span_->End()) Members(aside->Skip(), span_->End(), Scope::kSpan);
  // The last response's id stands on the generation.
  const SpanRecord* const generation = is_call ? GenerationEndedBy(run_.record, node) : nullptr;
  if (generation != nullptr && Find(kKeyAttributes, kKeyResponseId) == nullptr) {
    const Node* const attributes_of =
        FindMember(generation->Begin(), generation->End(), kKeyAttributes);
    const Node* const id = FindMember(attributes_of, kKeyResponseId);
    if (id != nullptr)
      Steps(mapper_->Find(Scope::kAttributes, type_, kKeyResponseId), id, Scope::kAttributes);
  }
  if (rebuilt != Rebuilt::kNot) {
    Steps(mapper_->Find(Scope::kSpan, type_, kKeyInput), nullptr, Scope::kSpan);
  }
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
  const std::string_view own(run_.record.arena->At<char>(span_->name), span_->name_bytes);
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
    for (const char c : own) {
      const auto byte = static_cast<uint8_t>(c);
      if (StaysInName(byte)) out->AppendByte(byte);
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
    const Step* const step = mapper_->Find(scope, type_, node->key);
    if (step == nullptr) return out_.out()->Fail();
    // Most members have one name and nothing else to them.
    if (step->last && step->action == Action::kValue && step->unless == 0) [[likely]] {
      attributes_->Name({arena.At<char>(step->name), step->name_bytes}).Value(node);
    } else {
      Steps(step, node, scope);
    }
  }
}

[[gnu::noinline]] const Step* SpanEncoder::Virtual(Scope scope) {
  return mapper_->Find(scope, type_, 0);
}

bool SpanEncoder::Applies(const Step& step) const {
  if (Find(step.unless_in, step.unless) != nullptr) return false;
  return step.unless_or == 0 || Find(step.unless_in, step.unless_or) == nullptr;
}

[[gnu::noinline]] void SpanEncoder::Steps(const Step* step, const Node* node, Scope scope) {
  const PageArena& arena = *run_.record.arena;
  if (step == nullptr) return out_.out()->Fail();
  // Where the member leads on goes last: the steps are good until the next look-up.
  Action on = Action::kDrop;
  Scope to = scope;
  for (;; ++step) {
    if (step->unless == 0 || Applies(*step)) {
      attributes_->Name({arena.At<char>(step->name), step->name_bytes});
      if (step->action == Action::kValue) {
        if (node != nullptr) attributes_->Value(node);
      } else if (step->action == Action::kEnter || step->action == Action::kAs) {
        on = step->action;
        to = step->enter;
      } else {
        Apply(*step, node);
      }
    }
    if (step->last) break;
  }
  if (on == Action::kAs) return Steps(Virtual(to), node, to);
  if (on != Action::kEnter || node == nullptr) return;
  if (node->Kind() == Op::kObject) return Members(node->Begin(), node->End(), to);
  Unruled(node, run_.record.keys->Name(node->key), scope);
}

void SpanEncoder::Unruled(const Node* node, std::string_view key, Scope scope,
                          std::string_view within) {
  PageArena* const arena = out_.out()->arena();
  const auto bytes = static_cast<uint32_t>(within.size() + 1 + key.size());
  const uint32_t whole = Mapper::MaxName({key.data(), bytes});  // where "within.key" goes
  const uint32_t room = whole + bytes + Buffer::kSlack;
  const uint32_t name = arena->Allocate(room);
  if (name == 0) return out_.out()->Fail();
  if (!within.empty()) {
    uint8_t* const text = arena->At(name + whole);
    CopyBytes(text, within.data(), bytes - 1 - static_cast<uint32_t>(key.size()));
    text[within.size()] = '.';
    CopyBytes(text + within.size() + 1, key.data(), static_cast<uint32_t>(key.size()));
    key = {arena->At<char>(name + whole), bytes};
  }
  uint8_t* end = arena->At(name);
  const Action action = mapper_->Default(scope, type_, key, &end);
  Default(action, {arena->At<char>(name), arena->OffsetOf(end) - name}, node);
  arena->Free(name, room);
}

// What becomes of a member that no rule names: a dialect drops it, or tells it flat, as JSON, or as it is.
void SpanEncoder::Default(Action action, std::string_view name, const Node* node) {
  if (action == Action::kFlat) {
    Flat(name, node);
  } else if (action == Action::kQuoted) {
    attributes_->Name(name);
    Quoted(node);
  } else if (action == Action::kValue) {
    attributes_->Name(name).Value(node);
  }
}

void SpanEncoder::Quoted(const Node* node) {
  if (!attributes_->Begin(node->b + 4)) return;
  JsonText(run_.record, attributes_->buffer()).Value(node);
  attributes_->End();
}

void SpanEncoder::Flat(std::string_view name, const Node* node) {
  if (node->Kind() != Op::kObject) return attributes_->Name(name).Value(node);
  PageArena* const arena = out_.out()->arena();
  for (const Node* member = node->Begin(); member < node->End(); member = member->Skip()) {
    const std::string_view key = MemberName(run_.record, &member);
    const uint32_t room = static_cast<uint32_t>(name.size() + 1 + key.size());
    const uint32_t at = arena->Allocate(room);
    if (at == 0) return out_.out()->Fail();
    uint8_t* const text = arena->At(at);
    CopyBytes(text, name.data(), static_cast<uint32_t>(name.size()));
    text[name.size()] = '.';
    CopyBytes(text + name.size() + 1, key.data(), static_cast<uint32_t>(key.size()));
    Flat({arena->At<char>(at), room}, member);
    arena->Free(at, room);
  }
}

void SpanEncoder::CommaList(const Node* list) {
  if (list->Kind() != Op::kArray) return attributes_->Json(list);
  if (!attributes_->Begin(list->b)) return;
  std::string_view comma;
  for (const Node* node = list->Begin(); node < list->End(); node = node->Skip()) {
    attributes_->buffer()->AppendText(comma);
    attributes_->buffer()->AppendText(SpellingOf(*run_.record.arena, node));
    comma = ",";
  }
  attributes_->End();
}

// As JSON, but for what kMastra drops of parameters (semconv/layers/mastra.h).
void SpanEncoder::Parameters(const Node* object) {
  if (object->Kind() != Op::kObject) return attributes_->Json(object);
  if (!attributes_->Begin(object->b)) return;
  JsonText json(run_.record, attributes_->buffer());
  std::string_view open = "{";
  for (const Node* node = object->Begin(); node < object->End(); node = node->Skip()) {
    if (node->key == kKeyHeaders || node->key == kKeyAbortSignal) continue;
    json.Raw(open);
    if (node->Kind() == Op::kKey) {
      json.String(SpellingOf(*run_.record.arena, node++));
    } else {  // names in the table need no escaping
      json.Raw("\"");
      json.Raw(run_.record.keys->Name(node->key));
      json.Raw("\"");
    }
    json.Raw(":");
    json.Value(node);
    open = ",";
  }
  json.Raw(open.front() == '{' ? std::string_view("{}") : std::string_view("}"));
  attributes_->End();
}

// A kConstant, or what a member becomes under a name.
void SpanEncoder::Apply(const Step& step, const Node* node) {
  const PageArena& arena = *run_.record.arena;
  const std::string_view name(arena.At<char>(step.name), step.name_bytes);
  const std::string_view text(name.data() + name.size() + 1, step.text_bytes);
  const bool messages = step.action >= Action::kInputMessages && step.action <= Action::kToolNames;
  if (messages) return Messages(step, node);
  switch (step.action) {
    case Action::kConstant:
      return attributes_->Text(text);
    case Action::kOperation:
      return attributes_->Text(operation_);
    case Action::kFigures:
      return Figures(name, text, node);
    case Action::kMimeType:
      return attributes_->Text(node != nullptr && node->Kind() == Op::kString
                                   ? std::string_view("text/plain")
                                   : std::string_view("application/json"));
    default:
      break;
  }
  if (node == nullptr) return;
  switch (step.action) {
    case Action::kJson:
      return attributes_->Json(node);
    case Action::kQuestion:
      return attributes_->Json(MessageWriter::Question(run_.record, node));
    case Action::kAnswer:
      return attributes_->Json(MessageWriter::Answer(node));
    case Action::kFlat:
      return Flat(name, node);
    case Action::kCommaList:
      return CommaList(node);
    case Action::kParameters:
      return Parameters(node);
    case Action::kFirstChunk: {
      const double first = CompletionStart(node);
      if (first != 0) attributes_->Double((first - span_->start_ms) / 1000);
      return;
    }
    case Action::kInSpan: {
      const double first = CompletionStart(node);
      if (first == NumberOf(arena, node)) return attributes_->Value(node);
      char iso[sizeof kIsoTime - 1];
      if (first != 0) attributes_->Text(IsoTime(first, iso));
      return;
    }
    case Action::kCost:
    case Action::kCostJson: {
      const Node* const cost = FindMember(node, kKeyEstimatedCost);
      const std::string_view unit = TextOf(arena, FindMember(node, kKeyCostUnit));
      if (cost == nullptr || !(SameText(unit, "usd") || SameText(unit, "USD"))) return;
      if (step.action == Action::kCost) return attributes_->Value(cost);
      if (!attributes_->Begin(32)) return;
      attributes_->buffer()->AppendText(text);
      JsonText(run_.record, attributes_->buffer()).Value(cost);
      attributes_->buffer()->AppendByte('}');
      break;
    }
    case Action::kList:
      if (!dialect_.strings_only) return attributes_->List(node);
      if (!attributes_->Begin(node->b + 4)) return;
      if (node->Kind() != Op::kArray) attributes_->buffer()->AppendByte('[');
      JsonText(run_.record, attributes_->buffer()).Value(node);
      if (node->Kind() != Op::kArray) attributes_->buffer()->AppendByte(']');
      break;
    case Action::kQuoted:
      return Quoted(node);
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
    default:  // kDrop
      return;
  }
  attributes_->End();
}

void SpanEncoder::Messages(const Step& step, const Node* node) {
  const PageArena& arena = *run_.record.arena;
  const Action action = step.action;
  const bool input = action == Action::kInputMessages || action == Action::kInputIndexed;
  if (node == nullptr && !input) return;
  const bool indexed = action == Action::kInputIndexed || action == Action::kOutputIndexed;
  if (!indexed && !attributes_->Begin(node != nullptr ? node->b + 64 : 1024)) return;
  const auto put = [](void* to, std::string_view name, const Node* value, std::string_view text) {
    auto& attributes = static_cast<AttributeWriter*>(to)->Name(name);
    value != nullptr ? attributes.Json(value) : attributes.Text(text);
  };
  const std::string_view prefix(arena.At<char>(step.name), step.name_bytes);
  MessageWriter messages = indexed ? MessageWriter(run_.record, attributes_->buffer(), put,
                                                   attributes_, prefix, step.text_bytes != 0)
                                   : MessageWriter(run_.record, attributes_->buffer());
  if (node == nullptr) {
    messages.Rebuild(*arena.At<TreeNode>(span_->tree));
  } else if (input) {
    messages.Input(node);
  } else if (action == Action::kInstructions) {
    messages.Instructions(node);
  } else if (action == Action::kToolNames) {
    messages.ToolNames(node, ToolDefinitions());
  } else {
    messages.Output(*arena.At<TreeNode>(span_->tree), node, Find(kKeyAttributes, kKeyFinishReason));
  }
  if (indexed) return;
  attributes_->End();
  if (node == nullptr || node->Kind() != Op::kObject || node->key == 0) return;
  // What stands beside the messages has a name of its own: "output.object" where a member of the
  // attributes would be "output".
  for (const Node* at = node->Begin(); at < node->End(); at = at->Skip()) {
    const uint16_t key = at->key;
    const std::string_view name = MemberName(run_.record, &at);
    const bool empty = at->Kind() == Op::kString ? at->b == 0 : at->IsContainer() && at->a == 0;
    if (!empty && MessageWriter::LeavesOut(node, key)) {
      Unruled(at, name, Scope::kAttributes, run_.record.keys->Name(node->key));
    }
  }
}

// What the model calls of an agent were told of its tools; nullptr where none says it.
const Node* SpanEncoder::ToolDefinitions() const {
  const PageArena& arena = *run_.record.arena;
  const Node* tools = nullptr;
  uint32_t at = arena.At<TreeNode>(span_->tree)->first_child;
  while (at != 0 && tools == nullptr) {
    const TreeNode& node = *arena.At<TreeNode>(at);
    if (node.type == kTypeModelGeneration && node.record != 0) {
      const SpanRecord& record = *arena.At<SpanRecord>(node.record);
      tools = FindMember(FindMember(record.Begin(), record.End(), kKeyAttributes), kKeyTools);
    }
    at = node.next_sibling;
  }
  return tools;
}

// Mastra gives every call of a run the first one's completion start: where that lies before the call,
// the call's first chunk tells. 0 where nothing does.
double SpanEncoder::CompletionStart(const Node* given) const {
  const PageArena& arena = *run_.record.arena;
  double first = NumberOf(arena, given);
  if (first >= span_->start_ms) return first;
  uint32_t at = arena.At<TreeNode>(span_->tree)->first_child;
  for (first = 0; at != 0 && first == 0;) {
    const TreeNode& node = *arena.At<TreeNode>(at);
    if (node.type == kTypeModelChunk && node.record != 0) {
      first = arena.At<SpanRecord>(node.record)->start_ms;
    }
    at = node.next_sibling;
  }
  constexpr double kYear10000 = 253402300800000;
  return first > 0 && first >= span_->start_ms && first < kYear10000 ? first : 0;
}

// What a kFigures rule writes stands behind its name: a letter alone makes a number, all else JSON. There a
// letter stands for its figure with a comma behind it, the text in front of a figure that is unknown is
// left out with it, a space ends what is written in any case.
void SpanEncoder::Figures(std::string_view name, std::string_view text, const Node* usage) {
  enum { kInput, kOutput, kTotal, kRead, kWritten, kThought, kNewInput, kSaid, kCost, kCount };
  const PageArena& arena = *run_.record.arena;
  double figures[kCount] = {};
  uint32_t known = 0;
  const auto add = [&](uint32_t figure, const Node* node) {
    if (node == nullptr) return;
    figures[figure] += NumberOf(arena, node);
    known |= 1u << figure;
  };
  const auto add_usage = [&](const Node* used) {
    const Node* const in = FindMember(used, kKeyInputDetails);
    add(kInput, FindMember(used, kKeyInputTokens));
    add(kOutput, FindMember(used, kKeyOutputTokens));
    add(kRead, FindMember(in, kKeyCacheRead));
    add(kWritten, FindMember(in, kKeyCacheWrite));
    add(kThought, FindMember(FindMember(used, kKeyOutputDetails), kKeyReasoning));
  };
  if (usage != nullptr) {
    add_usage(usage);
  } else {
    // Every span below this one, which is the root.
    for (uint32_t at = span_->tree; at != 0;) {
      const TreeNode* node = arena.At<TreeNode>(at);
      if (node->record != 0 && IsCall(*node)) {
        const SpanRecord& call = *arena.At<SpanRecord>(node->record);
        const Node* const of = FindMember(call.Begin(), call.End(), kKeyAttributes);
        add_usage(FindMember(of, kKeyUsage));
        const Node* const cost = FindMember(of, kKeyCostContext);
        if (SameText(TextOf(arena, FindMember(cost, kKeyCostUnit)), "usd")) {
          add(kCost, FindMember(cost, kKeyEstimatedCost));
        }
      }
      at = node->first_child;
      while (at == 0 && node->parent != 0 && arena.OffsetOf(node) != span_->tree) {
        at = node->next_sibling;
        node = arena.At<TreeNode>(node->parent);
      }
    }
  }
  if ((known & (1u << kInput | 1u << kOutput)) != 0) known |= 1u << kTotal;
  figures[kTotal] = figures[kInput] + figures[kOutput];
  figures[kNewInput] = figures[kInput] - figures[kRead] - figures[kWritten];
  figures[kSaid] = figures[kOutput] - figures[kThought];
  known |= (known & 1u << kInput) << kNewInput | (known & 1u << kOutput) << (kSaid - kOutput);
  const auto whole = [&](uint32_t figure) {
    const int64_t value = figures[figure] > 0 ? static_cast<int64_t>(figures[figure]) : 0;
    return Node{0, static_cast<uint16_t>(Op::kInt64), static_cast<uint32_t>(value),
                static_cast<uint32_t>(value >> 32)};
  };
  if (text.size() == 1) {
    const auto figure = static_cast<uint32_t>(text[0] - 'A');
    if (figure >= kCount || (known >> figure & 1) == 0) return;
    attributes_->Name(name);
    if (figure == kCost) return attributes_->Double(figures[kCost]);
    const Node node = whole(figure);
    return attributes_->Value(&node);
  }
  if (known == 0 || !attributes_->Name(name).Begin(128)) return;
  Buffer* const out = attributes_->buffer();
  const uint32_t start = out->size();
  JsonText json(run_.record, out);
  uint32_t begin = 0;
  for (uint32_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_figure = c >= 'A' && c < 'A' + kCount;
    if (!is_figure && c != ' ' && c != '}') continue;
    const auto figure = static_cast<uint32_t>(c - 'A');
    if (!is_figure || (known >> figure & 1) != 0) json.Raw({text.data() + begin, i - begin});
    begin = i + 1;
    if (is_figure && (known >> figure & 1) != 0) {
      const Node node = whole(figure);
      json.Value(&node);
      json.Raw(",");
    } else if (c == '}') {
      if (out->size() > start && out->data()[out->size() - 1] == ',')
        out->Truncate(out->size() - 1);
      json.Raw("}");
      if (i + 1 != text.size()) json.Raw(",");
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

}  // namespace edgespan::otlp
