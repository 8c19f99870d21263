// A redactor with memory of its own, for tests; and secrets made with a seed, in the shapes in which
// their issuers hand them out.
#pragma once

#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "edgespan/base/utf.h"
#include "edgespan/privacy/redactor.h"

namespace edgespan::testing {

class RedactorLab {
 public:
  static constexpr uint32_t kPage = PageArena::kPageSize;

  explicit RedactorLab(const RedactionPolicy& policy = {}, uint32_t budget = 64u << 20)
      : memory_(std::aligned_alloc(kPage, budget + kPage)),
        redactor_(policy, Ready(memory_, budget, &arena_)) {}
  ~RedactorLab() {
    for (Buffer* buffer : {&out_}) buffer->Discard();
    // The redactor's own buffers are of this memory.
    redactor_.~Redactor();
    std::free(memory_);
  }
  RedactorLab(const RedactorLab&) = delete;
  RedactorLab& operator=(const RedactorLab&) = delete;

  // What leaves. The text is copied to memory of its exact size: ASan guards both ends.
  std::string operator()(std::string_view text) {
    std::vector<char> exact(text.size() + kTextSlack, '7');
    if (!text.empty()) memcpy(exact.data(), text.data(), text.size());
    out_.Discard();
    if (!out_.Init(&arena_, 4096)) std::abort();
    changed_ = redactor_.Redact({exact.data(), text.size()}, &out_);
    if (!changed_) return std::string(text);
    return std::string(reinterpret_cast<const char*>(out_.data()), out_.size());
  }
  bool changed() const { return changed_; }
  bool failed() const { return out_.failed(); }
  PageArena& arena() { return arena_; }
  Redactor& redactor() { return redactor_; }

 private:
  static PageArena* Ready(void* memory, uint32_t budget, PageArena* arena) {
    arena->Init(reinterpret_cast<uintptr_t>(memory), kPage, budget, [](uintptr_t) { return true; });
    return arena;
  }

  void* memory_;
  PageArena arena_;
  union {
    Redactor redactor_;  // ends before its memory
  };
  Buffer out_;
  bool changed_ = false;
};

// A secret in its surroundings: `phrase` holds `secret`, which must not survive.
struct Planted {
  std::string name;
  std::string phrase;
  std::string secret;
};

class SecretMaker {
 public:
  explicit SecretMaker(uint32_t seed) : random_(seed) {}

  // {A36}: 36 letters and digits; W: also - and _; H: hexadecimal; U: capitals and digits 2 to 7; D:
  // digits; B: base64.
  std::string Fill(std::string_view form) {
    std::string text;
    for (size_t i = 0; i < form.size(); ++i) {
      if (form[i] != '{') {
        text += form[i];
        continue;
      }
      const char kind = form[i + 1];
      const size_t close = form.find('}', i);
      const int n = std::atoi(std::string(form.substr(i + 2, close - i - 2)).c_str());
      constexpr std::string_view kAll =
          "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
      const std::string of = kind == 'A'   ? std::string(kAll)
                             : kind == 'W' ? std::string(kAll) + "-_"
                             : kind == 'B' ? std::string(kAll) + "+/"
                             : kind == 'H' ? "0123456789abcdef"
                             : kind == 'U' ? "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
                                           : "0123456789";
      for (int k = 0; k < n; ++k) text += of[random_() % of.size()];
      i = close;
    }
    return text;
  }

  std::string Card() {
    const char* const kStarts[] = {"4", "51", "55", "2221", "34", "37", "6011", "36", "3528"};
    std::string digits = kStarts[random_() % 9];
    const size_t n = digits[0] == '3' ? (digits[1] == '6' ? 14 : digits == "3528" ? 16 : 15) : 16;
    while (digits.size() + 1 < n) digits += static_cast<char>('0' + random_() % 10);
    uint32_t sum = 0;
    for (size_t i = 0; i < digits.size(); ++i) {
      uint32_t digit = static_cast<uint32_t>(digits[digits.size() - 1 - i] - '0');
      if (i % 2 == 0) digit = digit > 4 ? 2 * digit - 9 : 2 * digit;
      sum += digit;
    }
    return digits + static_cast<char>('0' + (10 - sum % 10) % 10);
  }

  std::string Iban(bool spaced) {
    const char* const kForms[] = {"DE{D18}", "FR{D20}", "GB NWBK{D14}", "NL ABNA{D10}",
                                  "NO{D11}", "ES{D20}", "IT X{D22}"};
    const std::string form = Fill(kForms[random_() % 7]);
    std::string account;
    for (const char c : form.substr(2)) {
      if (c != ' ') account += c;
    }
    uint32_t rest = 0;
    for (const char c : account + form.substr(0, 2) + "00") {
      rest = c <= '9' ? (rest * 10 + static_cast<uint32_t>(c - '0')) % 97
                      : (rest * 100 + static_cast<uint32_t>(c - 'A' + 10)) % 97;
    }
    const uint32_t check = 98 - rest;
    const std::string plain = form.substr(0, 2) + static_cast<char>('0' + check / 10) +
                              static_cast<char>('0' + check % 10) + account;
    if (!spaced) return plain;
    std::string text;
    for (size_t i = 0; i < plain.size(); ++i) {
      if (i > 0 && i % 4 == 0) text += ' ';
      text += plain[i];
    }
    return text;
  }

  // At least 500, of more than a hundred kinds.
  std::vector<Planted> All() {
    std::vector<Planted> all;
    const auto add = [&](std::string name, std::string before, std::string secret,
                         std::string after = "") {
      all.push_back({std::move(name), before + secret + after, std::move(secret)});
    };
    constexpr const char* kTokens[] = {"sk-{A48}",
                                       "sk-proj-{W74}",
                                       "sk-svcacct-{W60}",
                                       "sk-ant-api03-{W93}AA",
                                       "sk-or-v1-{H64}",
                                       "sk-lf-{H8}-{H4}-{H4}-{H4}-{H12}",
                                       "pk-lf-{H8}-{H4}-{H4}-{H4}-{H12}",
                                       "AKIA{U16}",
                                       "ASIA{U16}",
                                       "ghp_{A36}",
                                       "gho_{A36}",
                                       "ghu_{A36}",
                                       "ghs_{A36}",
                                       "ghr_{A36}",
                                       "github_pat_{A22}_{A59}",
                                       "glpat-{W20}",
                                       "gldt-{W20}",
                                       "xoxb-{D12}-{D12}-{A24}",
                                       "xoxp-{D12}-{D12}-{D12}-{H32}",
                                       "xapp-1-A{U10}-{D13}-{H64}",
                                       "sk_live_{A24}",
                                       "sk_test_{A24}",
                                       "rk_live_{A24}",
                                       "whsec_{A32}",
                                       "AIza{W35}",
                                       "ya29.{W60}",
                                       "GOCSPX-{W28}",
                                       "npm_{A36}",
                                       "pypi-AgEIcHlwaS5vcmc{W70}",
                                       "SG.{W22}.{W43}",
                                       "key-{H32}",
                                       "SK{H32}",
                                       "AC{H32}",
                                       "hf_{A34}",
                                       "gsk_{A52}",
                                       "xai-{A80}",
                                       "pplx-{A48}",
                                       "r8_{A37}",
                                       "nvapi-{W64}",
                                       "tvly-{A32}",
                                       "lsv2_pt_{H32}_{H10}",
                                       "pcsk_{A6}_{A60}",
                                       "e2b_{H40}",
                                       "dop_v1_{H64}",
                                       "dapi{H32}",
                                       "lin_api_{A40}",
                                       "ntn_{A46}",
                                       "secret_{A43}",
                                       "PMAK-{H24}-{H34}",
                                       "hvs.{W90}",
                                       "dp.pt.{A43}",
                                       "pul-{H40}",
                                       "tskey-auth-{A12}-{A32}",
                                       "NRAK-{U27}",
                                       "phx_{A43}",
                                       "glsa_{A32}_{H8}",
                                       "vcp_{A24}",
                                       "vercel_blob_rw_{A16}_{A30}",
                                       "sbp_{H40}",
                                       "sb_secret_{W31}",
                                       "figd_{W40}",
                                       "shpat_{H32}",
                                       "sq0csp-{W43}",
                                       "rzp_live_{A14}",
                                       "ATATT3xFfGF0{W60}",
                                       "HRKU-{W60}",
                                       "rubygems_{H48}",
                                       "CFPAT-{W43}",
                                       "https://hooks.slack.com/services/T{U8}/B{U8}/{A24}",
                                       "eyJ{A30}.eyJ{W60}.{W43}",
                                       "eyJ{A30}.eyJ{W60}.{W86}"};
    for (const char* form : kTokens) {
      for (int i = 0; i < 5; ++i) {
        std::string token = Fill(form);
        const std::string before = token.starts_with("https://") ? "https://" : "";
        add(form, before, token.substr(before.size()));
      }
    }
    for (int i = 0; i < 8; ++i) {
      add("pem", "",
          "-----BEGIN PRIVATE KEY-----\n" + Fill("{B64}\n{B64}\n{B20}=") +
              "\n-----END PRIVATE KEY-----");
      add("bearer", "Authorization: Bearer ", Fill("{W32}7"));
      add("bearer alone", "Bearer ", Fill("{W40}7"));
      add("basic", "Authorization: Basic ", Fill("{B24}"));
      add("aws secret", "aws_secret_access_key=", Fill("{B40}"));
      add("azure", "AccountName=a;AccountKey=", Fill("{B86}=="),
          ";EndpointSuffix=core.windows.net");
      add("postgres", "postgres://", Fill("app:{A12}"), "@db.internal:5432/main");
      add("redis", "rediss://:", Fill("{A20}"), "@cache.internal:6379");
      add("mongodb", "mongodb+srv://", Fill("root:{W16}"),
          "@cluster0.mongodb.net/?retryWrites=true");
      add("userinfo", "https://", Fill("x-token:{A20}"), "@git.internal/repo.git");
      add("query", "https://files.internal/a.pdf?X-Amz-Date=1&X-Amz-Signature=", Fill("{H64}"),
          "&x=1");
      add("code", "https://app.internal/callback?code=", Fill("{W24}"), "&state=1");
      add("fragment", "https://app.internal/#access_token=", Fill("{W24}"), "&state=1");
      add("cookie", "Cookie: ", Fill("sid={A24}; theme={A5}"));
      add("set-cookie", "Set-Cookie: ", Fill("session={A24}; Path=/"));
      add("env", "DB_PASSWORD=", Fill("{A12}"));
      add("yaml", "client_secret: ", Fill("{A20}7"));
      add("api key", "your API key: ", Fill("{A32}7"));
      add("email", "", Fill("j.{A6}+tag@mail.{H4}x.co.uk"));
      add("e164", "", Fill("+49{D10}"));
      add("phone", "", Fill("+1 (4{D2}) 5{D2}-{D4}"));
      add("nanp", "", Fill("(4{D2}) 5{D2}-{D4}"));
      add("iban", "", Iban(i % 2 == 0));
      add("card", "", Card());
    }
    return all;
  }

 private:
  std::mt19937 random_;
};

}  // namespace edgespan::testing
