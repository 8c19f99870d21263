// Whether a text is JSON: for texts that come from a model, which may be cut or no JSON at all.
#pragma once

#include <string_view>

namespace edgespan {

// Whether the text is one JSON object or array (RFC 8259), with nothing around it, that every receiver
// reads: of no more than 31 levels, and without escaped surrogates, of which a half may be missing.
// Linear in the text, which may be anything. REQUIRES: it is UTF-8.
bool IsJsonContainer(std::string_view text);

}  // namespace edgespan
