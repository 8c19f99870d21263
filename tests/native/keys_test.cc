// KeyTable: fixed names, interned ones, and what is refused.
#include "edgespan/model/keys.h"

#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "edgespan/base/utf.h"
#include "tests/support/record_lab.h"

namespace edgespan {
namespace {

using testing::Region;

TEST_CASE("keys: every name of the schema has its own id") {
  Region region;
  KeyTable keys;
  keys.Init(&region.arena);
  CHECK(keys.end() == kFirstDynamicKey);
  std::set<std::string> names;
  for (uint16_t key = 1; key < kFirstDynamicKey; ++key) {
    const std::string name(keys.Name(key));
    INFO(key << " " << name);
    CHECK(!name.empty());
    CHECK(name.find('\n') == std::string::npos);
    CHECK(names.insert(name).second);
    CHECK(keys.Intern(name) == key);
    // Vector code reads kTextSlack bytes behind it, the last one too (ASan guards the end).
    std::vector<uint8_t> copy(6 * name.size() + kTextSlack);
    const auto bytes = static_cast<uint32_t>(name.size());
    uint8_t* const end =
        EscapeJson(reinterpret_cast<const uint8_t*>(keys.Name(key).data()), bytes, copy.data());
    CHECK(std::string(copy.data(), end) == name);
  }
  CHECK(keys.Name(kTypeAgentRun) == "agent_run");
  CHECK(keys.Name(kTypeAgentSignal) == "agent_signal");
  CHECK(keys.Name(kKeyId) == "id");
  CHECK(keys.Name(kKeyLinkCountLimit) == "linkCountLimit");
  CHECK(keys.end() == kFirstDynamicKey);
}

TEST_CASE("keys: the published text is the names in order") {
  std::string expected;
  for (uint32_t key = 1; key < kFirstDynamicKey; ++key) {
    expected += std::string(SchemaName(key)) + "\n";
  }
  CHECK(std::string(kSchemaText) == expected);
}

TEST_CASE("keys: the same text is the same id") {
  Region region;
  KeyTable keys;
  keys.Init(&region.arena);
  CHECK(keys.Intern("app.first") == kFirstDynamicKey);
  CHECK(keys.Intern("app.second") == kFirstDynamicKey + 1);
  CHECK(keys.Intern("app.first") == kFirstDynamicKey);
  CHECK(keys.Intern("app.fir") == kFirstDynamicKey + 2);  // a prefix is another key
  CHECK(keys.Intern("\xc3\xa9") == kFirstDynamicKey + 3);
  CHECK(keys.end() == kFirstDynamicKey + 4u);
  CHECK(keys.Name(kFirstDynamicKey + 1) == "app.second");
  CHECK(keys.Name(kFirstDynamicKey + 3) == "\xc3\xa9");
}

TEST_CASE("keys: what must travel inline is refused") {
  Region region;
  KeyTable keys;
  keys.Init(&region.arena);
  CHECK(keys.Intern("") == 0);
  CHECK(keys.Intern(std::string(KeyTable::kMaxBytes + 1, 'k')) == 0);
  CHECK(keys.Intern("say \"hi\"") == 0);
  CHECK(keys.Intern("back\\slash") == 0);
  CHECK(keys.Intern("line\nbreak") == 0);
  CHECK(keys.Intern(std::string("nul\0l", 5)) == 0);
  CHECK(keys.end() == kFirstDynamicKey);
  const std::string longest(KeyTable::kMaxBytes, 'k');
  CHECK(keys.Intern(longest) == kFirstDynamicKey);
  CHECK(keys.Name(kFirstDynamicKey) == longest);
}

TEST_CASE("keys: a full table keeps what it has") {
  Region region;
  KeyTable keys;
  keys.Init(&region.arena);
  for (uint32_t i = 0; i < KeyTable::kMaxDynamic; ++i) {
    REQUIRE(keys.Intern("key " + std::to_string(i)) == kFirstDynamicKey + i);
  }
  CHECK(keys.Intern("one more") == 0);
  CHECK(keys.Intern("key 0") == kFirstDynamicKey);
  CHECK(keys.Intern("key 2047") == kFirstDynamicKey + 2047);
  CHECK(keys.Intern("model") == kKeyModel);
  CHECK(keys.end() - 1 <= tape::kMaxKey);
  CHECK(keys.Name(static_cast<uint16_t>(keys.end() - 1)) == "key 2047");
}

TEST_CASE("keys: without memory nothing is interned") {
  Region region(2 * PageArena::kPageSize);
  KeyTable keys;
  keys.Init(&region.arena);
  while (region.arena.Allocate(1) != 0) {
  }
  CHECK(keys.Intern("app.key") == 0);
  CHECK(keys.Intern("model") == kKeyModel);
  CHECK(keys.end() == kFirstDynamicKey);
}

}  // namespace
}  // namespace edgespan
