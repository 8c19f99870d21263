#include "edgespan/privacy/scan.h"

#include "edgespan/privacy/numbers.h"
#include "edgespan/privacy/runs.h"
#include "edgespan/privacy/tokens.h"

namespace edgespan {
namespace {

constexpr uint32_t kShortestToken = 12;  // of words that are looked up in the table
constexpr uint32_t kShortestBearer = 8;
constexpr uint32_t kShortestName = 3;
constexpr uint32_t kLongestName = 48;     // bytes of a name before '=' or ':'
constexpr uint32_t kLongestMailbox = 64;  // RFC 5321, section 4.5.3.1
constexpr uint32_t kLongestHost = 255;
constexpr uint32_t kAwsSecret = 40;
constexpr uint32_t kLongestLook = 128;  // bytes of a value that tell whether it is a secret

bool IsQuote(uint8_t c) { return c == '"' || c == '\'' || c == '`'; }
// What may stand between the groups of a number.
bool IsSeparator(uint8_t c) {
  return c == ' ' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')';
}
bool IsBlank(uint8_t c) { return c == ' ' || c == '\t'; }

constexpr uint32_t kPemBegin = 10;  // bytes of -----BEGIN
// The letters of \b, \f, \n, \r, \t and \u, a bit for each.
constexpr uint32_t kEscapes = 1u << 2 | 1u << 6 | 1u << 14 | 1u << 18 | 1u << 20 | 1u << 21;

}  // namespace

bool Scan::IsString(std::string_view text) {
  size_t at = 0;
  while (at < text.size() && static_cast<uint8_t>(text[at]) <= ' ') ++at;
  return at < text.size() && text[at] == '"';
}

bool Scan::Run(uint32_t first) {
  // Other JSON is found where it begins.
  uint32_t begin = 0;
  if (IsString(Text(0, size_))) {
    while (text_[begin] != '"') ++begin;
    first = begin = Json(begin);
  }
  Plain(begin, size_, first);
  if (changed_) out_->AppendText(Text(done_, size_));
  return changed_;
}

void Scan::Cut(uint32_t begin, uint32_t end) {
  out_->AppendText(Text(done_, begin));
  done_ = end;
  changed_ = true;
}

uint32_t Scan::Found(Finding finding, uint32_t begin, uint32_t end) {
  if (!Wants(finding)) return 0;
  if (begin < done_) begin = done_;
  // A private key has several lines, of which a setting's rule takes the first.
  const uint32_t key = MatchPrivateKey(view_, begin);
  if (key > end) end = key;
  ++redactor_->found_;
  Cut(begin, end);
  redactor_->Replace(finding, Text(begin, end), out_);
  return end;
}

void Scan::Withhold(uint32_t begin, uint32_t end) {
  ++redactor_->withheld_;
  Cut(begin, end);
  out_->AppendText("[WITHHELD]");
}

void Scan::Plain(uint32_t begin, uint32_t end, uint32_t at) {
  const View outer = view_;
  view_ = {text_, begin, end};
  while ((at = NextRun(text_, at, end)) < end) at = Examine(at);
  view_ = outer;
}

// From the begin of a run to its end, or further if something was found.
uint32_t Scan::Examine(uint32_t at) {
  // A time of day is nothing else, and prose is full of them.
  if (view_.end - at > 6 && Is(text_[at], kDigit)) {
    const uint32_t hour = at + (Is(text_[at + 1], kDigit) ? 2 : 1);
    if (text_[hour] == ':' && Is(text_[hour + 1], kDigit) && Is(text_[hour + 2], kDigit) &&
        EndsRun(text_[hour + 3])) {
      return hour + 3;
    }
  }
  const uint32_t run = at;
  uint32_t end = at;  // of the last word
  const uint32_t bearer = Bearer(at);
  if (bearer != 0) at = bearer;
  while (at < view_.end && !EndsRun(text_[at])) {
    const uint8_t c = text_[at];
    uint32_t next = 0;
    if (c == '-') {
      next = Wants(Finding::kPrivateKey) ? MatchPrivateKey(view_, at) : 0;
      if (next != 0) next = Found(Finding::kPrivateKey, at, next);
    } else if (Is(c, kAlnum)) {
      // What is left of a word is not measured again.
      if (end <= at) end = view_.Span(at, kWord);
      next = Word(at, end);
      // Numbers also within.
      for (uint32_t digit = at; next == 0 && digit < end; ++digit) {
        if (Is(text_[digit], kDigit) && (digit == at || !Is(text_[digit - 1], kAlnum))) {
          next = Number(digit, digit == run);
        }
      }
      // A private key may begin within, behind a line without its end.
      if (next == 0) {
        const bool key = end - at > kPemBegin && view_.Has(end - kPemBegin, "-----BEGIN ");
        next = key ? end - kPemBegin : end;
      }
    } else if (c == ':' || c == '=') {
      next = Assignment(at);
    } else if (c == '@') {
      next = Mail(at);
    } else if (c == '+') {
      next = Number(at, false);
    } else if (c == '\\') {
      // An escape, in a text that is no JSON: its letter begins no word.
      const uint8_t letter = view_[at + 1];
      if ((kEscapes >> (letter & 31) & 1) != 0) next = at + (letter == 'u' ? 6 : 2);
      if (next > view_.end) next = view_.end;
    } else if ((c | 0x20) == '{') {
      return Json(at);
    }
    at = next > at ? next : at + 1;
  }
  return at;
}

// Behind "Bearer " or "Basic ", in whatever case.
uint32_t Scan::Bearer(uint32_t at) {
  if (at < Floor() + 6 || text_[at - 1] != ' ') return 0;
  const bool bearer = view_.Has(at - 5, "arer ");
  if (!bearer && !view_.Has(at - 5, "asic ")) return 0;
  const uint32_t end = view_.Span(at, kWord | kBase64);
  const bool whole = bearer || (end - at) % 4 == 0;
  if (end - at < kShortestBearer || !whole || Disorder(view_, at, end) < kDisorder) return 0;
  return Found(Finding::kCredential, at, end);
}

// [at, end) are letters, digits, '-' and '_'.
uint32_t Scan::Word(uint32_t at, uint32_t end) {
  uint32_t next = MatchIban(view_, at);
  if (next != 0) return Found(Finding::kIban, at, next);
  if (end - at < kShortestToken && view_[end] != '.' && !aws_) return 0;
  next = Wants(Finding::kJwt) ? MatchJwt(view_, at, end) : 0;
  if (next != 0) return Found(Finding::kJwt, at, next);
  if (!Wants(Finding::kApiKey)) return 0;
  next = MatchApiKey(view_, at);
  if (next != 0) {
    aws_ = aws_ || view_.Has(at + 1, "KIA") || view_.Has(at + 1, "SIA");
  } else if (aws_) {
    next = view_.Span(at, kAlnum | kBase64, kAwsSecret);
    const bool longer = Is(view_[next], kAlnum);
    if (next - at != kAwsSecret || longer || Disorder(view_, at, next) < kDisorder) next = 0;
  }
  return next != 0 ? Found(Finding::kApiKey, at, next) : 0;
}

// `first`: of its run. Then groups that belong to it may stand before it, too short to be runs of
// interest by themselves.
uint32_t Scan::Number(uint32_t at, bool first) {
  constexpr uint32_t kBefore = 2;
  constexpr uint32_t kLongestGroup = 4;
  constexpr uint32_t kShortestAlone = 8;  // digits of a number that has one group
  const uint32_t floor = Floor();
  // The decimals of a number are none.
  if (at >= floor + 2 && text_[at - 1] == '.' && Is(text_[at - 2], kDigit)) return 0;
  // Nothing follows, and nothing may stand before it.
  const uint32_t size = view_.Span(at, kDigit, kShortestAlone) - at;
  if (size < (first ? kLongestGroup : kShortestAlone) && Is(text_[at], kDigit) &&
      !IsSeparator(view_[at + size])) {
    return 0;
  }
  uint32_t begins[1 + kBefore] = {at};
  uint32_t count = 1;
  for (uint32_t back = at; first && count <= kBefore; begins[count++] = back) {
    if (back == floor) break;
    --back;
    if (text_[back] != ' ') break;
    if (back > floor && text_[back - 1] == ')') --back;
    const uint32_t end = back;
    while (back > floor && end - back < kLongestGroup && Is(text_[back - 1], kAlnum)) --back;
    if (back > floor && text_[back - 1] == '(' && Is(text_[back], kDigit)) --back;
    // One of four digits is a run of interest itself.
    const bool run = view_.Span(back, kDigit) == back + kLongestGroup;
    if (run || back == end || (back > floor && Is(text_[back - 1], kAlnum))) break;
  }
  // The longest first.
  while (count-- > 0) {
    const uint32_t begin = begins[count];
    const uint32_t account = MatchIban(view_, begin);
    if (account > at) return Found(Finding::kIban, begin, account);
    if (text_[begin] == '+' && begin > floor && Is(text_[begin - 1], kAlnum)) continue;
    const NumberMatch match = MatchNumber(view_, begin, Wants(Finding::kNationalId));
    // In a row of numbers none is a telephone.
    const bool row = begin >= floor + 2 && text_[begin - 1] == ' ' && Is(text_[begin - 2], kDigit);
    if (match.end > at && !(row && match.finding == Finding::kPhone)) {
      return Found(match.finding, begin, match.end);
    }
  }
  return 0;
}

// NAME = VALUE, NAME: VALUE, as settings, headers, code and what is left of JSON have them.
uint32_t Scan::Assignment(uint32_t at) {
  const uint8_t sign = text_[at];
  if (sign == ':' && view_.Has(at + 1, "//")) return Authority(at + 3);
  if (!Wants(Finding::kKeyed)) return 0;
  const uint32_t floor = Floor();
  uint32_t end = at;
  // Settings may stand in columns.
  while (end > floor && IsBlank(text_[end - 1])) --end;
  // settings["NAME"] = VALUE
  const bool index = end > floor && text_[end - 1] == ']';
  if (index) --end;
  const bool quoted = end > floor && IsQuote(text_[end - 1]);
  if (quoted) --end;
  while (quoted && end > floor && text_[end - 1] == '\\') --end;
  uint32_t begin = end;
  const uint32_t least = end - floor > kLongestName ? end - kLongestName : floor;
  while (begin > least && Is(text_[begin - 1], kWord)) --begin;
  if (end - begin < kShortestName) return 0;
  KeyClass key = ClassOfKey(Text(begin, end), redactor_->policy_.keys);
  const uint8_t before = begin > floor ? text_[begin - 1] : 0;
  const bool query = sign == '=' && (before == '?' || before == '&' || before == '#');
  if (key < KeyClass::kStrong && before == ' ') {
    // Two words: "api key".
    uint32_t both = begin - 1;
    while (both > least && Is(text_[both - 1], kWord)) --both;
    if (ClassOfKey(Text(both, end), {}) == KeyClass::kStrong) key = KeyClass::kStrong;
  }
  // Pwd, in a connection string; elsewhere it is a folder as often.
  if (key == KeyClass::kWeak && before == ';' && (text_[end - 2] | 0x20) == 'w') {
    key = KeyClass::kStrong;
  }
  if (key == KeyClass::kNone || (key == KeyClass::kQuery && !query)) return 0;
  if (view_[at + 1] == '>' || (sign == ':' && view_[at + 1] == '=')) ++at;  // => and :=
  return view_[at + 1] == '=' ? 0 : Assigned(at + 1, key, quoted && !index, query);
}

// Where a value without quotes ends.
uint32_t Scan::ValueEnd(uint32_t at, uint32_t most) const {
  while (at < most && !Is(text_[at], kEndsValue)) ++at;
  return at;
}

// The value, behind '=' or ':'. How sure it must be that it is a secret depends on its surroundings.
uint32_t Scan::Assigned(uint32_t at, KeyClass key, bool quoted, bool query) {
  const bool tight = view_[at - 1] == '=' && !IsBlank(view_[at]);
  while (at < view_.end && IsBlank(text_[at])) ++at;
  uint32_t open = at;
  while (view_[open] == '\\') ++open;
  const uint8_t quote = view_[open];
  if (IsQuote(quote) && !query) {
    const bool escaped = open > at;
    const uint32_t begin = open + 1;
    const uint32_t token = view_.Span(begin, kWord | kBase64, 2 * kLongestMailbox);
    if (!quoted && key < KeyClass::kStrong &&
        (token - begin < kShortestToken || Disorder(view_, begin, token) < kDisorder)) {
      return 0;
    }
    uint32_t end = begin;
    while (end < view_.end && text_[end] != quote && text_[end] != '\n') {
      end += !escaped && text_[end] == '\\' ? 2 : 1;
    }
    if (end > view_.end) end = view_.end;
    while (escaped && end > begin && text_[end - 1] == '\\') --end;
    // What `credentials` of fetch may be.
    static constexpr std::string_view kModes[] = {"include", "omit", "same-origin"};
    for (const std::string_view word : kModes) {
      if (end - begin == word.size() && view_.Has(begin, word.data())) return 0;
    }
    return end > begin ? Found(Finding::kKeyed, begin, end) : 0;
  }
  if (at >= view_.end) return 0;
  uint32_t begin = at;
  const bool known = (view_[at] | 0x20) == 'b';  // Bearer, Basic
  if (key == KeyClass::kHeader) {
    // Of credentials the scheme stays; parameters, as cookies are, go to the end of the line.
    const uint32_t scheme = view_.Span(at, kWord, kLongestName);
    if (view_[scheme] == ' ' && !Is(view_[scheme + 1], kEndsValue)) begin = scheme + 1;
    const Finding finding = begin == at ? Finding::kCookie : Finding::kCredential;
    if (!Wants(finding)) return 0;
    const uint32_t name = view_.Span(begin, kWord | kMailSign, kLongestName);
    const uint8_t begins = view_[name + 1];
    if (view_[name] == '=' && view_[at - 1] != '=' && begins != '=' &&
        (begins == ';' || Is(begins, kWord | kBase64 | kMailSign))) {
      uint32_t end = begin;
      while (end < view_.end && text_[end] >= ' ' && !IsQuote(text_[end]) && text_[end] != '\\')
        ++end;
      return Found(finding, begin, end);
    }
  }
  // No more than this decides, so that what is refused costs little.
  const uint32_t decides = view_.end - begin < kLongestLook ? view_.end : begin + kLongestLook;
  const uint32_t end = ValueEnd(begin, decides);
  if (end == begin) return 0;
  if (!query && !quoted) {
    const uint8_t stop = view_[end];
    const bool code =
        stop == '(' || stop == '[' || stop == '{' || text_[begin] == '$' || text_[begin] == '%';
    const uint32_t enough = key == KeyClass::kWeak ? kShortestToken : tight ? 4 : 6;
    if (code || end - begin < enough) return 0;
    // In prose it must be no word; behind a weak name not even a name with a number.
    const uint32_t least = key == KeyClass::kWeak               ? kDisorder
                           : key == KeyClass::kHeader && !known ? kDisorder
                           : tight && key == KeyClass::kStrong  ? 0
                                                                : 1;
    const bool number = key == KeyClass::kStrong && view_.Span(begin, kDigit, kLongestLook) == end;
    if (Disorder(view_, begin, end) < least && !number) return 0;
  }
  const Finding finding = key == KeyClass::kHeader ? Finding::kCredential : Finding::kKeyed;
  return Wants(finding) ? Found(finding, begin, ValueEnd(end, view_.end)) : 0;
}

// Behind "://": what stands before an '@', with a password that may hold anything but blanks and quotes.
uint32_t Scan::Authority(uint32_t at) {
  if (at < no_host_ || !Wants(Finding::kCredential)) return 0;
  uint32_t password = 0;
  uint32_t host = 0;  // behind the last '@'
  bool path = false;
  uint32_t end = at;
  for (; end < view_.end; ++end) {
    const uint8_t c = text_[end];
    if (c <= ' ' || IsQuote(c) || c == '<' || c == '>' || c == '\\') break;
    if (c == '@') host = end + 1;
    if (c == ':' && password == 0 && host == 0) password = end + 1;
    // A path, query or fragment; but not behind a colon without a port.
    if (c != '/' && c != '?' && c != '#') continue;
    if (host != 0 || password == 0 || (!path && view_.Span(password, kDigit) == end)) break;
    path = true;
  }
  // The image node:18@sha256:... has a digest for a host.
  if (host == 0 || view_.Has(host, "sha256:")) {
    no_host_ = end;
    return 0;
  }
  const uint32_t user = host - 1;
  if (user == at || (password == 0 && user - at < kLongRun)) return host;
  return Found(Finding::kCredential, at, user);
}

uint32_t Scan::Mail(uint32_t at) {
  const uint32_t floor = Floor();
  uint32_t begin = at;
  while (begin > floor && at - begin < kLongestMailbox && Is(text_[begin - 1], kAlnum | kMailSign))
    --begin;
  while (begin < at && !Is(text_[begin], kAlnum)) ++begin;
  if (begin == at) return 0;
  uint32_t end = view_.Span(at + 1, kAlnum | kJoin, kLongestHost);
  // Of versions (4@2.1, icon@2x.png), remotes (git@host:path) and Kotlin's labels (this@Main.binding)
  // there are more than of such mailboxes.
  const uint32_t number = view_.Span(at + 1, kDigit);
  const bool version = number > at + 1 && number == end;
  if (number > at + 1 && number + 1 == end && text_[number] == 'x') return 0;
  if (at - begin == 3 && view_.Has(begin, "git")) return 0;
  if (at - begin == 4 && view_.Has(begin, "this")) return 0;
  uint32_t found = 0;
  for (uint32_t labels = 1; view_[end] == '.' && end - at < kLongestHost; ++labels) {
    const uint32_t label = end + 1;
    if (labels == 1 && version && Is(view_[label], kDigit)) return 0;
    const uint32_t letters = view_.Span(label, kAlpha, kLongestHost);
    if (letters - label >= 2 && !Is(view_[letters], kDigit)) found = letters;
    end = view_.Span(letters, kAlnum | kJoin, kLongestHost);
    if (end == label) break;
  }
  return found != 0 ? Found(Finding::kEmail, begin, found) : 0;
}

}  // namespace edgespan
