// Redactor: finds secrets and personal data in the texts that leave, and writes what stands in their
// place. What is found, and how, is in tokens.h, numbers.h and sensitive_keys.h.
//
// One pass, no backtracking: the prefilter (runs.h) names the words worth a look, each is looked at once
// from left to right, and what a rule refuses costs a bounded number of looks. JSON, which a text may be
// or hold, is read as tokens: values under sensitive keys go whatever they are, and strings are redacted
// as what they mean, with their escapes resolved, JSON in strings of JSON included. What comes out is
// JSON if what went in was.
//
// Fails closed: what cannot be read for want of memory, or is nested deeper than kMaxLevels strings, is
// withheld as a whole, and counted.
#pragma once

#include <cstdint>
#include <string_view>

#include "edgespan/base/arena.h"
#include "edgespan/base/buffer.h"
#include "edgespan/privacy/hmac.h"
#include "edgespan/privacy/policy.h"
#include "edgespan/privacy/sensitive_keys.h"

namespace edgespan {

// Short texts in which nothing was found, each at the place that its bytes choose: names, models and
// identifiers come again with every span. (Inline: whoever opened a redactor through hooks.h looks here
// before calling.)
class CleanTexts {
 public:
  bool Has(std::string_view text) const {
    if (!Takes(text)) return false;
    const Entry now(text);
    return now.Is(entries_[now.Place()]);
  }
  void Add(std::string_view text) {
    if (!Takes(text)) return;
    const Entry now(text);
    entries_[now.Place()] = now;
  }

 private:
  static constexpr uint32_t kLeast = 8;
  static constexpr uint32_t kMost = 40;
  static constexpr uint32_t kBits = 8;

  // All of a text, in words that may overlap: the same work for every length.
  struct Entry {
    uint64_t a = 0;
    uint64_t b = 0;
    uint64_t c = 0;
    uint64_t d = 0;
    uint64_t e = 0;
    uint64_t bytes = 0;  // 0: none

    constexpr Entry() = default;
    explicit Entry(std::string_view text) : bytes(text.size()) {
      const auto last = static_cast<uint32_t>(text.size()) - 8;
      const auto word = [&](uint32_t at) {
        uint64_t value;
        memcpy(&value, text.data() + (at < last ? at : last), 8);
        return value;
      };
      a = word(0);
      b = word(8);
      c = word(16);
      d = word(24);
      e = word(32);
    }
    uint32_t Place() const {
      const uint64_t hash = (a + bytes) * 0x9e3779b97f4a7c15u ^ (c ^ e) * 0xc2b2ae3d27d4eb4fu;
      return static_cast<uint32_t>(hash >> (64 - kBits));
    }
    bool Is(const Entry& other) const {
      return ((a ^ other.a) | (b ^ other.b) | (c ^ other.c) | (d ^ other.d) | (e ^ other.e) |
              (bytes ^ other.bytes)) == 0;
    }
  };

  static bool Takes(std::string_view text) { return text.size() - kLeast <= kMost - kLeast; }

  Entry entries_[1u << kBits];
};

class Redactor {
 public:
  static constexpr uint32_t kMaxLevels = 6;

  // The texts of the policy, and the arena, must outlive it.
  Redactor(const RedactionPolicy& policy, PageArena* arena);
  Redactor(const Redactor&) = delete;
  Redactor& operator=(const Redactor&) = delete;
  Redactor(Redactor&&) = delete;
  Redactor& operator=(Redactor&&) = delete;
  ~Redactor() { Rest(); }
  // Gives back the memory of the last texts. (Inline: who opened it through hooks.h calls it by name.)
  void Rest() {
    for (Buffer& buffer : meant_) buffer.Discard();
    for (Buffer& buffer : left_) buffer.Discard();
  }

  // False: there is nothing in the text to redact, and nothing was written. True: what may leave was
  // appended to *out. The text: UTF-8, with kTextSlack readable bytes behind it.
  [[nodiscard]] bool Redact(std::string_view text, Buffer* out);

  // Whether whatever stands under this name must go.
  bool IsSensitiveKey(std::string_view name) const {
    return policy_[Finding::kKeyed] != Redaction::kKeep &&
           ClassOfKey(name, policy_.keys) >= KeyClass::kWeak;
  }

  // What stands in the place of a value: nothing, if the action is to remove it.
  void Replace(Finding finding, std::string_view value, Buffer* out) const;
  // The same for one under a sensitive name, which is counted.
  void ReplaceKeyed(std::string_view value, Buffer* out) {
    ++found_;
    Replace(Finding::kKeyed, value, out);
  }

  // Of a name, in bits: kSensitive, IsSensitiveKey(); kUnnamed, there is something to redact in the name
  // itself, and what is left of it was appended to *out. `id`: a number that stands for this name alone,
  // under which the answer is kept; 0: it has none.
  static constexpr uint32_t kSensitive = 1;
  static constexpr uint32_t kUnnamed = 2;
  uint32_t Key(uint32_t id, std::string_view name, Buffer* out);
  // What Key() said of an id's name, and 1; 0: nothing yet, or there is something to redact in it. (Inline:
  // whoever opened it through hooks.h need not call for what is known.)
  uint32_t Known(uint32_t id) const { return id < kIds ? known_[id] : 0; }

  // Whether there is nothing to redact in a text, as far as that is known of the last ones.
  bool IsClean(std::string_view text) const { return clean_.Has(text); }

  // What stands for the text of a prompt or completion that is hashed as a whole. REQUIRES: a hash key.
  void AppendContentDigest(std::string_view text, Buffer* out) const;

  // How often something was found, and how many values were withheld because they could not be read.
  uint32_t found() const { return found_; }
  uint32_t withheld() const { return withheld_; }

 private:
  friend class Scan;

  const RedactionPolicy policy_;
  PageArena* const arena_;
  const Hmac hmac_;
  // For each level of strings in strings: what a string means, and what is left of it.
  Buffer meant_[kMaxLevels];
  Buffer left_[kMaxLevels];
  uint32_t found_ = 0;
  uint32_t withheld_ = 0;
  CleanTexts clean_;
  static constexpr uint32_t kIds = 2304;
  uint8_t known_[kIds] = {};  // see Known()
};

}  // namespace edgespan
