#include "edgespan/privacy/hmac.h"

#include <bit>
#include <cstring>

namespace edgespan {
namespace {

// The first 32 bits behind the point.
uint32_t Fraction(double value) {
  return static_cast<uint32_t>((value - static_cast<uint32_t>(value)) * 4294967296.0);
}

}  // namespace

Hmac::Hmac(std::string_view key) {
  // The constants are roots of the first primes: computed, since tables of them do not compress. A
  // double holds 17 bits more than are taken; hmac_test.cc knows the digests of the RFCs.
  uint32_t found = 0;
  for (uint32_t n = 2; found < 64; ++n) {
    bool prime = true;
    for (uint32_t d = 2; d < n; ++d) prime = prime && n % d != 0;
    if (!prime) continue;
    double cube = 7;
    double square = 17;
    for (uint32_t step = 0; step < 40; ++step) {  // Newton's, from above
      cube -= (cube * cube * cube - n) / (3 * cube * cube);
      square -= (square * square - n) / (2 * square);
    }
    if (found < kWords) start_[found] = Fraction(square);
    round_[found++] = Fraction(cube);
  }

  uint8_t block[kBlock] = {};
  if (key.size() > kBlock) {
    uint32_t state[kWords];
    memcpy(state, start_, sizeof state);
    Finish(state, key, 0, block);
  } else {
    for (uint32_t i = 0; i < key.size(); ++i) block[i] = static_cast<uint8_t>(key[i]);
  }
  for (uint8_t& byte : block) byte ^= 0x36;
  memcpy(inner_, start_, sizeof inner_);
  Compress(inner_, block);
  for (uint8_t& byte : block) byte ^= 0x36 ^ 0x5c;
  memcpy(outer_, start_, sizeof outer_);
  Compress(outer_, block);
}

void Hmac::Compress(uint32_t* state, const uint8_t* block) const {
  uint32_t w[64];
  for (uint32_t i = 0; i < 64; ++i) {
    if (i < 16) {
      memcpy(w + i, block + 4 * i, 4);
      w[i] = __builtin_bswap32(w[i]);
      continue;
    }
    const uint32_t a = w[i - 15];
    const uint32_t b = w[i - 2];
    w[i] = w[i - 16] + w[i - 7] + (std::rotr(a, 7) ^ std::rotr(a, 18) ^ a >> 3) +
           (std::rotr(b, 17) ^ std::rotr(b, 19) ^ b >> 10);
  }
  uint32_t s[kWords];
  memcpy(s, state, sizeof s);
  for (uint32_t i = 0; i < 64; ++i) {
    const uint32_t one = s[7] + (std::rotr(s[4], 6) ^ std::rotr(s[4], 11) ^ std::rotr(s[4], 25)) +
                         ((s[4] & s[5]) ^ (~s[4] & s[6])) + round_[i] + w[i];
    const uint32_t two = (std::rotr(s[0], 2) ^ std::rotr(s[0], 13) ^ std::rotr(s[0], 22)) +
                         ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
    for (uint32_t k = 7; k > 0; --k) s[k] = s[k - 1];
    s[4] += one;
    s[0] = one + two;
  }
  for (uint32_t i = 0; i < kWords; ++i) state[i] += s[i];
}

void Hmac::Finish(uint32_t* state, std::string_view rest, uint32_t before, uint8_t* digest) const {
  const auto* at = reinterpret_cast<const uint8_t*>(rest.data());
  uint32_t left = static_cast<uint32_t>(rest.size());
  const uint64_t bits = (uint64_t{before} + left) * 8;
  for (; left >= kBlock; left -= kBlock, at += kBlock) Compress(state, at);
  uint8_t block[kBlock] = {};
  for (uint32_t i = 0; i < left; ++i) block[i] = at[i];
  block[left] = 0x80;
  if (left >= kBlock - 8) {
    Compress(state, block);
    memset(block, 0, sizeof block);
  }
  for (uint32_t i = 0; i < 8; ++i) block[kBlock - 1 - i] = static_cast<uint8_t>(bits >> 8 * i);
  Compress(state, block);
  for (uint32_t i = 0; i < kBytes; ++i) {
    digest[i] = static_cast<uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
  }
}

void Hmac::Digest(std::string_view message, uint8_t* digest) const {
  uint32_t state[kWords];
  memcpy(state, inner_, sizeof state);
  Finish(state, message, kBlock, digest);
  memcpy(state, outer_, sizeof state);
  Finish(state, {reinterpret_cast<const char*>(digest), kBytes}, kBlock, digest);
}

}  // namespace edgespan
