// HMAC-SHA-256 (RFC 2104, FIPS 180-4), small rather than fast: it digests what was found, which is short.
#pragma once

#include <cstdint>
#include <string_view>

namespace edgespan {

class Hmac {
 public:
  static constexpr uint32_t kBytes = 32;

  explicit Hmac(std::string_view key);

  // digest: kBytes.
  void Digest(std::string_view message, uint8_t* digest) const;

 private:
  static constexpr uint32_t kWords = 8;
  static constexpr uint32_t kBlock = 64;

  void Compress(uint32_t* state, const uint8_t* block) const;
  // Ends a message of which `before` bytes went into the state already.
  void Finish(uint32_t* state, std::string_view rest, uint32_t before, uint8_t* digest) const;

  uint32_t round_[64];  // the constants of SHA-256
  uint32_t start_[kWords];
  uint32_t inner_[kWords];  // its state behind the inner key,
  uint32_t outer_[kWords];  // behind the outer one
};

}  // namespace edgespan
