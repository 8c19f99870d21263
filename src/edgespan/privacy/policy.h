// RedactionPolicy: what becomes of what the redactor finds, of one destination.
#pragma once

#include <cstdint>
#include <string_view>

namespace edgespan {

// What can be found. The names of kFindingNames stand in what replaces it: never renumber.
enum class Finding : uint8_t {
  kKeyed,       // a value under a sensitive key
  kApiKey,      // a token that bears its issuer's mark
  kJwt,         // a JSON Web Token, signed or encrypted
  kPrivateKey,  // PEM
  kCredential,  // of bearer and basic authentication, and of URLs and connection strings
  kCookie,      // a line of cookies
  kEmail,
  kPhone,
  kIban,
  kCard,
  kNationalId,  // US social security number
};
constexpr uint32_t kFindings = 11;

enum class Redaction : uint8_t {
  kKeep,    // not looked for
  kRemove,  // nothing stands in its place (an empty string, where JSON needs a value)
  kMask,    // [REDACTED:kind]
  kPartial,  // the same with the last four letters or digits, if there are 16 bytes: [REDACTED:card:*4242]
  kHash,  // the same with a keyed digest, so that equal values can be told: [REDACTED:card:9c1185a5c5e9fc54]
};

struct RedactionPolicy {
  Redaction actions[kFindings] = {Redaction::kMask, Redaction::kMask, Redaction::kMask,
                                  Redaction::kMask, Redaction::kMask, Redaction::kMask,
                                  Redaction::kMask, Redaction::kMask, Redaction::kMask,
                                  Redaction::kMask, Redaction::kKeep};
  // The key of digests. Without it what should be hashed is masked.
  std::string_view hash_key;
  // Further sensitive keys: lower-case letters and digits, each behind a space.
  std::string_view keys;

  Redaction operator[](Finding finding) const { return actions[static_cast<uint32_t>(finding)]; }

  // A digit for each. False, and what they are then is not said, if it is anything else.
  bool SetActions(std::string_view digits) {
    for (uint32_t i = 0; i < kFindings && digits.size() == kFindings; ++i) {
      const auto digit = static_cast<uint8_t>(digits[i] - '0');
      if (digit > static_cast<uint8_t>(Redaction::kHash)) return false;
      actions[i] = static_cast<Redaction>(digit);
    }
    return digits.size() == kFindings;
  }
};

// What becomes of the text of prompts and completions.
enum class ContentPolicy : uint8_t { kFull, kTruncated, kHashed, kOff };

}  // namespace edgespan
