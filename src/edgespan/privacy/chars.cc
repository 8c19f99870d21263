#include "edgespan/privacy/chars.h"

namespace edgespan {

[[gnu::noinline]] uint8_t View::operator[](uint32_t at) const {
  return at - begin < end - begin ? text[at] : ' ';
}

[[gnu::noinline]] uint32_t View::Span(uint32_t at, uint32_t classes, uint32_t most) const {
  for (; at < end && most > 0 && Is(text[at], classes); --most) ++at;
  return at;
}

[[gnu::noinline]] bool View::Has(uint32_t at, const char* what) const {
  for (; *what != 0; ++what) {
    if ((*this)[at++] != static_cast<uint8_t>(*what)) return false;
  }
  return true;
}

}  // namespace edgespan
