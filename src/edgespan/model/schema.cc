#include "edgespan/model/schema.h"

namespace edgespan {
namespace {

#define EDGESPAN_KEY_TEXT(identifier, name) name "\n"
constexpr char kText[] = EDGESPAN_SCHEMA(EDGESPAN_KEY_TEXT);
#undef EDGESPAN_KEY_TEXT

// Where each name starts in kText, made at compile time; one past the end for the last.
struct Starts {
  uint16_t at[kFirstDynamicKey + 1] = {};
};
constexpr Starts MakeStarts() {
  Starts starts;
  uint16_t key = 1;
  starts.at[key++] = 0;
  for (uint16_t i = 0; i + 1 < sizeof(kText); ++i) {
    if (kText[i] == '\n') starts.at[key++] = static_cast<uint16_t>(i + 1);
  }
  return starts;
}
constexpr Starts kStarts = MakeStarts();

}  // namespace

const std::string_view kSchemaText(kText, sizeof(kText) - 1);

std::string_view SchemaName(uint16_t key) {
  const uint32_t at = kStarts.at[key];
  return {kText + at, kStarts.at[key + 1] - at - 1u};
}

}  // namespace edgespan
