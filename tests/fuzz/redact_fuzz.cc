// libFuzzer: the redactor on any bytes and on JSON. Nothing is read outside the text (ASan), what was
// JSON is JSON and what was UTF-8 is UTF-8 afterwards, and none of a set of planted secrets survives.
//
// Input: [mode:1] text...
//   mode bits 0 to 2  what becomes of findings: kKeep to kHash (5 and more: kMask)
//   mode bits 3 to 5  which secret is planted, at a place that bits 6 and 7 choose
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "edgespan/base/utf.h"
#include "edgespan/privacy/redactor.h"
#include "edgespan/privacy/runs.h"

namespace {

using namespace edgespan;
using Json = nlohmann::json;

void Require(bool condition, const char* what, std::string_view left = {}) {
  if (condition) return;
  std::fprintf(stderr, "broken: %s\n%.*s\n", what, static_cast<int>(left.size()), left.data());
  std::abort();
}

constexpr uint32_t kBudget = 16u << 20;

PageArena* Arena() {
  static PageArena arena;
  static void* memory = nullptr;
  if (memory == nullptr) {
    memory = std::aligned_alloc(PageArena::kPageSize, kBudget + PageArena::kPageSize);
    arena.Init(reinterpret_cast<uintptr_t>(memory), PageArena::kPageSize, kBudget,
               [](uintptr_t) { return true; });
  }
  return &arena;
}

// A copy with what may be read behind it and no more: ASan guards both ends.
std::unique_ptr<char[]> Exact(std::string_view text) {
  auto exact = std::make_unique<char[]>(text.size() + kTextSlack);
  if (!text.empty()) memcpy(exact.get(), text.data(), text.size());
  memset(exact.get() + text.size(), '4', kTextSlack);
  return exact;
}

std::string Redact(Redactor* redactor, std::string_view text) {
  const auto exact = Exact(text);
  Buffer out;
  Require(out.Init(Arena(), 4096), "there is memory");
  const bool changed = redactor->Redact({exact.get(), text.size()}, &out);
  Require(changed || out.size() == 0, "nothing is written when nothing was found");
  Require(!out.failed(), "there is memory for the output");
  std::string left(text);
  if (changed) left.assign(reinterpret_cast<const char*>(out.data()), out.size());
  out.Discard();
  return left;
}

// Of kinds that need nothing around them.
constexpr std::string_view kSecrets[] = {"sk-proj-abcdefGHIJ1234567890abcd",
                                         "AKIAIOSFODNN7EXAMPLE",
                                         "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
                                         "4111 1111 1111 1111",
                                         "jane.doe@example.com",
                                         "DE89370400440532013000",
                                         "+4915112345678",
                                         "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0"};

bool IsUtf8(const std::string& text) {
  try {
    static_cast<void>(Json(text).dump());
  } catch (const Json::exception&) {
    return false;
  }
  return true;
}

bool Holds(const Json& value, std::string_view secret) {
  if (value.is_string()) {
    return value.get_ref<const std::string&>().find(secret) != std::string::npos;
  }
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) {
      if (name.find(secret) != std::string::npos || Holds(member, secret)) return true;
    }
  } else if (value.is_array()) {
    for (const Json& member : value) {
      if (Holds(member, secret)) return true;
    }
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const uint8_t mode = data[0];
  std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto n = static_cast<uint32_t>(text.size());
  const auto exact = Exact(text);
  const auto* bytes = reinterpret_cast<const uint8_t*>(exact.get());
  Require(NextRun(bytes, 0, n) == scalar::NextRun(bytes, 0, n), "runs: vector and scalar agree");
  Require(NextQuote(bytes, 0, n) == scalar::NextQuote(bytes, 0, n), "quotes: they agree");

  RedactionPolicy policy;
  const Redaction redaction = (mode & 7) < 5 ? static_cast<Redaction>(mode & 7) : Redaction::kMask;
  for (Redaction& action : policy.actions) action = redaction;
  policy.hash_key = "key";
  Redactor redactor(policy, Arena());

  // But for a mere number, which may be someone's: then the text is its digits and no more.
  const Json before = Json::parse(text, nullptr, false);
  const bool was_json = before.is_structured() || before.is_string();
  const std::string left = Redact(&redactor, text);
  if (was_json) Require(Json::accept(left), "what was JSON is JSON", left);
  const bool utf8 = IsUtf8(text);
  if (utf8) Require(IsUtf8(left), "what was UTF-8 is UTF-8", left);
  if (redaction == Redaction::kKeep) {
    if (redactor.withheld() == 0) Require(left == text, "what is kept is kept");
    return 0;
  }
  if (was_json && redaction == Redaction::kMask) {
    Require(Json::accept(Redact(&redactor, left)), "what was redacted is JSON, too");
  }

  // A secret as a value of JSON, beside whatever the text is.
  const std::string secret(kSecrets[mode >> 3 & 7]);
  const Json inner = {{"x", "a " + secret + " b"}};
  const Json around = mode >> 6 == 0   ? Json::array({text, secret})
                      : mode >> 6 == 1 ? Json{{"t", text}, {secret, 1}}
                      : mode >> 6 == 2 ? Json::array({inner.dump(), text})
                                       : Json{{"t", Json::array({text, inner})}};
  if (!utf8) return 0;
  const std::string rest = Redact(&redactor, around.dump());
  const Json parsed = Json::parse(rest, nullptr, false);
  Require(!parsed.is_discarded(), "JSON with any text in it stays JSON", rest);
  // Where it was planted: in the text, behind other letters or escapes, it may be none.
  Json place = parsed;
  if (mode >> 6 == 1) {
    place.erase("t");
  } else if (mode >> 6 == 3) {
    place = parsed.at("t").at(1);
  } else {
    place = parsed.at(mode >> 6 == 0 ? 1 : 0);
  }
  Require(!Holds(place, secret), "no planted secret survives", rest);
  return 0;
}
