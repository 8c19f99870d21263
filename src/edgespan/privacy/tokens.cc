#include "edgespan/privacy/tokens.h"

namespace edgespan {
namespace {

// What follows a prefix: at least so many bytes of these classes. Written as one byte beyond ASCII,
// which also ends the prefix: 0x80, the class in three bits, the least number in units of four.
constexpr uint8_t kFollowing[] = {
    kWord,                // 8x, 8: 0 to 60
    kAlnum,               // 9x
    kDigit | kHexLetter,  // ax
    kDigit | kUpper,      // bx
    kWord | kBase64,      // cx
};

// Of prefixes that begin alike the longer ones need no entry of their own, unless they ask for less.
// '?' is any letter.
constexpr char kPrefixes[] =
    // Models and what surrounds them: OpenAI, Anthropic, OpenRouter and others; Langfuse; Groq, xAI,
    // Perplexity, Hugging Face, Replicate, NVIDIA, Fireworks, Together, Jina, Tavily, Firecrawl,
    // LangSmith, Pinecone, E2B, ElevenLabs
    "sk-\x85"
    "pk-lf-\x88"
    "gsk_\x9a"
    "xai-\x9a"
    "pplx-\x9a"
    "hf_\x97"
    "api_org_\x97"
    "r8_\x98"
    "nvapi-\x8a"
    "fw_\x95"
    "tgp_v1_\x8a"
    "jina_\x98"
    "tvly-\x85"
    "fc-\xa8"
    "lsv2_?t_\x88"
    "lsv2_sk_\x88"
    "pcsk_\x8a"
    "e2b_\xaa"
    "sk_\xa8"
    // Clouds: AWS, Google, Azure, DigitalOcean, Heroku, Alibaba, Tencent
    "AKIA\xb4"
    "ASIA\xb4"
    "ABIA\xb4"
    "ACCA\xb4"
    "AIza\x88"
    "ya29.\x85"
    "GOCSPX-\x86"
    "do?_v1_\xaf"
    "HRKU-\x88"
    "LTAI\x94"
    "AKID\x98"
    // Code: GitHub, GitLab, Bitbucket and Atlassian, npm, PyPI, RubyGems
    "gh?_\x97"
    "github_pat_\x87"
    "glpat-\x85"
    "gldt-\x85"
    "glrt-\x85"
    "glcbt-\x84"
    "glptt-\x88"
    "ATATT3\x88"
    "ATCTT3\x88"
    "ATBB\x97"
    "npm_\x98"
    "pypi-\x88"
    "rubygems_\xaa"
    // Messages and mail: Slack, Discord, SendGrid, Mailgun, Mailchimp's, Twilio, Resend, Telegram's
    "xox?-\x83"
    "xoxe.\xc5"
    "xapp-\x85"
    "hooks.slack.com/services/\xc5"
    "discord.com/api/webhooks/\xc8"
    "SG.\xca"
    "key-\xa8"
    "SK\xa8"
    "AC\xa8"
    "re_\x85"
    // Money: Stripe, Square, Razorpay, Shopify
    "sk_live_\x94"
    "sk_test_\x94"
    "rk_live_\x94"
    "rk_test_\x94"
    "whsec_\xc6"
    "sq0csp-\x85"
    "sq0atp-\x85"
    "rzp_live_\x93"
    "shp??_\xa8"
    // Data and hosting: Databricks, Linear, Notion, Airtable's, Postman, Vault, Doppler, Pulumi,
    // Tailscale, Sentry, New Relic, PostHog, Grafana, Vercel, Supabase, Figma, Contentful, Dynatrace
    "dapi\xa8"
    "lin_api_\x98"
    "lin_oauth_\x98"
    "ntn_\x9a"
    "secret_\x9a"
    "PMAK-\x8c"
    "hvs.\x85"
    "hvb.\x85"
    "dp.?t.\xc7"
    "pul-\xaa"
    "tskey-\x85"
    "sntrys_\xc8"
    "sntryu_\xaa"
    "NRAK-\x96"
    "ph?_\x97"
    "glsa_\x87"
    "glc_\xc8"
    "vc?_\x95"
    "vercel_blob_rw_\x85"
    "sbp_\xa9"
    "sb_secret_\x85"
    "figd_\x88"
    "CFPAT-\x8a"
    "dt0c01.\xc6"
    "v1.0-\xcf"
    "AGE-SECRET-KEY-1\xbc";

// A bit for each pair of characters that a prefix may begin with, and for some others.
struct Pairs {
  uint32_t bits[32];
};
constexpr uint32_t PairBit(uint8_t first, uint8_t second) { return (first * 37u + second) & 1023; }
constexpr Pairs MakePairs() {
  Pairs pairs = {};
  bool begins = true;
  for (uint32_t i = 0; i + 1 < sizeof kPrefixes - 1; ++i) {
    const auto first = static_cast<uint8_t>(kPrefixes[i]);
    const uint32_t bit = PairBit(first, static_cast<uint8_t>(kPrefixes[i + 1]));
    if (begins) pairs.bits[bit / 32] |= 1u << bit % 32;
    begins = first >= 0x80;
  }
  return pairs;
}
constexpr Pairs kPairs = MakePairs();

// Prefixes that prose may begin a word with: what follows must look random.
constexpr bool IsPlain(uint8_t first, uint8_t second) {
  return (first == 's' && second == 'k') || (first == 'r' && second == 'e') ||
         (first == 'f' && second == 'w') || first == 'v' || (first == 'x' && second == 'a');
}

constexpr uint32_t kEnough = 64;     // bytes that tell whether a text looks random
constexpr uint32_t kPemShort = 16;   // the bytes of a line below which it is none of a key's,
constexpr uint32_t kPemOthers = 12;  // how many of them may follow one another (signs count twice),
constexpr uint32_t kPemLast = 2;     // and how many end a key that was cut

}  // namespace

uint32_t Disorder(const View& view, uint32_t at, uint32_t end) {
  if (end - at > kEnough) end = at + kEnough;
  uint8_t last = 0;
  uint32_t digits = 0;  // next to letters
  uint32_t cases = 0;   // next to the other case
  for (; at < end; ++at) {
    const uint8_t bits = kChars.of[view.text[at]] & kAlnum;
    const uint8_t both = last | bits;
    if (last != 0 && bits != 0 && last != bits) ++(both == kAlpha ? cases : digits);
    last = bits;
  }
  return cases < 4 ? digits : digits + cases;
}

uint32_t MatchApiKey(const View& view, uint32_t at) {
  const auto* rule = reinterpret_cast<const uint8_t*>(kPrefixes);
  const auto* const rules = rule + sizeof kPrefixes - 1;
  const uint8_t first = view[at];
  const uint32_t pair = PairBit(first, view[at + 1]);
  if ((kPairs.bits[pair / 32] >> pair % 32 & 1) == 0) return 0;
  while (rule < rules) {
    uint32_t next = at;
    bool same = *rule == first;
    // All of the prefix: the byte beyond ASCII is behind it.
    for (; *rule < 0x80; ++rule) {
      if (!same) continue;
      const uint8_t c = view[next++];
      same = *rule == c || (*rule == '?' && Is(c, kLower));
    }
    const uint8_t following = *rule++;
    if (!same) continue;
    const uint32_t classes = kFollowing[following >> 4 & 7];
    // No more than this decides, so that what is refused costs little.
    uint32_t end = view.Span(next, classes, kEnough);
    if (end - next < (following & 15u) * 4) continue;
    const uint32_t least = first == 's' ? 1 : kDisorder;
    if (IsPlain(first, view[at + 1]) && Disorder(view, next, end) < least) continue;
    end = view.Span(end, classes);
    if (Is(view[end], kAlnum)) continue;  // a longer word of other characters
    return end;
  }
  return 0;
}

uint32_t MatchJwt(const View& view, uint32_t at, uint32_t end) {
  if (!view.Has(at, "eyJ")) return 0;
  for (uint32_t parts = 1;; ++parts) {
    // The second of an encrypted one is empty if its key was agreed on.
    const uint32_t part = end + (parts == 1 && view[end + 1] == '.' ? 2 : 1);
    const uint32_t next = view[end] == '.' ? view.Span(part, kWord) : part;
    // What follows the second may be empty (without a signature); a full stop is none of it.
    if (view[end] != '.' || next - part < 8) return parts > 1 ? end : 0;
    end = next;
  }
}

uint32_t MatchPrivateKey(const View& view, uint32_t at) {
  constexpr char kBegin[] = "-----BEGIN ";
  constexpr char kKey[] = "PRIVATE KEY";
  constexpr char kEnd[] = "-----END";
  if (!view.Has(at, kBegin)) return 0;
  at += sizeof kBegin - 1;
  uint32_t last = at + 24;  // "ENCRYPTED " and the like
  while (at < last && !view.Has(at, kKey)) ++at;
  if (at == last) return 0;
  at += sizeof kKey - 1;
  // Its lines, which may be of a text in which line feeds are written as \n, and between which there may be
  // margins and quotes.
  uint32_t end = at;
  for (uint32_t others = 0; others <= kPemOthers && at < view.end;) {
    if (view[at] <= ' ' || view[at] == '\\') {
      at += view[at] == '\\' && view[at + 1] != '\\' ? 2 : 1;
      continue;
    }
    if (view.Has(at, kEnd)) {
      last = at + 64;
      at += sizeof kEnd - 1;
      while (at < last && at < view.end && (Is(view[at], kAlnum) || view[at] == ' ')) ++at;
      return view.Span(at, kJoin);
    }
    const uint32_t line = at;
    while (at < view.end && (Is(view[at], kWord | kBase64) || view[at] == ':' || view[at] == ','))
      ++at;
    if (at == line) {
      ++at;
      others += 2;
    } else if (at - line >= kPemShort) {
      others = 0;
      end = at;
    } else if (others++ < kPemLast) {
      end = at;
    }
  }
  return end;
}

}  // namespace edgespan
