#include "edgespan/base/iso_time.h"

namespace edgespan {

std::string_view IsoTime(double ms, char* text) {
  static constexpr char kZero[kIsoTimeSize + 1] = "0000-00-00T00:00:00.000Z";
  auto time = static_cast<uint64_t>(ms);
  for (uint32_t i = 0; i < kIsoTimeSize; ++i) text[i] = kZero[i];
  const auto put = [text](uint32_t end, uint32_t value) {  // its last digit stands before `end`
    for (; value != 0; value /= 10) text[--end] = static_cast<char>('0' + value % 10);
  };
  const auto take = [&time](uint32_t unit) {
    const auto rest = static_cast<uint32_t>(time % unit);
    time /= unit;
    return rest;
  };
  put(23, take(1000));
  put(19, take(60));
  put(16, take(60));
  put(13, take(24));
  uint32_t year = 1970;
  uint32_t month = 1;
  for (auto days = static_cast<uint32_t>(time);;) {
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    const uint32_t length = month == 2 ? (leap ? 29 : 28) : 30 + ((month + (month >> 3)) & 1);
    if (days < length) {
      put(10, days + 1);
      break;
    }
    days -= length;
    month = month % 12 + 1;
    year += month == 1;
  }
  put(7, month);
  put(4, year);
  return {text, kIsoTimeSize};
}

}  // namespace edgespan
