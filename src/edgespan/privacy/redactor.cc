#include "edgespan/privacy/redactor.h"

#include "edgespan/base/utf.h"
#include "edgespan/privacy/chars.h"
#include "edgespan/privacy/runs.h"
#include "edgespan/privacy/scan.h"

namespace edgespan {
namespace {

constexpr char kKinds[] = "key api-key jwt private-key credential cookie email phone iban card id ";

constexpr uint32_t kDigestBytes = 8;   // of a digest: 64 bits
constexpr uint32_t kPartialFrom = 16;  // bytes of a value of which some are shown...
constexpr uint32_t kPartialShown = 4;  // ...and how many

void AppendDigest(const Hmac& hmac, std::string_view value, Buffer* out) {
  uint8_t digest[Hmac::kBytes];
  hmac.Digest(value, digest);
  for (uint32_t i = 0; i < 2 * kDigestBytes; ++i) {
    out->AppendByte(
        static_cast<uint8_t>("0123456789abcdef"[digest[i / 2] >> (i % 2 ? 0 : 4) & 15]));
  }
}

}  // namespace

Redactor::Redactor(const RedactionPolicy& policy, PageArena* arena)
    : policy_(policy), arena_(arena), hmac_(policy.hash_key) {}

bool Redactor::Redact(std::string_view text, Buffer* out) {
  if (IsClean(text)) return false;
  const auto bytes = static_cast<uint32_t>(text.size());
  // Most texts hold no word that is worth a look. (In a string of JSON, escapes may hide what is.)
  const uint32_t first = NextRun(reinterpret_cast<const uint8_t*>(text.data()), 0, bytes);
  if ((first < bytes || Scan::IsString(text)) && Scan(this, text, 0, out).Run(first)) return true;
  clean_.Add(text);
  return false;
}

void Redactor::Replace(Finding finding, std::string_view value, Buffer* out) const {
  const Redaction action = policy_[finding];
  if (action == Redaction::kRemove) return;
  const char* kind = kKinds;
  for (auto i = static_cast<uint32_t>(finding); i > 0; --i) {
    while (*kind++ != ' ') {
    }
  }
  out->AppendText("[REDACTED:");
  while (*kind != ' ') out->AppendByte(static_cast<uint8_t>(*kind++));
  if (action == Redaction::kHash && !policy_.hash_key.empty()) {
    out->AppendByte(':');
    AppendDigest(hmac_, value, out);
  } else if (action == Redaction::kPartial && value.size() >= kPartialFrom) {
    out->AppendText(":*");
    for (const char c :
         std::string_view(value.data() + value.size() - kPartialShown, kPartialShown)) {
      if (Is(static_cast<uint8_t>(c), kAlnum)) out->AppendByte(static_cast<uint8_t>(c));
    }
  }
  out->AppendByte(']');
}

uint32_t Redactor::Key(uint32_t id, std::string_view name, Buffer* out) {
  if (Known(id) != 0) return known_[id] - 1u;
  uint32_t bits = IsSensitiveKey(name) ? kSensitive : 0;
  if (Redact(name, out)) {
    bits |= kUnnamed;
  } else if (id != 0 && id < kIds) {
    known_[id] = static_cast<uint8_t>(bits + 1);
  }
  return bits;
}

void Redactor::AppendContentDigest(std::string_view text, Buffer* out) const {
  // What is JSON stays JSON.
  const bool json = !text.empty() && (text.front() == '[' || text.front() == '{');
  if (json) out->AppendByte('"');
  out->AppendText("[CONTENT:");
  AppendDigest(hmac_, text, out);
  out->AppendByte(']');
  if (json) out->AppendByte('"');
}

}  // namespace edgespan
