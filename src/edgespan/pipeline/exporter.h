// Exporter: one configuration that the host opened, with its accounts.
//
// The host shares one among equal configurations (it alone knows endpoints and credentials, which are
// part of what makes them equal), and idle ones give way to new ones. Plain data at the start of one
// arena run, followed by the encoded scope and resources (made once, written in front of every batch;
// destinations with the same resource have one); the Pipeline owns it.
#pragma once

#include <cstdint>
#include <string_view>

#include "edgespan/base/buffer.h"
#include "edgespan/base/lane.h"
#include "edgespan/base/status.h"
#include "edgespan/base/utf.h"
#include "edgespan/model/guard.h"
#include "edgespan/model/json_text.h"
#include "edgespan/model/limits.h"
#include "edgespan/model/record.h"
#include "edgespan/pipeline/accounting.h"
#include "edgespan/pipeline/circuit.h"
#include "edgespan/pipeline/trace.h"
#include "edgespan/semconv/mapper.h"

namespace edgespan {

struct Destination {
  Mapper* mapper;      // of its dialect
  uint32_t max_bytes;  // of one request body, before compression
  uint32_t max_spans;
  uint32_t batches;  // cut and not released
  SpanLimits limits;
  uint32_t resource_at;  // ResourceSpans.resource, whole, from the exporter's begin on
  uint32_t resource_bytes;
  Circuit circuit;
  bool whole;        // one request a run, when its root has ended: never early, never split
  bool detach;       // a parent in another process is left out (and named in an attribute)
  TypeSet left_out;  // spans of these types are
  uint32_t tail;     // offset of its settings of tail sampling, in Exporter::config; 0: none
  Guard* guard;      // nullptr: all may be shown
  Tally tally;

  std::string_view Shown() const {
    return guard != nullptr ? guard->settings() : std::string_view();
  }
  // Whether the same spans make the same body: everything that an encoder looks at.
  bool EncodesLike(const Destination& other) const {
    return mapper == other.mapper && max_bytes == other.max_bytes && max_spans == other.max_spans &&
           limits == other.limits && resource_at == other.resource_at && whole == other.whole &&
           detach == other.detach && left_out == other.left_out && SameText(Shown(), other.Shown());
  }
};

struct Exporter {
  uint32_t handle;
  uint32_t run_bytes;
  uint32_t used_at;  // tick of the last use
  uint32_t traces;   // held
  uint32_t batches;  // cut and not released
  uint32_t ended;    // spans that ended
  uint32_t unended;  // spans whose trace closed before they ended
  uint32_t withheld;
  bool head;   // runs come with the threshold of a head's decision
  Tally lost;  // what was lost before any destination could take it (dropped only)
  uint32_t destination_count;
  Destination destinations[kMaxDestinations];
  Lane config;  // holds what it was made of, where a destination reads it later; else empty
  uint32_t scope_bytes;  // ScopeSpans.scope, whole, behind this

  std::string_view scope() const { return {reinterpret_cast<const char*>(this + 1), scope_bytes}; }
  const uint8_t* resource(const Destination& of) const {
    return reinterpret_cast<const uint8_t*>(this) + of.resource_at;
  }
  bool idle() const { return traces == 0 && batches == 0; }
  // Before its memory is freed.
  void Close();
  void CloseMappers();
};

// Makes an exporter of a config record (src/README.md, "Configuration") in an empty buffer; what
// the host does not decide is left 0. Where it fails there is no exporter.
Status ReadConfig(const RecordContext& context, const SpanRecord& config, Mappers* mappers,
                  Buffer* run);

}  // namespace edgespan
