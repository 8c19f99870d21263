// HMAC-SHA-256 against the vectors of RFC 4231.
#include "edgespan/privacy/hmac.h"

#include <string>

#include <catch2/catch.hpp>

namespace edgespan {
namespace {

std::string Hex(const uint8_t* bytes) {
  std::string text;
  for (uint32_t i = 0; i < Hmac::kBytes; ++i) {
    text += "0123456789abcdef"[bytes[i] >> 4];
    text += "0123456789abcdef"[bytes[i] & 15];
  }
  return text;
}

std::string Digest(const std::string& key, const std::string& message) {
  uint8_t digest[Hmac::kBytes];
  Hmac(key).Digest(message, digest);
  return Hex(digest);
}

TEST_CASE("hmac: the vectors of RFC 4231") {
  CHECK(Digest(std::string(20, '\x0b'), "Hi There") ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(Digest("Jefe", "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(Digest(std::string(20, '\xaa'), std::string(50, '\xdd')) ==
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  CHECK(
      Digest(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First") ==
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  CHECK(
      Digest(std::string(131, '\xaa'),
             "This is a test using a larger than block-size key and a larger than block-size data. "
             "The key needs to be hashed before being used by the HMAC algorithm.") ==
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

TEST_CASE("hmac: messages around the ends of a block") {
  // By another implementation (Python's): key "k", so many letters a.
  struct Case {
    size_t bytes;
    const char* digest;
  };
  for (const Case& c : {
           Case{55, "2cc44ce77061ae61e565e2ba633d3fb0c3f0a40d8183dc37eb47a18abda4baf2"},
           Case{56, "bc446082d08be8bf111c25f6b4d227bfbcc94721f7388c69fc93a6699de8ab3b"},
           Case{63, "3bcad76e5ef6f3b052d58db1a76b2f3dafe2d7bafda31193fde6c7ff10aa8e8e"},
           Case{64, "51dc6773c877547b2f5658b10ed96a5a72709ba469f445538da56af1b8ffb1cd"},
           Case{119, "cf4a16a9fb2bd68c1a8a6c6031d71ccf825afaf2b4a9824fbcce733f072563e3"},
           Case{120, "265c5724e8e371067fb5913e233628f1373cecd93d4261a2e4822938037a781e"},
       }) {
    CHECK(Digest("k", std::string(c.bytes, 'a')) == c.digest);
  }
}

}  // namespace
}  // namespace edgespan
