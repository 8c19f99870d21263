#include "edgespan/privacy/sensitive_keys.h"

#include "edgespan/base/utf.h"

namespace edgespan {
namespace {

// Mastra's SensitiveDataFilter has those of its list as whole names; here longer names that end with
// one of the unmistakable are sensitive, too (dbPassword, OPENAI_API_KEY).
constexpr std::string_view kWeak =
    " token key auth bearer jwt refresh ssn pwd csrf xsrf otp totp cvv cvc cvv2"
    " cardnumber creditcard creditcardnumber socialsecuritynumber accesskeyid privatekeyid"
    " xamzsecuritytoken connectionstring";
constexpr std::string_view kEnds =
    " password passwd passphrase secret apikey secretkey privatekey accesskey accesstoken"
    " refreshtoken authtoken idtoken apitoken sessiontoken bearertoken csrftoken personaltoken"
    " credential credentials signingkey encryptionkey accountkey licensekey rolekey masterkey"
    " sharedaccesssignature";
constexpr std::string_view kHeaders = " authorization cookie";
constexpr std::string_view kQueries =
    " sig signature xamzsignature xamzcredential code hmac ticket sid";

constexpr uint32_t kLongest = 32;

// A bit for each pair of characters that a name of these lists ends with, and for some others: nearly all
// other names are told by it.
struct Ends {
  uint32_t bits[32];
};
constexpr uint32_t EndBit(char first, char last) {
  return static_cast<uint32_t>(first * 29 + last) & 1023;
}
constexpr Ends MakeEnds() {
  Ends ends = {};
  for (const std::string_view list : {kWeak, kEnds, kHeaders, kQueries}) {
    for (size_t i = 2; i <= list.size(); ++i) {
      if (i < list.size() && list[i] != ' ') continue;
      const uint32_t bit = EndBit(list[i - 2], list[i - 1]);
      ends.bits[bit / 32] |= 1u << bit % 32;
    }
  }
  return ends;
}
constexpr Ends kEndBits = MakeEnds();

// Whether a list has this name; or, `ends`, one that it ends with.
[[gnu::noinline]] bool Has(std::string_view list, std::string_view name, bool ends) {
  const char* const first = list.data();
  const char* at = first + list.size();
  while (at > first) {
    // One entry, backwards.
    const char* mine = name.data() + name.size();
    bool same = true;
    while (*--at != ' ') {
      same = same && mine > name.data() && *at == mine[-1];
      --mine;
    }
    if (same && (ends || mine == name.data())) return true;
  }
  return false;
}

}  // namespace

KeyClass ClassOfKey(std::string_view name, std::string_view more) {
  char plain[kLongest] = {};
  uint32_t at = kLongest;
  for (size_t i = name.size(); i > 0 && at > 0; --i) {
    const auto c = static_cast<uint8_t>(name[i - 1]);
    const uint32_t letter = c | 0x20;
    if (letter - 'a' < 26 || c - uint32_t{'0'} < 10) {
      plain[--at] = static_cast<char>(c >= 'A' ? letter : c);
    }
  }
  const std::string_view key(plain + at, kLongest - at);
  if (key.size() < 3) return KeyClass::kNone;
  const uint32_t bit = EndBit(plain[kLongest - 2], plain[kLongest - 1]);
  if ((kEndBits.bits[bit / 32] >> bit % 32 & 1) == 0) {
    return Has(more, key, false) ? KeyClass::kWeak : KeyClass::kNone;
  }
  if (Has(kHeaders, key, true)) return KeyClass::kHeader;
  if (Has(kEnds, key, true)) return KeyClass::kStrong;
  if (at == 0) return KeyClass::kNone;  // longer than any
  if (Has(kWeak, key, false) || Has(more, key, false)) return KeyClass::kWeak;
  return Has(kQueries, key, false) ? KeyClass::kQuery : KeyClass::kNone;
}

}  // namespace edgespan
