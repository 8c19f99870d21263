#include "edgespan/model/schema.h"

namespace edgespan {

#define EDGESPAN_KEY_TEXT(identifier, name) name "\n"
// Behind the last name, what may be read behind any text (kTextSlack): zeros.
const char kSchemaText[] = EDGESPAN_SCHEMA(EDGESPAN_KEY_TEXT) "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
#undef EDGESPAN_KEY_TEXT

namespace {

// Where each name starts. Found at first use: as a constant it would be a tenth of the
// module's data.
constinit uint16_t g_starts[kFirstDynamicKey + 1] = {};

}  // namespace

std::string_view SchemaName(uint32_t key) {
  if (g_starts[2] == 0) {
    uint32_t next = 2;  // the first name starts at 0
    for (uint32_t i = 0; i < sizeof(kSchemaText) - 1; ++i) {
      if (kSchemaText[i] == '\n') g_starts[next++] = static_cast<uint16_t>(i + 1);
    }
  }
  return {kSchemaText + g_starts[key], g_starts[key + 1] - g_starts[key] - 1u};
}

}  // namespace edgespan
