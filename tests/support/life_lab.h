// A destination that takes spans early beside one that wants runs whole, and ids by number.
#pragma once

#include <cstdio>
#include <string>

#include "edgespan/pipeline/pipeline.h"
#include "tests/support/core_lab.h"

namespace edgespan::testing {

constexpr uint32_t kOpen = Pipeline::kOpenTraces;

// Destination 0 takes spans early, destination 1 wants runs whole.
inline Json Both(const Json& early = Json::object(), const Json& whole = Json::object()) {
  Json a = {{"dialect", "genai"}};
  Json b = {{"dialect", "genai"}, {"whole", true}};
  a.update(early);
  b.update(whole);
  return {{"destinations", {a, b}}};
}
inline std::string HexId(uint32_t n) {
  char hex[12];
  std::snprintf(hex, sizeof hex, "%x", n);
  return hex;
}

}  // namespace edgespan::testing
