// Guard: what of a run one destination may be shown. The core's side of redaction and content policy.
//
// The redactor is a module of its own (hooks.h); what content is, is decided here (VeilOf). All of a guard
// lies in one run of the arena, but for the texts that it works on, which Rest() frees.
//
// Fails closed: what cannot be read for want of memory is withheld, and counted.
#pragma once

#include <cstdint>
#include <string_view>

#include "edgespan/base/arena.h"
#include "edgespan/base/buffer.h"
#include "edgespan/base/status.h"
#include "edgespan/model/record.h"
#include "edgespan/privacy/policy.h"

namespace edgespan {

class Redactor;

// What lies over a value and all that is in it, in bits; 0: it is redacted, no more.
enum Veil : uint32_t {
  kSensitive = 1,  // it stands under a sensitive key
  kUnnamed = 2,    // its own name is redacted (Guard::name)
  kContent = 4,    // times a ContentPolicy: more than one veil are at least the thickest
  kHidden = kContent * 3,
};
static_assert(kHidden == kContent * static_cast<uint32_t>(ContentPolicy::kOff));

class Guard {
 public:
  constexpr Guard() = default;
  // By the members `redact` and `content` of a destination's settings (src/README.md); nullptr if there
  // are neither.
  static Status Open(PageArena* arena, const Node* settings, Guard** guard);
  void Close();
  // What is shown depends on this alone, and on the run.
  std::string_view settings() const;

  // What follows is of a run that hides this much of what went in and of what came out, beyond the
  // settings. Whether anything is hidden or redacted.
  bool Begin(ContentPolicy in, ContentPolicy out);

  // What follows is of a span that has a piece of a text, or of one that has not: where anything is
  // redacted no piece is shown, for what is found in a whole text may lie across two.
  void Piece(bool piece) { piece_ = piece && redactor_ != nullptr; }

  // Whether nothing lies over the value of a member with this interned key, which is asked first: what is
  // not known yet VeilOf() says.
  bool Shows(uint32_t id, bool content) const;
  // What lies over the value of a member or attribute. `id`: of its key, if that is interned. `content`:
  // whether it may be content by its name. REQUIRES: kTextSlack bytes behind the name can be read.
  uint32_t VeilOf(uint32_t id, std::string_view name, const Node* value, bool content);
  // Of the latest kUnnamed.
  std::string_view name() const {
    return {reinterpret_cast<const char*>(name_.data()), name_.size()};
  }

  // What may be shown of a text under a veil: itself, or a text that is good until the next call.
  // REQUIRES: kTextSlack bytes behind it can be read.
  std::string_view Show(std::string_view text, uint32_t veil);
  // How many bytes of it, if no more than `limit`.
  uint32_t Limit(uint32_t veil, uint32_t limit) const {
    return (veil & kHidden) != 0 && limit_ < limit ? limit_ : limit;
  }

  // Gives back the memory of the last texts.
  void Rest();

  // How much was replaced, and how much could not be read.
  uint32_t found() const;
  uint32_t unread() const;

 private:
  struct Settings;
  Status Read(const Node* content);
  bool Ready(Buffer* buffer);
  ContentPolicy ContentOf(std::string_view name);

  PageArena* arena_ = nullptr;
  Redactor* redactor_ = nullptr;  // behind this; nullptr: nothing is redacted
  Settings* settings_ = nullptr;  // behind that
  uint32_t run_bytes_ = 0;
  uint32_t hooks_ = 0;
  uint32_t limit_ = kDefaultLimit;
  uint32_t unread_ = 0;
  bool piece_ = false;
  ContentPolicy in_ = ContentPolicy::kFull;
  ContentPolicy out_ = ContentPolicy::kFull;
  Buffer clean_;  // what is left of a text
  Buffer name_;   // and of a name
  // What stands for a text that could not be read; here, so that it has an offset.
  static constexpr uint32_t kWithheldBytes = 10;
  char withheld_[kWithheldBytes + 1] = "[WITHHELD]";

  static constexpr uint32_t kDefaultLimit =
      256;  // bytes, of content that a run alone wants truncated
};

// What `edgespan.content` and the settings call a policy; `other` for what is none.
ContentPolicy ContentPolicyOf(std::string_view text, ContentPolicy other);

}  // namespace edgespan
