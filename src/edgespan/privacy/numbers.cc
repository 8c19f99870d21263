#include "edgespan/privacy/numbers.h"

namespace edgespan {
namespace {

constexpr uint32_t kMostDigits = 19;
constexpr uint32_t kMostGroups = 6;

// Groups of digits with signs between them, as they stand.
struct Groups {
  uint8_t digits[kMostDigits];
  uint32_t size[kMostGroups + 1];  // of each group, 0 behind the last
  uint32_t end[kMostGroups];       // where it ends
  uint8_t sign[kMostGroups];       // what follows it
  uint32_t count = 0;
  uint32_t all = 0;  // digits

  Groups(const View& view, uint32_t at) {
    while (count < kMostGroups) {
      const uint32_t group = at;
      at = view.Span(at, kDigit, kMostDigits + 1);
      const uint32_t n = at - group;
      if (n == 0 || all + n > kMostDigits || Is(view[at], kAlpha) || view[at] == '_') break;
      for (uint32_t i = 0; i < n; ++i) digits[all++] = view.text[group + i] & 15;
      end[count] = at;
      sign[count] = view[at];
      size[count++] = n;
      // One sign, or a parenthesis with a blank or a hyphen.
      if (view[at] == ')' && !Is(view[at + 1], kDigit)) ++at;
      if (view[at] == ' ' && view[at + 1] == '(') ++at;
      const uint8_t c = view[at];
      if (c != ' ' && c != '-' && c != '.' && c != '/' && c != '(' && c != ')') break;
      ++at;
    }
    size[count] = 0;
  }

  // Whether the first groups have these sizes, and only such a sign stands between them.
  [[gnu::noinline]] bool Are(const char* sizes, bool plain) const {
    for (uint32_t i = 0; sizes[i] != 0; ++i) {
      if (size[i] != static_cast<uint32_t>(sizes[i] - '0')) return false;
      if (plain && i > 0 && (sign[i - 1] != sign[0] || (sign[0] != ' ' && sign[0] != '-')))
        return false;
    }
    return true;
  }
};

// Whether n digits are a card's: a number range of the networks, and the check digit (ISO/IEC 7812-1).
bool IsCard(const uint8_t* digits, uint32_t n) {
  const uint32_t two = digits[0] * 10u + digits[1];
  const uint32_t four = two * 100 + digits[2] * 10u + digits[3];
  const bool visa = digits[0] == 4 && (n == 16 || n == 13 || n == 19);
  const bool mastercard = ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720)) && n == 16;
  const bool amex = (two == 34 || two == 37) && n == 15;
  const bool diners = (two == 30 || two == 36 || two == 38) && n == 14;
  const bool other = (two == 35 || two == 60 || two == 62 || two == 64 || two == 65) && n >= 16;
  if (!visa && !mastercard && !amex && !diners && !other) return false;
  uint32_t sum = 0;
  for (uint32_t i = 0; i < n; ++i) {
    uint32_t digit = digits[n - 1 - i];
    if (i % 2 == 1) digit = digit > 4 ? 2 * digit - 9 : 2 * digit;
    sum += digit;
  }
  return sum % 10 == 0;
}

// How many groups of a card there are; 0: it is none.
uint32_t CardGroups(const Groups& g) {
  if (g.size[0] >= 13) return IsCard(g.digits, g.size[0]) ? 1 : 0;
  if (g.Are("4444", true)) {
    if (IsCard(g.digits, 16)) return 4;
    return g.Are("44443", true) && IsCard(g.digits, 19) ? 5 : 0;
  }
  if (g.Are("465", true) && IsCard(g.digits, 15)) return 3;
  return g.Are("464", true) && IsCard(g.digits, 14) ? 3 : 0;
}

// The same of a telephone: in the international form (E.164), as North America writes it, or with a
// trunk zero.
uint32_t PhoneGroups(const Groups& g, bool plus) {
  if (g.count == 0) return 0;
  if (plus) {
    // What does not fit is another number.
    uint32_t groups = 0;
    uint32_t all = 0;
    while (groups < g.count && all + g.size[groups] <= 15) all += g.size[groups++];
    return g.digits[0] != 0 && all >= 8 ? groups : 0;
  }
  const uint32_t first = g.Are("1334", false) && g.digits[0] == 1 ? 1 : 0;
  if (first == 1 || g.Are("334", false)) {
    const bool real = g.digits[first] > 1 && g.digits[first + 3] > 1;
    // Behind a blank there may be another number, if there is none within.
    const uint32_t last = first + 2;
    const bool ends = g.count == last + 1 || (g.sign[last] == ' ' && g.sign[last - 1] != ' ');
    return real && ends ? last + 1 : 0;
  }
  // 02-03-2026 is a date, 000-12-3456 no one's number.
  if (g.digits[0] != 0 || g.count < 2 || g.size[0] > 5 || g.all < 9 || g.all > 11) return 0;
  if (g.size[0] < 2 || g.Are("224", false) || g.Are("324", false)) return 0;
  for (uint32_t i = 0; i < g.count; ++i) {
    if (g.size[i] < 2) return 0;
    const bool last = i + 1 == g.count;
    if (!last && g.sign[i] == '.') return 0;
  }
  return g.count;
}

}  // namespace

NumberMatch MatchNumber(const View& view, uint32_t at, bool national) {
  const bool plus = view[at] == '+';
  if (plus || view[at] == '(') ++at;
  const Groups g(view, at);
  Finding finding = Finding::kCard;
  uint32_t groups = plus ? 0 : CardGroups(g);
  if (groups == 0 && national && g.Are("324", true) && g.count == 3 && g.sign[0] == '-') {
    const uint32_t area = g.digits[0] * 100u + g.digits[1] * 10u + g.digits[2];
    finding = Finding::kNationalId;
    groups = area != 0 && area != 666 && area < 900 ? 3 : 0;
  }
  if (groups == 0) {
    finding = Finding::kPhone;
    groups = PhoneGroups(g, plus);
  }
  return {groups == 0 ? 0 : g.end[groups - 1], finding};
}

// ISO 13616: the country and the check digits go behind the account; letters count as two digits; all of
// it, modulo 97, is 1.
uint32_t MatchIban(const View& view, uint32_t at) {
  const auto more = [](uint32_t rest, uint8_t c) {
    return Is(c, kDigit) ? (rest * 10 + (c & 15u)) % 97 : (rest * 100 + (c - 'A' + 10u)) % 97;
  };
  if (!Is(view[at], kUpper) || !Is(view[at + 1], kUpper)) return 0;
  if (!Is(view[at + 2], kDigit) || !Is(view[at + 3], kDigit)) return 0;
  uint32_t rest = 0;
  uint32_t found = 0;
  uint32_t next = at + 4;
  for (uint32_t n = 0; n <= 30; ++n) {
    if (view[next] == ' ' && Is(view[next + 1], kUpper | kDigit)) ++next;
    if (!Is(view[next], kUpper | kDigit)) break;
    rest = more(rest, view[next++]);
    if (n < 10 || Is(view[next], kAlnum)) continue;
    uint32_t all = rest;
    for (uint32_t i = 0; i < 4; ++i) all = more(all, view[at + i]);
    if (all == 1) found = next;
  }
  return found;
}

}  // namespace edgespan
