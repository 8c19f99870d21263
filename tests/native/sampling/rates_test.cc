#include "edgespan/sampling/rates.h"

#include <catch2/catch.hpp>

namespace edgespan {
namespace {

TEST_CASE("rates: so many of a key in a minute") {
  RateTable table = {};
  for (int i = 0; i < 3; ++i) CHECK(table.Take(7, 1, 3));
  CHECK(!table.Take(7, 1, 3));
  CHECK(table.Take(8, 1, 3));
  CHECK(table.Take(7, 2, 3));
  CHECK(!table.Take(0, 1, 0));
}

TEST_CASE("rates: keys of a busy minute share no place, and none more than there is room") {
  RateTable table = {};
  for (uint32_t key = 0; key < RateTable::kKeys; ++key) CHECK(table.Take(key, 1, 2));
  for (uint32_t key = 0; key < RateTable::kKeys; ++key) CHECK(table.Take(key, 1, 2));
  for (uint32_t key = 0; key < RateTable::kKeys; ++key) CHECK(!table.Take(key, 1, 2));
  CHECK(!table.Take(RateTable::kKeys, 1, 2));
  // The next minute's take their places.
  CHECK(table.Take(RateTable::kKeys, 2, 2));
}

}  // namespace
}  // namespace edgespan
