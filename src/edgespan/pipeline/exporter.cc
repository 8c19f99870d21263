#include "edgespan/pipeline/exporter.h"

#include <cstring>

#include "edgespan/otlp/attributes.h"
#include "edgespan/otlp/otlp.pb.h"
#include "edgespan/otlp/writer.h"

namespace edgespan {
namespace {

namespace pb = otlp::pb;

constexpr uint32_t kDefaultMaxBytes = 4u << 20;  // what common receivers accept (Collector: 20 MiB)
// OTEL_BSP_MAX_EXPORT_BATCH_SIZE; a whole run has no other place to go.
constexpr uint32_t kDefaultMaxSpans = 512;
constexpr uint32_t kDefaultMaxSpansOfWhole = UINT32_MAX;

// Replaces *value by a whole number member within uint32, where there is one.
void ReadNumber(const Node* object, uint16_t key, uint32_t* value) {
  const Node* const node = FindMember(object, key);
  if (node != nullptr && node->Kind() == tape::Op::kInt64 && node->b == 0) *value = node->a;
}

}  // namespace

Status ReadConfig(const RecordContext& context, const SpanRecord& config, Buffer* run) {
  const PageArena& arena = *context.arena;
  const auto member = [&](uint16_t key) { return FindMember(config.Begin(), config.End(), key); };

  run->Advance(run->Reserve(sizeof(Exporter)) + sizeof(Exporter));
  // message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
  otlp::ProtoWriter writer(run);
  uint32_t nested = writer.Open(pb::ResourceSpans::kResourceFieldNumber, 256);
  static constexpr SpanLimits kDefaults;
  otlp::AttributeWriter(context, kDefaults, &writer, pb::Resource::kAttributesFieldNumber)
      .All(member(kKeyResource));
  writer.Close(nested);
  const uint32_t scope_at = run->size();
  // message InstrumentationScope { string name = 1; string version = 2; ... }
  const Node* const scope = member(kKeyScope);
  nested = writer.Open(pb::ScopeSpans::kScopeFieldNumber, 32);
  writer.Text(pb::InstrumentationScope::kNameFieldNumber,
              TextOf(arena, FindMember(scope, kKeyName)));
  writer.Text(pb::InstrumentationScope::kVersionFieldNumber,
              TextOf(arena, FindMember(scope, kKeyVersion)));
  writer.Close(nested);
  if (run->failed()) return Status::kNoMemory;

  // From here on nothing moves any more.
  auto* const exporter = reinterpret_cast<Exporter*>(run->data());
  std::memset(static_cast<void*>(exporter), 0, sizeof *exporter);
  exporter->head_bytes = run->size() - static_cast<uint32_t>(sizeof *exporter);
  exporter->scope_bytes = run->size() - scope_at;
  SpanLimits* const limits = &exporter->limits;
  *limits = kDefaults;
  const Node* const given = member(kKeyLimits);
  ReadNumber(given, kKeyAttributeCountLimit, &limits->attribute_count);
  ReadNumber(given, kKeyAttributeValueLengthLimit, &limits->attribute_value_length);
  ReadNumber(given, kKeyEventCountLimit, &limits->event_count);
  ReadNumber(given, kKeyLinkCountLimit, &limits->link_count);

  const Node* const destinations = member(kKeyDestinations);
  if (destinations == nullptr || destinations->Kind() != tape::Op::kArray || destinations->a == 0) {
    return Status::kBadConfig;
  }
  for (const Node* node = destinations->Begin(); node < destinations->End(); node = node->Skip()) {
    if (exporter->destination_count == kMaxDestinations) return Status::kBadConfig;
    Destination& destination = exporter->destinations[exporter->destination_count++];
    destination.max_bytes = kDefaultMaxBytes;
    const Node* const whole = FindMember(node, kKeyWhole);
    destination.whole = whole != nullptr && whole->Kind() == tape::Op::kLiteral && whole->a == 2;
    destination.max_spans = destination.whole ? kDefaultMaxSpansOfWhole : kDefaultMaxSpans;
    ReadNumber(node, kKeyMaxBytes, &destination.max_bytes);
    ReadNumber(node, kKeyMaxSpans, &destination.max_spans);
    if (destination.max_spans == 0) destination.max_spans = 1;
    destination.dialect = FindDialect(TextOf(arena, FindMember(node, kKeyDialect)));
    if (destination.dialect == nullptr) return Status::kBadConfig;
  }
  return Status::kOk;
}

}  // namespace edgespan
