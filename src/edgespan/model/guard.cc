#include "edgespan/model/guard.h"

#include <new>

#include "edgespan/base/utf.h"
#include "edgespan/model/schema.h"
#include "edgespan/privacy/hooks.h"

namespace edgespan {
namespace {

// A function of the redactor's: at its place in the table, or by its name.
#ifdef __wasm__
#define EDGESPAN_HOOK(place, name) \
  reinterpret_cast<decltype(&(name))>(static_cast<uintptr_t>(hooks_ + (place)))
#else
#define EDGESPAN_HOOK(place, name) (name)
#endif

constexpr auto kNoPolicy = static_cast<ContentPolicy>(4);
constexpr uint32_t kShortestFind = 6;  // "a@b.co": nothing is found in a shorter text

// What names say that it is content: a part between dots, or all; case, '_' and '-' do not count. Of
// what goes in, of both, of what comes out.
constexpr std::string_view kContentWords[] = {
    "input inputs input_messages input_documents input_json span_inputs messages instructions"
    " system_instructions prompt prompts prompt_template tools available_tools tool_description"
    " description definitions json_schema schema arguments args tool_arguments function_call"
    " parameters value values query",
    "details content text documents message_list_mutations all_messages all_messages_events",
    "output outputs output_messages output_documents output_json span_outputs completion "
    "completions"
    " result final_result tool_response object files tool_calls reasoning tripwire_abort"
    " explanation",
};
constexpr uint32_t kOfBoth = 2;  // of the three, from 1 on

constexpr uint32_t Hash(uint32_t hash, char c) {
  return c == '_' || c == '-' ? hash : (hash ^ (static_cast<uint8_t>(c) | 0x20u)) * 0x01000193u;
}
constexpr uint32_t HashOf(std::string_view word) {
  uint32_t hash = 0;
  for (const char c : word) hash = Hash(hash, c);
  return hash;
}

// The words by their hashes, as each part of each name is looked up: 16 bits that stand for a word (one
// name in 20,000 is taken for one), in the last two which of the three it is; 0 at a free place.
struct ContentTable {
  static constexpr uint32_t kBits = 7;
  static constexpr uint32_t kPlaces = 1u << kBits;
  uint16_t words[kPlaces] = {};

  consteval ContentTable() {
    for (uint32_t of = 1; of <= 3; ++of) {
      std::string_view words_left = kContentWords[of - 1];
      while (!words_left.empty()) {
        const size_t end = words_left.find(' ');
        const uint32_t hash = HashOf(words_left.substr(0, end));
        words_left.remove_prefix(end < words_left.size() ? end + 1 : words_left.size());
        uint32_t at = hash >> (32 - kBits);
        while (words[at] != 0) at = (at + 1) % kPlaces;
        words[at] = static_cast<uint16_t>((hash & 0xfffcu) | of);
      }
    }
  }
  // Which of the three; 0: none.
  uint32_t Find(uint32_t hash) const {
    for (uint32_t at = hash >> (32 - kBits); words[at] != 0; at = (at + 1) % kPlaces) {
      if (((words[at] ^ hash) & 0xfffcu) == 0) return words[at] & 3;
    }
    return 0;
  }
};
constexpr ContentTable kContentTable;

ContentPolicy More(ContentPolicy a, ContentPolicy b) { return a < b ? b : a; }

}  // namespace

// What the settings were; behind it the texts.
struct Guard::Settings {
  uint32_t bytes[3];  // actions, hash key, further keys
  uint32_t limit;
  ContentPolicy content;

  char* texts() { return reinterpret_cast<char*>(this + 1); }
};

ContentPolicy ContentPolicyOf(std::string_view text, ContentPolicy other) {
  if (SameText(text, "full")) return ContentPolicy::kFull;
  if (SameText(text, "truncated")) return ContentPolicy::kTruncated;
  if (SameText(text, "hashed")) return ContentPolicy::kHashed;
  return SameText(text, "off") ? ContentPolicy::kOff : other;
}

Status Guard::Open(PageArena* arena, const Node* settings, Guard** guard) {
  const Node* const redact = FindMember(settings, kKeyRedact);
  const Node* const content = FindMember(settings, kKeyContent);
  *guard = nullptr;
  if (redact == nullptr && content == nullptr) return Status::kOk;
  constexpr uint16_t kTexts[] = {kKeyActions, kKeyHashKey, kKeyKeys};
  std::string_view texts[3];
  uint32_t bytes = sizeof(Guard) + sizeof(Redactor) + sizeof(Settings) + kTextSlack;
  for (uint32_t i = 0; i < 3; ++i) {
    texts[i] = TextOf(*arena, FindMember(redact, kTexts[i]));
    bytes += static_cast<uint32_t>(texts[i].size());
  }
  const uint32_t run = arena->Allocate(bytes);
  if (run == 0) return Status::kNoMemory;
  auto* const made = arena->At<Guard>(run);
  new (made) Guard();
  auto* const room = reinterpret_cast<Redactor*>(made + 1);
  made->arena_ = arena;
  made->run_bytes_ = bytes;
  made->settings_ = reinterpret_cast<Settings*>(room + 1);
  new (made->settings_) Settings();
  uint8_t* to = reinterpret_cast<uint8_t*>(made->settings_->texts());
  for (uint32_t i = 0; i < 3; ++i) {
    const uint32_t size = made->settings_->bytes[i] = static_cast<uint32_t>(texts[i].size());
    CopyBytes(to, texts[i].data(), size);
    to += size;
  }
  made->hooks_ = static_cast<uint32_t>(NumberOf(*arena, FindMember(redact, kKeyHooks)));
  if (redact != nullptr) made->redactor_ = room;
  const Status status = made->Read(content);
  if (IsOk(status)) {
    *guard = made;
  } else {
    made->redactor_ = nullptr;
    made->Close();
  }
  return status;
}

Status Guard::Read(const Node* content) {
  const uint32_t* const bytes = settings_->bytes;
  if (redactor_ != nullptr) {
    const bool made = hooks_ != 0 && EDGESPAN_HOOK(0, edgespan_redactor_open)(
                                         redactor_, kHooksVersion, arena_, settings_->texts(),
                                         bytes[0], bytes[1], bytes[2]) != 0;
    if (!made) return Status::kBadConfig;
  }
  if (content == nullptr) return Status::kOk;
  const std::string_view text = TextOf(*arena_, FindMember(content, kKeyPolicy));
  const ContentPolicy policy = ContentPolicyOf(text, kNoPolicy);
  settings_->content = in_ = out_ = policy;
  const Node* const limit = FindMember(content, kKeyLimit);
  if (limit != nullptr) limit_ = static_cast<uint32_t>(NumberOf(*arena_, limit));
  settings_->limit = limit_;
  return policy != kNoPolicy && (policy != ContentPolicy::kHashed || bytes[1] != 0)
             ? Status::kOk
             : Status::kBadConfig;
}

void Guard::Close() {
  Rest();
  arena_->Free(arena_->OffsetOf(this), run_bytes_);
}

std::string_view Guard::settings() const {
  const uint32_t* const bytes = settings_->bytes;
  return {reinterpret_cast<const char*>(settings_),
          sizeof(Settings) + bytes[0] + bytes[1] + bytes[2]};
}

bool Guard::Begin(ContentPolicy in, ContentPolicy out) {
  const ContentPolicy own = settings_ != nullptr ? settings_->content : ContentPolicy::kFull;
  in_ = More(in, own);
  out_ = More(out, own);
  // A digest without a key can be guessed.
  const bool keyed = redactor_ != nullptr && settings_ != nullptr && settings_->bytes[1] != 0;
  if (!keyed && in_ == ContentPolicy::kHashed) in_ = ContentPolicy::kOff;
  if (!keyed && out_ == ContentPolicy::kHashed) out_ = ContentPolicy::kOff;
  return redactor_ != nullptr || More(in_, out_) != ContentPolicy::kFull;
}

// The first word that is a part of the name decides.
ContentPolicy Guard::ContentOf(std::string_view name) {
  uint32_t before = 0;
  uint32_t hash = 0;
  for (size_t i = 0; i <= name.size(); ++i) {
    if (i < name.size() && name[i] != '.') {
      hash = Hash(hash, name[i]);
      continue;
    }
    const uint32_t of = kContentTable.Find(hash);
    // A tool's parameters are its definition, a model's are settings.
    if (of != 0 && (hash != HashOf("parameters") || before == HashOf("tool"))) {
      if (piece_) {
        ++unread_;
        return ContentPolicy::kOff;
      }
      if (of == kOfBoth) return More(in_, out_);
      return of < kOfBoth ? in_ : out_;
    }
    before = hash;
    hash = 0;
  }
  return ContentPolicy::kFull;
}

bool Guard::Shows(uint32_t id, bool content) const {
  return redactor_ != nullptr && redactor_->Known(id) == 1 &&
         (!content || (!piece_ && More(in_, out_) == ContentPolicy::kFull));
}

uint32_t Guard::VeilOf(uint32_t id, std::string_view name, const Node* value, bool content) {
  uint32_t veil = 0;
  if (id == kKeyEdgespanContent) return kHidden;  // it is for us alone
  if (redactor_ != nullptr) {
    const uint32_t known = redactor_->Known(id);
    if (known != 0) {
      veil = known - 1;
    } else if (Ready(&name_)) {
      veil = EDGESPAN_HOOK(2, edgespan_redactor_key)(redactor_, id, name.data(),
                                                     static_cast<uint32_t>(name.size()), &name_);
    } else {
      return kSensitive | kUnnamed;  // nobody knows: nothing of it
    }
  }
  if (!content || (!piece_ && More(in_, out_) == ContentPolicy::kFull)) return veil;
  // Numbers beside content tell how much there was; what goes in and comes out may be one.
  const bool number = !value->IsContainer() && value->Kind() != tape::Op::kString &&
                      value->Kind() != tape::Op::kBytes && id != kKeyInput && id != kKeyOutput;
  if (!number) veil |= kContent * static_cast<uint32_t>(ContentOf(name));
  return veil;
}

bool Guard::Ready(Buffer* buffer) {
  if (buffer->failed()) buffer->Discard();
  if (buffer->arena() == nullptr && !buffer->Init(arena_, 0)) *buffer = Buffer();
  buffer->Truncate(0);
  return buffer->arena() != nullptr;
}

std::string_view Guard::Show(std::string_view text, uint32_t veil) {
  if ((veil & kHidden) == kHidden) return {};
  const uint32_t hashed = veil & kContent * static_cast<uint32_t>(ContentPolicy::kHashed);
  if (redactor_ == nullptr) return hashed != 0 ? std::string_view() : text;
  const auto bytes = static_cast<uint32_t>(text.size());
  const uint32_t how = (veil & kSensitive) | hashed;
  if (how == 0 && (bytes < kShortestFind || redactor_->IsClean(text))) return text;
  if (Ready(&clean_)) {
    if (EDGESPAN_HOOK(1, edgespan_redactor_redact)(redactor_, text.data(), bytes, how, &clean_) ==
        0) {
      return text;
    }
    if (!clean_.failed()) return {reinterpret_cast<const char*>(clean_.data()), clean_.size()};
  }
  ++unread_;
  return {withheld_, kWithheldBytes};
}

void Guard::Rest() {
  clean_.Discard();
  name_.Discard();
  if (redactor_ != nullptr) redactor_->Rest();
}

uint32_t Guard::found() const { return redactor_ != nullptr ? redactor_->found() : 0; }

uint32_t Guard::unread() const {
  return unread_ + (redactor_ != nullptr ? redactor_->withheld() : 0);
}

}  // namespace edgespan
