// Scan: one text, read once from its begin to its end. The parts of a Redactor's work that know where in
// the text they are; for a string of JSON that has escapes, what it means is a text of its own.
#pragma once

#include <cstdint>
#include <string_view>

#include "edgespan/base/buffer.h"
#include "edgespan/privacy/chars.h"
#include "edgespan/privacy/policy.h"
#include "edgespan/privacy/redactor.h"

namespace edgespan {

class Scan {
 public:
  // Appends to *out.
  Scan(Redactor* redactor, std::string_view text, uint32_t level, Buffer* out)
      : redactor_(redactor),
        out_(out),
        text_(reinterpret_cast<const uint8_t*>(text.data())),
        size_(static_cast<uint32_t>(text.size())),
        level_(level),
        view_{text_, 0, size_} {}

  // Whether anything was found; if not, nothing was written. `first`: before it there is no run that is
  // worth a look.
  bool Run(uint32_t first);

  // Whether a text is one string of JSON, which need not have such a run.
  static bool IsString(std::string_view text);

 private:
  // A string of JSON.
  struct Token {
    uint32_t begin;  // behind the quote
    uint32_t end;    // before the other
    uint32_t next;   // behind it
    bool escaped;
  };

  // Plain text: scan.cc. Those that take a place return where to go on, or 0 if nothing was there.
  void Plain(uint32_t begin, uint32_t end, uint32_t at);  // from a run's begin on
  uint32_t Examine(uint32_t at);
  uint32_t Bearer(uint32_t at);
  uint32_t Word(uint32_t at, uint32_t end);
  uint32_t Number(uint32_t at, bool first);
  uint32_t Assignment(uint32_t at);
  uint32_t Assigned(uint32_t at, KeyClass key, bool quoted, bool query);
  uint32_t ValueEnd(uint32_t at, uint32_t most) const;
  uint32_t Authority(uint32_t at);
  uint32_t Mail(uint32_t at);

  // JSON: scan_json.cc.
  uint32_t Json(uint32_t at);
  uint32_t Member(uint32_t at);
  uint32_t Value(uint32_t at);
  uint32_t Literal(uint32_t at);
  Token ReadString(uint32_t at) const;
  uint32_t SkipSpace(uint32_t at) const;
  std::string_view Meaning(const Token& token);
  void String(const Token& token);
  void AppendEscaped(std::string_view text);
  void AppendQuoted(Finding finding, std::string_view value);
  bool Prepare(Buffer* buffer, uint32_t bytes);

  std::string_view Text(uint32_t begin, uint32_t end) const {
    return {reinterpret_cast<const char*>(text_) + begin, end - begin};
  }
  // The first place that a rule may still claim.
  uint32_t Floor() const { return done_ > view_.begin ? done_ : view_.begin; }
  bool Wants(Finding finding) const { return redactor_->policy_[finding] != Redaction::kKeep; }
  // Copies what stands before `begin` and goes on behind `end`; the caller writes what stands between.
  void Cut(uint32_t begin, uint32_t end);
  // Replaces [begin, end); returns end. 0: these are kept.
  uint32_t Found(Finding finding, uint32_t begin, uint32_t end);
  void Withhold(uint32_t begin, uint32_t end);

  Redactor* const redactor_;
  Buffer* const out_;
  const uint8_t* const text_;
  const uint32_t size_;
  const uint32_t level_;
  View view_;             // what is plain text now
  uint32_t done_ = 0;     // behind what was written or replaced
  uint32_t no_host_ = 0;  // up to here no '@' ends an authority
  bool changed_ = false;
  bool aws_ = false;  // an AWS key id was seen, whose secret has no mark
};

}  // namespace edgespan
