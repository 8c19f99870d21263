// Times as Date.prototype.toISOString() has them.
#include "edgespan/base/iso_time.h"

#include <ctime>
#include <random>
#include <string>

#include <catch2/catch.hpp>

namespace edgespan {
namespace {

std::string Iso(double ms) {
  std::string text(kIsoTimeSize + 1, '#');
  CHECK(IsoTime(ms, text.data()).data() == text.data());
  CHECK(text.back() == '#');
  text.pop_back();
  return text;
}

TEST_CASE("iso time: the borders of days, months and years") {
  CHECK(Iso(0) == "1970-01-01T00:00:00.000Z");
  CHECK(Iso(86'399'999) == "1970-01-01T23:59:59.999Z");
  CHECK(Iso(86'400'000) == "1970-01-02T00:00:00.000Z");
  CHECK(Iso(951'782'400'000) == "2000-02-29T00:00:00.000Z");  // leap, as 400 divides it
  CHECK(Iso(951'868'800'000) == "2000-03-01T00:00:00.000Z");
  CHECK(Iso(1'709'164'799'999) == "2024-02-28T23:59:59.999Z");
  CHECK(Iso(1'735'689'599'999) == "2024-12-31T23:59:59.999Z");
  CHECK(Iso(4'107'542'400'000) == "2100-03-01T00:00:00.000Z");  // not leap
  CHECK(Iso(kIsoTimeEnd - 1) == "9999-12-31T23:59:59.999Z");
}

TEST_CASE("iso time: less than a millisecond is cut off") {
  CHECK(Iso(0.999) == "1970-01-01T00:00:00.000Z");
  CHECK(Iso(1'763'625'429'119.75) == "2025-11-20T07:57:09.119Z");
}

TEST_CASE("iso time: any time is what the C library says") {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<int64_t> any(0, static_cast<int64_t>(kIsoTimeEnd) - 1);
  for (int i = 0; i < 20'000; ++i) {
    const int64_t ms = any(random);
    const auto seconds = static_cast<time_t>(ms / 1000);
    tm utc;
    REQUIRE(gmtime_r(&seconds, &utc) != nullptr);
    char date[32];
    char millis[8];
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(millis, sizeof millis, ".%03dZ", static_cast<int>(ms % 1000));
    INFO(ms);
    REQUIRE(Iso(static_cast<double>(ms)) == std::string(date) + millis);
  }
}

}  // namespace
}  // namespace edgespan
