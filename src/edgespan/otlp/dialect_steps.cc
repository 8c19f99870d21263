// SpanEncoder, the part that carries out a dialect: which steps each member of a Mastra span takes
// (semconv/mapper.h finds them), and what each action (semconv/dialect.h) writes.
//
// Knows no dialect and no backend. What steps need of other spans they ask of mastra_span.cc. A step
// points into the mapper, where it is good until the next look-up; names that are put together lie in
// the arena while their attribute is written.
#include "edgespan/base/iso_time.h"
#include "edgespan/base/utf.h"
#include "edgespan/otlp/figures.h"
#include "edgespan/otlp/span_encoder.h"
#include "edgespan/semconv/message_shapes.h"
#include "edgespan/semconv/messages.h"

namespace edgespan::otlp {

namespace {

using tape::Op;

// "name.member", at `to`.
std::string_view Joined(std::string_view name, std::string_view member, char* to) {
  uint8_t* text = reinterpret_cast<uint8_t*>(to);
  CopyBytes(text, name.data(), static_cast<uint32_t>(name.size()));
  text += name.size();
  *text++ = '.';
  CopyBytes(text, member.data(), static_cast<uint32_t>(member.size()));
  return {to, name.size() + 1 + member.size()};
}

// Metadata is what the user says of a run, settings and figures are none of it.
bool MayBeContent(Scope scope) {
  return scope == Scope::kSpan || scope == Scope::kAttributes || scope == Scope::kError;
}

}  // namespace

void SpanEncoder::Members(const Node* begin, const Node* end, Scope scope) {
  const PageArena& arena = *run_.record.arena;
  const uint32_t within = attributes_->veil();
  for (const Node* node = begin; node < end; node = node->Skip()) {
    if (node->Kind() == Op::kKey) {
      const std::string_view key = SpellingOf(arena, node++);
      Unruled(node, key, scope);
      continue;
    }
    if (run_.record.guard != nullptr && !Admits(within, node, scope)) [[unlikely]]
      continue;
    const Step* const step = mapper_->Find(scope, type_, node->key);
    if (step == nullptr) return out_.out()->Fail();
    // Most members have one name and nothing else to them.
    if (step->last && step->action == Action::kValue && step->unless == 0) [[likely]] {
      attributes_->Name({arena.At<char>(step->name), step->name_bytes}).Value(node);
    } else {
      Steps(step, node, scope);
    }
  }
  attributes_->Veil(within);
}

bool SpanEncoder::Admits(uint32_t within, const Node* node, Scope scope) {
  const Guard* const guard = run_.record.guard;
  if (within == 0 && guard != nullptr && guard->Shows(node->key, MayBeContent(scope))) {
    attributes_->Veil(0);
    return true;
  }
  return attributes_->Admits(within, node->key, run_.record.keys->Name(node->key), node,
                             MayBeContent(scope));
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
  const uint32_t veil = attributes_->veil();
  if (!attributes_->Admits(veil, 0, key, node, MayBeContent(scope))) return;
  PageArena* const arena = out_.out()->arena();
  const auto bytes = static_cast<uint32_t>(within.size() + 1 + key.size());
  const uint32_t whole = Mapper::MaxName({key.data(), bytes});  // where "within.key" goes
  const uint32_t room = whole + bytes + Buffer::kSlack;
  const uint32_t name = arena->Allocate(room);
  if (name == 0) return out_.out()->Fail();
  if (!within.empty()) key = Joined(within, key, arena->At<char>(name + whole));
  uint8_t* end = arena->At(name);
  const Action action = mapper_->Default(scope, type_, key, &end);
  Default(action, {arena->At<char>(name), arena->OffsetOf(end) - name}, node);
  attributes_->Veil(veil);
  arena->Free(name, room);
}

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
  // An error is one member here, of which a part may be hidden.
  const bool guarded = run_.record.guard != nullptr && node->Kind() == Op::kObject;
  if (guarded && node == Find(kKeyErrorInfo)) return Parameters(node);
  if (!attributes_->Begin(node->b + 4)) return;
  JsonText(run_.record, attributes_->buffer()).Value(node);
  attributes_->End();
}

void SpanEncoder::Flat(std::string_view name, const Node* node) {
  if (node->Kind() != Op::kObject) return attributes_->Name(name).Value(node);
  PageArena* const arena = out_.out()->arena();
  const uint32_t veil = attributes_->veil();
  for (const Node* member = node->Begin(); member < node->End(); member = member->Skip()) {
    const uint32_t id = member->key;
    const std::string_view key = MemberName(run_.record, &member);
    if (!attributes_->Admits(veil, id, key, member, /*content=*/false)) continue;
    const uint32_t room = static_cast<uint32_t>(name.size() + 1 + key.size());
    const uint32_t at = arena->Allocate(room);
    if (at == 0) return out_.out()->Fail();
    Flat(Joined(name, key, arena->At<char>(at)), member);
    arena->Free(at, room);
  }
  attributes_->Veil(veil);
}

void SpanEncoder::CommaList(const Node* list) {
  if (list->Kind() != Op::kArray) return attributes_->Json(list);
  if (!attributes_->Begin(list->b)) return;
  std::string_view comma;
  for (const Node* node = list->Begin(); node < list->End(); node = node->Skip()) {
    attributes_->buffer()->AppendText(comma);
    attributes_->buffer()->AppendText(Shown(TextOf(*run_.record.arena, node)));
    comma = ",";
  }
  attributes_->End();
}

// As JSON, but for what kMastra drops of parameters (semconv/layers/mastra.h), and details that content
// policies want hidden, even a part of them.
void SpanEncoder::Parameters(const Node* object) {
  Guard* const guard = run_.record.guard;
  if (object->Kind() != Op::kObject) return attributes_->Json(object);
  if (!attributes_->Begin(object->b)) return;
  JsonText json(run_.record, attributes_->buffer());
  std::string_view open = "{";
  for (const Node* node = object->Begin(); node < object->End(); node = node->Skip()) {
    if (node->key == kKeyHeaders || node->key == kKeyAbortSignal) continue;
    if (guard != nullptr && node->key == kKeyDetails) {
      const Node* details = node;
      const std::string_view name = MemberName(run_.record, &details);
      if ((guard->VeilOf(kKeyDetails, name, details, true) & kHidden) != 0) continue;
    }
    json.Raw(open);
    json.Member(&node);
    open = ",";
  }
  json.Raw(open.front() == '{' ? std::string_view("{}") : std::string_view("}"));
  attributes_->End();
}

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
    case Action::kFigures: {
      Figures figures(run_.record);
      if (node != nullptr) {
        figures.AddUsage(node);
      } else {  // of the span itself, which is the root
        figures.AddRun(*arena.At<TreeNode>(span_->tree), run_.strays);
      }
      return figures.Write(name, text, attributes_);
    }
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
      return attributes_->Json(QuestionIn(arena, node));
    case Action::kAnswer:
      return attributes_->Json(AnswerIn(node));
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
      char iso[kIsoTimeSize];
      if (first != 0) attributes_->Text(IsoTime(first, iso));
      return;
    }
    case Action::kCost:
    case Action::kCostJson: {
      const Node* const cost = CostInDollars(arena, node);
      if (cost == nullptr) return;
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
      for (char c : Shown(given)) {
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
    if (!empty && IsBesideMessages(node, key)) {
      Unruled(at, name, Scope::kAttributes, run_.record.keys->Name(node->key));
    }
  }
}

}  // namespace edgespan::otlp
