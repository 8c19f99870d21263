// The prefilter: which words of a text could hold anything that the redactor looks for.
//
// Words ("runs") stand between bytes below '+' (blanks, quotes, '&' and their like) and those beyond
// ASCII. One is worth a look if it holds one of "@:=+{[", four bytes of "-0123456789" in a row, or 16
// bytes at all. With EDGESPAN_SIMD these are vector code, which reads whole blocks: kTextSlack bytes behind
// `end` must be readable, of the text or beyond it. Namespace scalar holds their twins.
#pragma once

#include <cstdint>

namespace edgespan {

constexpr uint32_t kLongRun = 16;

constexpr bool EndsRun(uint8_t c) { return static_cast<int8_t>(c) < '+'; }

// Where the first such run behind `at`, which is a run's begin, begins; `end` if there is none.
uint32_t NextRun(const uint8_t* text, uint32_t at, uint32_t end);

// Where the next '"' or '\\' is; `end` if there is none.
uint32_t NextQuote(const uint8_t* text, uint32_t at, uint32_t end);

namespace scalar {
uint32_t NextRun(const uint8_t* text, uint32_t at, uint32_t end);
uint32_t NextQuote(const uint8_t* text, uint32_t at, uint32_t end);
}  // namespace scalar

}  // namespace edgespan
