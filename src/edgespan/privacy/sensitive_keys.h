// Which names announce a secret: of members, of query parameters, of settings and headers in a text.
#pragma once

#include <cstdint>
#include <string_view>

namespace edgespan {

enum class KeyClass : uint8_t {
  kNone,
  kQuery,   // only as a query parameter ("code", "sig")
  kWeak,    // as a member or parameter; in prose it is a word like others ("key", "token")
  kStrong,  // wherever it stands
  kHeader,  // as kStrong; its value has several words (Authorization, Cookie)
};

// The class of a name, whose letters and digits alone count, in either case: api-key, api_key and apiKey
// are one. `more` are further weak ones, as RedactionPolicy has them.
KeyClass ClassOfKey(std::string_view name, std::string_view more);

}  // namespace edgespan
