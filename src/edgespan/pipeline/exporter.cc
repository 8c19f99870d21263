#include "edgespan/pipeline/exporter.h"

#include <cstring>

#include "edgespan/base/utf.h"
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

// Replaces *value by a whole number member within uint32, where there is one; by `most` if it is more.
void ReadNumber(const Node* object, uint16_t key, uint32_t* value, uint32_t most = UINT32_MAX) {
  const Node* const node = FindMember(object, key);
  if (node == nullptr || node->Kind() != tape::Op::kInt64 || node->b != 0) return;
  *value = node->a < most ? node->a : most;
}

// Replaces what `object` has of them.
void ReadLimits(const Node* object, const SpanLimits& most, SpanLimits* limits) {
  const auto read = [&](uint16_t key, uint32_t SpanLimits::* limit) {
    ReadNumber(object, key, &(limits->*limit), most.*limit);
  };
  read(kKeyAttributeCountLimit, &SpanLimits::attribute_count);
  read(kKeyAttributeValueLengthLimit, &SpanLimits::attribute_value_length);
  read(kKeyEventCountLimit, &SpanLimits::event_count);
  read(kKeyLinkCountLimit, &SpanLimits::link_count);
}

// The destinations' resources as they are encoded: equal ones are one.
struct Resources {
  struct Place {
    uint32_t at;
    uint32_t bytes;
  };
  Place places[kMaxDestinations];
  uint32_t count = 0;

  // The next destination's: `shared` with its `own` members, which win.
  // message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
  void Add(const RecordContext& context, const Node* shared, const Node* own, Buffer* out) {
    static constexpr SpanLimits kNone;
    otlp::ProtoWriter writer(out);
    otlp::AttributeWriter attributes(context, kNone, &writer, pb::Resource::kAttributesFieldNumber);
    const uint32_t at = out->size();
    const uint32_t nested = writer.Open(pb::ResourceSpans::kResourceFieldNumber, 256);
    attributes.All(shared, own);
    attributes.All(own);
    writer.Close(nested);
    if (out->failed()) return;
    const char* const text = reinterpret_cast<const char*>(out->data());
    Place place = {at, out->size() - at};
    for (uint32_t i = 0; i < count; ++i) {
      const Place& other = places[i];
      if (!SameText({text + other.at, other.bytes}, {text + at, place.bytes})) continue;
      out->Truncate(at);
      place = other;
    }
    places[count++] = place;
  }
};

// The destinations' guards, closed unless an exporter has them.
struct Guards {
  Guard* at[kMaxDestinations] = {};

  Guards() = default;
  Guards(const Guards&) = delete;
  Guards& operator=(const Guards&) = delete;
  Guards(Guards&&) = delete;
  Guards& operator=(Guards&&) = delete;
  ~Guards() {
    for (Guard* const guard : at) {
      if (guard != nullptr) guard->Close();
    }
  }
  void Release() {
    for (Guard*& guard : at) guard = nullptr;
  }
};

// The span types that a list names. False when it is no list or names others.
bool ReadTypes(const PageArena& arena, const Node* list, TypeSet* types) {
  if (list == nullptr) return true;
  if (list->Kind() != tape::Op::kArray) return false;
  for (const Node* node = list->Begin(); node < list->End(); node = node->Skip()) {
    uint32_t key = kFirstSpanType;
    while (key <= kLastSpanType && !SameText(TextOf(arena, node), SchemaName(key))) ++key;
    if (key > kLastSpanType) return false;
    *types |= TypeBit(static_cast<Key>(key));
  }
  return true;
}

// What is in `destination` before is the exporter's.
Status ReadDestination(const RecordContext& context, const Node* node, PageArena* arena,
                       Mappers* mappers, Destination* destination) {
  destination->max_bytes = kDefaultMaxBytes;
  const Node* const whole = FindMember(node, kKeyWhole);
  destination->whole = whole != nullptr && whole->Kind() == tape::Op::kLiteral && whole->a == 2;
  destination->max_spans = destination->whole ? kDefaultMaxSpansOfWhole : kDefaultMaxSpans;
  ReadNumber(node, kKeyMaxBytes, &destination->max_bytes);
  ReadNumber(node, kKeyMaxSpans, &destination->max_spans);
  // A backend's limits loosen none of the user's.
  ReadLimits(FindMember(node, kKeyLimits), destination->limits, &destination->limits);
  if (destination->max_spans == 0) destination->max_spans = 1;
  if (!ReadTypes(*arena, FindMember(node, kKeyDropTypes), &destination->left_out)) {
    return Status::kBadConfig;
  }
  const Node* const tail = FindMember(node, kKeyTail);
  if (tail != nullptr && tail->Kind() == tape::Op::kObject)
    destination->tail = arena->OffsetOf(tail);
  const std::string_view dialect = TextOf(*arena, FindMember(node, kKeyDialect));
  const Status status = mappers->Take(arena, context.keys, dialect, &destination->mapper);
  if (!IsOk(status)) return status;
  const Node* const remote_parent = FindMember(node, kKeyRemoteParent);
  const std::string_view parent = TextOf(*arena, remote_parent);
  destination->detach = SameText(parent, "detach");
  if (remote_parent == nullptr) {
    destination->detach = destination->mapper->dialect().detach;
  } else if (!destination->detach && !SameText(parent, "keep")) {
    return Status::kBadConfig;
  }
  return Status::kOk;
}

}  // namespace

Status ReadConfig(const RecordContext& context, const SpanRecord& config, Mappers* mappers,
                  Buffer* run) {
  const PageArena& arena = *context.arena;
  const Node* const destinations = FindMember(config, kKeyDestinations);
  if (destinations == nullptr || destinations->Kind() != tape::Op::kArray || destinations->a == 0) {
    return Status::kBadConfig;
  }
  run->Advance(run->Reserve(sizeof(Exporter)) + sizeof(Exporter));
  // message InstrumentationScope { string name = 1; string version = 2; ... }
  const Node* const scope = FindMember(config, kKeyScope);
  otlp::ProtoWriter writer(run);
  const uint32_t nested = writer.Open(pb::ScopeSpans::kScopeFieldNumber, 32);
  writer.Text(pb::InstrumentationScope::kNameFieldNumber,
              TextOf(arena, FindMember(scope, kKeyName)));
  writer.Text(pb::InstrumentationScope::kVersionFieldNumber,
              TextOf(arena, FindMember(scope, kKeyVersion)));
  writer.Close(nested);
  const uint32_t scope_end = run->size();
  Guards guards;
  Resources resources;
  const Node* const shared = FindMember(config, kKeyResource);
  for (const Node* node = destinations->Begin(); node < destinations->End(); node = node->Skip()) {
    if (resources.count == kMaxDestinations) return Status::kBadConfig;
    Guard** const guard = &guards.at[resources.count];
    const Status status = Guard::Open(run->arena(), node, guard);
    if (!IsOk(status)) return status;
    resources.Add({context.arena, context.keys, *guard}, shared, FindMember(node, kKeyResource),
                  run);
  }
  if (run->failed()) return Status::kNoMemory;

  // From here on nothing moves any more.
  auto* const exporter = reinterpret_cast<Exporter*>(run->data());
  std::memset(static_cast<void*>(exporter), 0, sizeof *exporter);
  exporter->scope_bytes = scope_end - static_cast<uint32_t>(sizeof *exporter);
  static constexpr SpanLimits kAny;
  SpanLimits limits;
  ReadLimits(FindMember(config, kKeyLimits), kAny, &limits);
  for (const Node* node = destinations->Begin(); node < destinations->End(); node = node->Skip()) {
    const Resources::Place& resource = resources.places[exporter->destination_count];
    Destination* const next = &exporter->destinations[exporter->destination_count++];
    next->resource_at = resource.at;
    next->resource_bytes = resource.bytes;
    next->limits = limits;
    next->guard = guards.at[exporter->destination_count - 1];
    const Status status = ReadDestination(context, node, run->arena(), mappers, next);
    if (!IsOk(status)) {
      exporter->CloseMappers();
      return status;
    }
  }
  guards.Release();  // they are the exporter's now
  return Status::kOk;
}

void Exporter::CloseMappers() {
  for (const Destination& destination : destinations) {
    if (destination.mapper != nullptr) --destination.mapper->users;
  }
}

void Exporter::Close() {
  CloseMappers();
  Guards guards;  // closes them
  for (uint32_t i = 0; i < destination_count; ++i) guards.at[i] = destinations[i].guard;
}

}  // namespace edgespan
