// Credentials that can be told by their looks: tokens that bear their issuer's mark, JSON Web Tokens,
// private keys.
//
// Each function is given the place where a word begins and returns where the credential ends, or 0. What
// it looks at and refuses is looked at a bounded number of times, wherever it is called.
#pragma once

#include "edgespan/privacy/chars.h"

namespace edgespan {

// A token whose prefix is in the table.
uint32_t MatchApiKey(const View& view, uint32_t at);

// Two parts or more, of which the first is a JSON object in base64url, a word that ends at `end`.
uint32_t MatchJwt(const View& view, uint32_t at, uint32_t end);

// From BEGIN to END, or as far as it goes in a text that was cut.
uint32_t MatchPrivateKey(const View& view, uint32_t at);

// How much these bytes look made up by a machine: how often letters and digits stand side by side, and
// capitals and small letters, if that is more than two words' worth. A random token of 16 bytes has more
// than kDisorder; words and versions that hyphens join have less.
uint32_t Disorder(const View& view, uint32_t at, uint32_t end);
constexpr uint32_t kDisorder = 3;

}  // namespace edgespan
