// Cutting JSON text: the longest beginning that, once its open strings and containers are closed, is
// JSON again and within a limit.
#pragma once

#include <cstdint>

namespace edgespan {

// Cuts `bytes` of JSON text in place; returns how many there are then: at most `limit`, and `bytes`
// if that is enough. Strings are cut between characters and never in an escape; a number, a literal
// or a member's name is there whole or not at all. 0 where nothing valid is so short.
// REQUIRES: the text is JSON in valid UTF-8; there may be space between tokens.
uint32_t CutJson(uint8_t* text, uint32_t bytes, uint32_t limit);

}  // namespace edgespan
