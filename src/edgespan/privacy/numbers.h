// Numbers that are someone's: payment cards, bank accounts, telephones, national ids.
#pragma once

#include "edgespan/privacy/chars.h"
#include "edgespan/privacy/policy.h"

namespace edgespan {

// What a number is, and where it ends; 0: nothing of these.
struct NumberMatch {
  uint32_t end;
  Finding finding;
};

// At a '+', an opening parenthesis, or a digit with no letter or digit before it. Looks at no more than 64 bytes. A
// national id is told only when asked for.
NumberMatch MatchNumber(const View& view, uint32_t at, bool national);

// At two capital letters with none before them. Looks at no more than 48 bytes.
uint32_t MatchIban(const View& view, uint32_t at);

}  // namespace edgespan
