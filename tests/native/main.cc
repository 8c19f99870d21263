// Catch2's main(), compiled once for all native unit tests.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
