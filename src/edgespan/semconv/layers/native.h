// Mastra's own words: each member of an exported span as JSON text under its own name, those of its
// attributes under `attributes.{key}`, of its metadata under `metadata.{key}`. For destinations
// whose format is Mastra's: what is sent to them is put together from these texts
// (js/src/destinations/native.ts), which nobody else sees.
#pragma once

#include "edgespan/semconv/layer.h"

namespace edgespan::table {

inline constexpr Rule kNative[] = {
    {S, kQuoted, kKeyNone, kAny, S, ""},
    Instead({S, kQuoted, kKeyErrorInfo, kAny, S, "errorInfo"}),
    Instead({S, kQuoted, kKeyTags, kAny, S, "tags"}),
    // One by one, for parameters are not sent as they are, and what is short in the metadata (a
    // run's id) must not go when limits cut what is long; an object without members says so here.
    Extra({S, kConstant, kKeyAttributes, kAny, S, "told.attributes={}"}),
    Extra({S, kConstant, kKeyMetadata, kAny, S, "told.metadata={}"}),
    {M, kQuoted, kKeyNone, kAny, S, "metadata."},
    {A, kQuoted, kKeyNone, kAny, S, "attributes."},
    Instead({A, kQuoted, kKeyUsage, kAny, S, "attributes.usage"}),
    Instead({A, kParameters, kKeyParameters, kAny, S, "attributes.parameters"}),
};

}  // namespace edgespan::table
