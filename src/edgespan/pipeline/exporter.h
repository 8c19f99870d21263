// Exporter: one configuration that the host opened, with its accounts.
//
// Hosts construct exporters freely (Mastra's Workers build makes one per request), so equal
// configurations share one Exporter, found by a fingerprint of everything in it, and idle ones give
// way to new ones. Plain data at the start of one arena run, followed by the encoded resource and
// scope; the Pipeline owns it.
#pragma once

#include <cstdint>
#include <string_view>

#include "edgespan/base/buffer.h"
#include "edgespan/base/status.h"
#include "edgespan/model/json_text.h"
#include "edgespan/model/limits.h"
#include "edgespan/model/record.h"
#include "edgespan/pipeline/accounting.h"
#include "edgespan/pipeline/trace.h"
#include "edgespan/semconv/dialect.h"

namespace edgespan {

struct Destination {
  const Dialect* dialect;
  uint32_t max_bytes;  // of one request body, before compression
  uint32_t max_spans;
  Tally tally;
};

// 128 bits of everything that tells two configurations apart. Not against an adversary: a host only
// opens configurations of its own.
struct Fingerprint {
  uint64_t a = 0xcbf29ce484222325u;
  uint64_t b = 0x9ae16a3b2f90404fu;

  void Add(const void* bytes, uint32_t size);
  void Add(uint32_t value) { Add(&value, sizeof value); }
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

struct Exporter {
  uint32_t handle;
  uint32_t run_bytes;
  uint32_t used_at;   // tick of the last use
  uint32_t traces;    // held
  uint32_t batches;   // cut and not released
  Fingerprint fingerprint;
  SpanLimits limits;
  uint32_t ended;     // spans that ended
  uint32_t unended;   // spans whose trace closed before they ended
  uint32_t withheld;
  Tally lost;         // what was lost before any destination could take it (dropped only)
  uint32_t destination_count;
  Destination destinations[kMaxDestinations];
  uint32_t resource_bytes;
  uint32_t scope_bytes;

  const uint8_t* resource() const { return reinterpret_cast<const uint8_t*>(this + 1); }
  const uint8_t* scope() const { return resource() + resource_bytes; }
  bool idle() const { return traces == 0 && batches == 0; }
  uint32_t Pending(uint32_t destination) const {
    const Tally& tally = destinations[destination].tally;
    return ended - lost.Dropped() - tally.accepted - tally.rejected - tally.Dropped();
  }
};

// Reads a config record (src/README.md, "Configuration") into `exporter`, and its Resource and
// InstrumentationScope messages, one after the other, into `encoded`.
Status ReadConfig(const RecordContext& context, const SpanRecord& config, Exporter* exporter,
                  Buffer* encoded);

}  // namespace edgespan
