// SpanTree: finding spans, and their children in order of start.
#include "edgespan/model/span_tree.h"

#include <cstring>
#include <vector>

#include <catch2/catch.hpp>

#include "edgespan/model/schema.h"
#include "tests/support/record_lab.h"

namespace edgespan {
namespace {

using testing::Region;

SpanId Id(uint64_t value) {
  SpanId id;
  for (int i = 7; i >= 0; --i, value >>= 8) id.bytes[i] = static_cast<uint8_t>(value);
  return id;
}
constexpr SpanId kNone = {};

TEST_CASE("tree: an empty tree knows nobody") {
  Region region;
  const SpanTree tree = {};
  CHECK(tree.Find(region.arena, Id(1)) == nullptr);
}

TEST_CASE("tree: children hang below their parent in order of start") {
  Region region;
  Lane lane;
  SpanTree tree = {};
  const PageArena& arena = region.arena;
  TreeNode* const root = tree.FindOrAdd(&region.arena, &lane, Id(1), kNone, kTypeAgentRun);
  REQUIRE(root != nullptr);
  TreeNode* const a = tree.FindOrAdd(&region.arena, &lane, Id(2), Id(1), kTypeModelGeneration);
  TreeNode* const below = tree.FindOrAdd(&region.arena, &lane, Id(3), Id(2), kTypeModelStep);
  TreeNode* const b = tree.FindOrAdd(&region.arena, &lane, Id(4), Id(1), kTypeToolCall);
  TreeNode* const c = tree.FindOrAdd(&region.arena, &lane, Id(5), Id(1), kTypeToolCall);
  TreeNode* const stranger = tree.FindOrAdd(&region.arena, &lane, Id(6), Id(99), kTypeToolCall);
  REQUIRE((a && below && b && c && stranger));

  CHECK(root->parent == 0);
  CHECK(root->type == kTypeAgentRun);
  CHECK(root->record == 0);
  CHECK(root->ended == 0);
  CHECK(root->first_child == arena.OffsetOf(a));
  CHECK(a->next_sibling == arena.OffsetOf(b));
  CHECK(b->next_sibling == arena.OffsetOf(c));
  CHECK(c->next_sibling == 0);
  CHECK(root->last_child == arena.OffsetOf(c));
  CHECK(a->first_child == arena.OffsetOf(below));
  CHECK(below->parent == arena.OffsetOf(a));
  // A parent that never started is no parent here; one that starts later does not adopt.
  CHECK(stranger->parent == 0);
  REQUIRE(tree.FindOrAdd(&region.arena, &lane, Id(99), kNone, kTypeGeneric) != nullptr);
  CHECK(tree.Find(arena, Id(99))->first_child == 0);
  lane.Free(&region.arena);
}

TEST_CASE("tree: ten thousand spans are all found") {
  Region region;
  const uint32_t before = region.arena.used();
  Lane lane;
  SpanTree tree = {};
  std::vector<TreeNode*> nodes;
  for (uint64_t i = 1; i <= 10'000; ++i) {
    // Ids that differ in their low or in their high bytes only.
    const SpanId id = Id(i % 2 == 0 ? i : i << 40);
    nodes.push_back(tree.FindOrAdd(&region.arena, &lane, id, kNone, kTypeGeneric));
    REQUIRE(nodes.back() != nullptr);
  }
  for (uint64_t i = 1; i <= 10'000; ++i) {
    REQUIRE(tree.Find(region.arena, Id(i % 2 == 0 ? i : i << 40)) == nodes[i - 1]);
  }
  CHECK(tree.Find(region.arena, Id(10'001)) == nullptr);
  CHECK(tree.Find(region.arena, kNone) == nullptr);
  lane.Free(&region.arena);
  CHECK(region.arena.used() == before);
}

TEST_CASE("tree: ids that were chosen to go the same way are all found") {
  Region region;
  Lane lane;
  SpanTree tree = {};
  const auto chosen = [](uint64_t mixed) {  // the id that is mixed to this: it differs in few bits
    const uint64_t value = mixed * 0xf1de83e19937733d;
    SpanId id;
    std::memcpy(id.bytes, &value, sizeof value);
    return id;
  };
  std::vector<TreeNode*> nodes;
  for (uint64_t i = 1; i <= 1000; ++i) {
    nodes.push_back(tree.FindOrAdd(&region.arena, &lane, chosen(i), kNone, kTypeGeneric));
    REQUIRE(nodes.back() != nullptr);
    REQUIRE(tree.Find(region.arena, chosen(i + 1)) == nullptr);
  }
  for (uint64_t i = 1; i <= 1000; ++i) REQUIRE(tree.Find(region.arena, chosen(i)) == nodes[i - 1]);
  lane.Free(&region.arena);
}

TEST_CASE("tree: without memory Add() fails and the tree stays whole") {
  Region region(6 * PageArena::kPageSize);
  Lane lane;
  SpanTree tree = {};
  uint64_t added = 0;
  while (tree.FindOrAdd(&region.arena, &lane, Id(added + 1), Id(added), kTypeGeneric) != nullptr)
    ++added;
  REQUIRE(added > 50);
  CHECK(tree.FindOrAdd(&region.arena, &lane, Id(100'000), Id(1), kTypeGeneric) == nullptr);
  for (uint64_t i = 1; i <= added; ++i) REQUIRE(tree.Find(region.arena, Id(i)) != nullptr);
  CHECK(tree.Find(region.arena, Id(added + 1)) == nullptr);
  CHECK(tree.Find(region.arena, Id(100'000)) == nullptr);
  CHECK(tree.Find(region.arena, Id(added))->first_child == 0);
  lane.Free(&region.arena);
}

}  // namespace
}  // namespace edgespan
