#include "edgespan/otlp/figures.h"

#include "edgespan/base/utf.h"
#include "edgespan/model/schema.h"
#include "edgespan/semconv/generation.h"

namespace edgespan::otlp {

using tape::Op;

const Node* CostInDollars(const PageArena& arena, const Node* cost_context) {
  const std::string_view unit = TextOf(arena, FindMember(cost_context, kKeyCostUnit));
  const bool dollars = SameText(unit, "usd") || SameText(unit, "USD");
  return dollars ? FindMember(cost_context, kKeyEstimatedCost) : nullptr;
}

void Figures::Add(Figure figure, const Node* number) {
  if (number == nullptr) return;
  sums_[figure] += NumberOf(*context_.arena, number);
  known_ |= 1u << figure;
}

void Figures::AddUsage(const Node* usage) {
  const Node* const in = FindMember(usage, kKeyInputDetails);
  Add(kInput, FindMember(usage, kKeyInputTokens));
  Add(kOutput, FindMember(usage, kKeyOutputTokens));
  Add(kRead, FindMember(in, kKeyCacheRead));
  Add(kWritten, FindMember(in, kKeyCacheWrite));
  Add(kThought, FindMember(FindMember(usage, kKeyOutputDetails), kKeyReasoning));
}

void Figures::AddRun(const TreeNode& root, bool strays) {
  const PageArena& arena = *context_.arena;
  for (const TreeNode* node = &root; node != nullptr;) {
    const SpanRecord* const call = RecordOf(arena, *node);
    if (call != nullptr && IsModelCall(arena, *node, strays)) {
      const Node* const of = FindMember(*call, kKeyAttributes);
      AddUsage(FindMember(of, kKeyUsage));
      Add(kCost, CostInDollars(arena, FindMember(of, kKeyCostContext)));
    }
    uint32_t at = node->first_child;
    while (at == 0 && node != &root) {
      at = node->next_sibling;
      node = arena.At<TreeNode>(node->parent);
    }
    node = at != 0 ? arena.At<TreeNode>(at) : nullptr;
  }
}

void Figures::Derive() {
  if ((known_ & (1u << kInput | 1u << kOutput)) != 0) known_ |= 1u << kTotal;
  sums_[kTotal] = sums_[kInput] + sums_[kOutput];
  sums_[kNewInput] = sums_[kInput] - sums_[kRead] - sums_[kWritten];
  sums_[kSaid] = sums_[kOutput] - sums_[kThought];
  known_ |= (known_ & 1u << kInput) << kNewInput | (known_ & 1u << kOutput) << (kSaid - kOutput);
}

Node Figures::Tokens(uint32_t figure) const {
  const int64_t value = sums_[figure] > 0 ? static_cast<int64_t>(sums_[figure]) : 0;
  return {0, static_cast<uint16_t>(Op::kInt64), static_cast<uint32_t>(value),
          static_cast<uint32_t>(value >> 32)};
}

void Figures::Write(std::string_view name, std::string_view text, AttributeWriter* attributes) {
  Derive();
  if (text.size() == 1) {
    const auto figure = static_cast<uint32_t>(text[0] - 'A');
    if (figure >= kCount || !IsKnown(figure)) return;
    attributes->Name(name);
    if (figure == kCost) return attributes->Double(sums_[kCost]);
    const Node tokens = Tokens(figure);
    return attributes->Value(&tokens);
  }
  if (known_ == 0 || !attributes->Name(name).Begin(128)) return;
  WriteJson(text, attributes->buffer());
  attributes->End();
}

void Figures::WriteJson(std::string_view text, Buffer* out) const {
  const uint32_t start = out->size();
  JsonText json(context_, out);
  uint32_t begin = 0;
  for (uint32_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_figure = c >= 'A' && c < 'A' + static_cast<char>(kCount);
    if (!is_figure && c != ' ' && c != '}') continue;
    const auto figure = static_cast<uint32_t>(c - 'A');
    if (!is_figure || IsKnown(figure)) json.Raw({text.data() + begin, i - begin});
    begin = i + 1;
    if (is_figure && IsKnown(figure)) {
      const Node tokens = Tokens(figure);
      json.Value(&tokens);
      json.Raw(",");
    } else if (c == '}') {
      if (out->size() > start && out->data()[out->size() - 1] == ',')
        out->Truncate(out->size() - 1);
      json.Raw("}");
      if (i + 1 != text.size()) json.Raw(",");
    }
  }
}

}  // namespace edgespan::otlp
