#include "edgespan/pipeline/exporter.h"

#include "edgespan/otlp/attributes.h"
#include "edgespan/otlp/otlp.pb.h"
#include "edgespan/otlp/writer.h"

namespace edgespan {
namespace {

namespace pb = otlp::pb;

constexpr uint32_t kDefaultMaxBytes = 4u << 20;  // what common receivers accept (Collector: 20 MiB)
constexpr uint32_t kDefaultMaxSpans = 512;       // OTEL_BSP_MAX_EXPORT_BATCH_SIZE

// A whole number member within uint32, or `fallback` when it is absent or something else.
uint32_t NumberMember(const Node* object, uint16_t key, uint32_t fallback) {
  const Node* const node = FindMember(object, key);
  if (node == nullptr || node->Kind() != tape::Op::kInt64 || node->b != 0) return fallback;
  return node->a;
}

}  // namespace

void Fingerprint::Add(const void* bytes, uint32_t size) {
  // FNV-1a, twice, with different primes.
  const uint8_t* const p = static_cast<const uint8_t*>(bytes);
  for (uint32_t i = 0; i < size; ++i) {
    a = (a ^ p[i]) * 0x100000001b3u;
    b = (b ^ p[i]) * 0x9e3779b97f4a7c15u;
    b ^= b >> 29;
  }
  const uint32_t end = size ^ 0xa5a5a5a5u;  // so that pieces cannot run into each other
  a = (a ^ end) * 0x100000001b3u;
  b = (b ^ end) * 0x9e3779b97f4a7c15u;
}

Status ReadConfig(const RecordContext& context, const SpanRecord& config, Exporter* exporter,
                  Buffer* encoded) {
  const PageArena& arena = *context.arena;
  const Node* const begin = config.Begin();
  const Node* const end = config.End();
  const auto member = [&](uint16_t key) { return FindMember(begin, end, key); };

  SpanLimits limits;
  if (const Node* const given = member(kKeyLimits)) {
    limits.attribute_count = NumberMember(given, kKeyAttributeCountLimit, limits.attribute_count);
    limits.attribute_value_length =
        NumberMember(given, kKeyAttributeValueLengthLimit, limits.attribute_value_length);
    limits.event_count = NumberMember(given, kKeyEventCountLimit, limits.event_count);
    limits.link_count = NumberMember(given, kKeyLinkCountLimit, limits.link_count);
  }
  exporter->limits = limits;

  const Node* const destinations = member(kKeyDestinations);
  if (destinations == nullptr || destinations->Kind() != tape::Op::kArray) {
    return Status::kBadConfig;
  }
  Fingerprint& print = exporter->fingerprint;
  print = Fingerprint{};
  for (const Node* node = destinations->Begin(); node < destinations->End(); node = node->Skip()) {
    if (exporter->destination_count == kMaxDestinations) return Status::kBadConfig;
    const std::string_view name = TextOf(arena, FindMember(node, kKeyDialect));
    Destination& destination = exporter->destinations[exporter->destination_count++];
    destination = Destination{};
    destination.dialect = FindDialect(name.empty() ? kGenAi.name : name);
    if (destination.dialect == nullptr) return Status::kBadConfig;
    destination.max_bytes = NumberMember(node, kKeyMaxBytes, kDefaultMaxBytes);
    destination.max_spans = NumberMember(node, kKeyMaxSpans, kDefaultMaxSpans);
    if (destination.max_spans == 0) destination.max_spans = 1;
    print.Add(name.data(), static_cast<uint32_t>(name.size()));
    print.Add(destination.max_bytes);
    print.Add(destination.max_spans);
  }
  if (exporter->destination_count == 0) return Status::kBadConfig;

  // message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
  otlp::ProtoWriter writer(encoded);
  const SpanLimits unlimited;
  otlp::AttributeWriter attributes(context, unlimited, &writer,
                                   pb::Resource::kAttributesFieldNumber);
  const std::string_view service = TextOf(arena, member(kKeyServiceName));
  if (!service.empty()) attributes.Text({"service.name"}, service);
  const Node* const resource = member(kKeyResource);
  if (resource != nullptr && resource->Kind() == tape::Op::kObject) {
    for (const Node* node = resource->Begin(); node < resource->End(); node = node->Skip()) {
      const std::string_view key = MemberName(context, &node);
      if (!service.empty() && key == "service.name") continue;
      attributes.Any({key}, node);
    }
  }
  exporter->resource_bytes = encoded->size();

  // message InstrumentationScope { string name = 1; string version = 2; ... }
  const Node* const scope = member(kKeyScope);
  const std::string_view name = TextOf(arena, FindMember(scope, kKeyName));
  const std::string_view version = TextOf(arena, FindMember(scope, kKeyVersion));
  writer.Text(pb::InstrumentationScope::kNameFieldNumber, name);
  if (!version.empty()) writer.Text(pb::InstrumentationScope::kVersionFieldNumber, version);
  if (encoded->failed()) return Status::kNoMemory;
  exporter->scope_bytes = encoded->size() - exporter->resource_bytes;

  print.Add(encoded->data(), encoded->size());
  print.Add(exporter->resource_bytes);
  print.Add(&exporter->limits, sizeof exporter->limits);
  const std::string_view identity = TextOf(arena, member(kKeyIdentity));
  print.Add(identity.data(), static_cast<uint32_t>(identity.size()));
  return Status::kOk;
}

}  // namespace edgespan
