#include "edgespan/model/tape_reader.h"

#include <cstring>

#include "edgespan/base/buffer.h"
#include "edgespan/base/utf.h"
#include "edgespan/model/schema.h"

namespace edgespan {
namespace {

using tape::Op;

constexpr uint64_t kMaxText = 1u << 28;
constexpr uint32_t kMaxIdUnits = 32;

bool IsInteger(double value, int64_t* out) {
  // Bounds first: converting an out-of-range double is undefined.
  if (!(value >= -9223372036854775808.0 && value < 9223372036854775808.0)) return false;
  *out = static_cast<int64_t>(value);
  return static_cast<double>(*out) == value;
}

}  // namespace

TapeReader::TapeReader(const TapeAreas& areas, uint32_t key_end)
    : areas_(areas), key_end_(key_end), ascii_(areas.rope_bytes == areas.rope_units) {
  if (areas_.rope_at > areas_.text_bytes ||
      areas_.rope_bytes > areas_.text_bytes - areas_.rope_at) {
    areas_.rope_at = areas_.rope_bytes = areas_.rope_units = 0;
    areas_.word_count = 0;  // nothing on such a tape can be read; CountRest() sees no spans
  }
  rope_ = areas_.text + areas_.rope_at;
  rope_end_ = rope_ + areas_.rope_bytes;
  rope_units_left_ = areas_.rope_units;
}

// A surrogate pair that the host's concatenation made from two pieces becomes two replacement
// characters, as each half alone would have.
uint32_t TapeReader::TakeRope(uint32_t units, uint8_t* out) {
  rope_units_left_ -= units;
  uint32_t bytes = units;
  uint32_t before = 0;  // bytes of replacement characters around the copied ones
  uint32_t after = 0;
  if (!ascii_) {
    if (half_pair_ && units > 0) {
      --units;
      before = 3;
      rope_ += rope_end_ - rope_ < 4 ? rope_end_ - rope_ : 4;
      half_pair_ = false;
    }
    bool split = half_pair_;
    bytes = Utf8PrefixForUnits(rope_, static_cast<uint32_t>(rope_end_ - rope_), units, &split);
    // A rope that is not UTF-8 must not take more room than Store() counted for it.
    if (bytes > 3 * units) bytes = 3 * units;
    half_pair_ |= split;
    after = split ? 3 : 0;
  }
  if (out != nullptr) {
    constexpr uint8_t kReplacement[] = {0xEF, 0xBF, 0xBD};
    std::memcpy(out, kReplacement, before);
    CopyBytes(out + before, rope_, bytes);
    std::memcpy(out + before + bytes, kReplacement, after);
  }
  rope_ += bytes;
  return before + bytes + after;
}

std::string_view TapeReader::TakeDigits(uint32_t units, uint8_t* scratch) {
  const uint8_t* digits = scratch;
  uint32_t bytes = units;
  if (ascii_) {
    digits = rope_;
    rope_ += units;
    rope_units_left_ -= units;
  } else {
    bytes = TakeRope(units, units <= kMaxIdUnits ? scratch : nullptr);
  }
  return {reinterpret_cast<const char*>(digits), units <= kMaxIdUnits ? bytes : 0};
}

// First pass over the members, from members_ to the kEnd that closes the item. No sum can wrap: each
// word adds less than 2^16 units and, but for areas, as many bytes.
bool TapeReader::Measure() {
  const uint32_t* word = areas_.words + members_;
  const uint32_t* const end = areas_.words + areas_.word_count;
  uint32_t depth = 1;
  uint64_t objects = 1;  // a bit for each open container, the innermost lowest: it is an object
  // The keys that a value may have here: in an object any but none, in an array none.
  uint32_t first_key = 1;
  uint32_t keys = key_end_ - 1;
  uint32_t no_nodes = 1;  // words that become no node: kEnd and operands
  uint32_t doubles = 0;
  uint64_t units = 0;
  uint64_t bytes = 0;
  has_error_ = false;
  while (word < end) {
    uint32_t head = *word++;
    Op op = tape::OpOf(head);
    // In order of frequency.
    if (op == Op::kString) {
      if (tape::KeyOf(head) - first_key >= keys) return false;
      units += tape::ArgOf(head);
      continue;
    }
    if (op == Op::kEnd) {
      if (--depth == 0) {
        members_end_ = static_cast<uint32_t>(word - areas_.words);
        item_nodes_ = members_end_ - members_ - no_nodes;
        item_units_ = static_cast<uint32_t>(units);
        item_doubles_ = doubles;
        item_bytes_ = bytes;
        return units <= rope_units_left_ && doubles <= areas_.double_count - double_ &&
               bytes <= kMaxText;
      }
      ++no_nodes;
      objects >>= 1;
    } else {
      if (op == Op::kKey) {
        // The name of a value that has no key.
        units += tape::ArgOf(head);
        if (first_key == 0 || tape::KeyOf(head) != 0 || word == end) return false;
        head = *word++;
        op = tape::OpOf(head);
        if (op == Op::kEnd || op == Op::kKey || tape::KeyOf(head) != 0) return false;
      } else if (tape::KeyOf(head) - first_key >= keys) {
        return false;
      }
      const uint32_t arg = tape::ArgOf(head);
      if (op <= Op::kArray) {
        if (depth == tape::kMaxDepth) return false;
        if (head == tape::Word(Op::kObject, kKeyErrorInfo) && depth == 1) has_error_ = true;
        ++depth;
        objects = objects << 1 | (op == Op::kObject ? 1 : 0);
      } else if (op == Op::kString) {
        units += arg;
        continue;
      } else if (op == Op::kNumber || op == Op::kDate) {
        units += arg;
        bytes += sizeof(double) + 3 * arg;  // the text is kept behind the number
        ++doubles;
        continue;
      } else if (op == Op::kLiteral) {
        if (arg > 2) return false;
        continue;
      } else if (op <= Op::kInt64) {
        if (end - word < 2) return false;
        const uint64_t offset = word[0];
        const uint64_t size = word[1];
        word += 2;
        no_nodes += 2;
        if (op == Op::kInt64) continue;
        const bool wide = op == Op::kUtf16;
        if ((wide && (offset & 1) != 0) || offset + (wide ? 2 : 1) * size > areas_.text_bytes) {
          return false;
        }
        bytes += (wide ? 3 : 1) * size;
        if (bytes > kMaxText) return false;
        continue;
      } else {
        return false;
      }
    }
    // A container was opened or closed.
    first_key = objects & 1;
    keys = first_key != 0 ? key_end_ - 1 : 1;
  }
  return false;
}

TapeReader::Item TapeReader::Next() {
  if (pending_) {
    TakeRope(name_units_ + item_units_, nullptr);
    double_ += item_doubles_;
    word_ = members_end_;
    pending_ = false;
  }
  if (word_ >= areas_.word_count) return Item::kDone;
  const uint32_t word = areas_.words[word_];
  const Op op = tape::OpOf(word);
  uint8_t scratch[3 * kMaxIdUnits + kTextSlack];
  if (op == Op::kTrace) {
    const uint32_t units = tape::ArgOf(word);
    if (units > rope_units_left_) return Item::kMalformed;
    ids_valid_ = TraceId::FromHex(TakeDigits(units, scratch), &trace_id_);
    ++word_;
    return Item::kTrace;
  }
  head_ = SpanRecord{};
  name_units_ = 0;
  members_ = word_ + 1;
  if (op == Op::kStart || op == Op::kSpan) {
    if (areas_.word_count - word_ < 3) return Item::kMalformed;
    const uint32_t envelope = areas_.words[members_++];
    const uint32_t id_units = envelope >> 16 & 0xff;
    const uint32_t parent_units = envelope >> 24;
    name_units_ = envelope & 0xffff;
    head_.type = static_cast<uint16_t>(tape::KeyOf(word));
    head_.flags = static_cast<uint16_t>(tape::ArgOf(word));
    is_start_ = op == Op::kStart;
    const bool has_end = head_.Has(tape::kHasEnd);
    if (head_.type == 0 || head_.type >= key_end_ ||
        id_units + parent_units + name_units_ > rope_units_left_ ||
        areas_.double_count - double_ < (has_end ? 2u : 1u)) {
      return Item::kMalformed;
    }
    ids_valid_ =
        SpanId::FromHex(TakeDigits(id_units, scratch), &head_.span_id) && head_.span_id.IsValid();
    // An unreadable parent id is no parent, as in Mastra.
    if (!SpanId::FromHex(TakeDigits(parent_units, scratch), &head_.parent_id)) {
      head_.parent_id = SpanId{};
    }
    if (head_.Has(tape::kOtel)) head_.type = kKeyNone;
    head_.start_ms = areas_.doubles[double_++];
    head_.end_ms = has_end ? areas_.doubles[double_++] : head_.start_ms;
  } else if (op != Op::kConfig) {
    return Item::kMalformed;
  }
  rope_units_left_ -= name_units_;  // so that Measure() sees what is left for the members
  pending_ = Measure();
  rope_units_left_ += name_units_;
  if (!pending_) return Item::kMalformed;
  return op == Op::kConfig ? Item::kConfig : Item::kSpan;
}

uint32_t TapeReader::Store(PageArena* arena, Lane* lane) {
  const bool ascii = ascii_;
  const uint64_t rope_bound = (ascii ? 1u : 3u) * (uint64_t{name_units_} + item_units_);
  const uint64_t need = sizeof(SpanRecord) + uint64_t{item_nodes_} * sizeof(Node) + rope_bound +
                        item_bytes_ + kTextSlack;
  if (need > kMaxText) return 0;
  const uint32_t at = lane->Allocate(arena, static_cast<uint32_t>(need));
  if (at == 0) return 0;
  pending_ = false;
  SpanRecord* const record = arena->At<SpanRecord>(at);
  *record = head_;
  Node* node = reinterpret_cast<Node*>(record + 1);
  uint8_t* const text = reinterpret_cast<uint8_t*>(node + item_nodes_);
  uint8_t* out = text;

  // The rope pieces of one span lie behind each other: ASCII is copied in one go.
  uint8_t* piece = text;
  if (ascii) out += TakeRope(name_units_ + item_units_, text);
  const auto take = [&](uint32_t units, uint32_t* offset) {
    uint32_t bytes = units;
    if (ascii) {
      *offset = arena->OffsetOf(piece);
      piece += units;
    } else {
      *offset = arena->OffsetOf(out);
      bytes = TakeRope(units, out);
      out += bytes;
    }
    return bytes;
  };

  // Grows by what is taken, from the rope or else.
  const auto text_end = [&] { return arena->OffsetOf(out) + static_cast<uint32_t>(piece - text); };

  record->name_bytes = take(name_units_, &record->name);
  record->node_count = item_nodes_;
  // The innermost open container. Until it is closed, its `a` is the offset of the one around it, and
  // its `b` where its text begins.
  Node* open = node;
  const uint32_t* word = areas_.words + members_;
  const uint32_t* const end = areas_.words + members_end_ - 1;
  const double* number = areas_.doubles + double_;
  while (word < end) {
    const uint32_t head = *word++;
    const Op op = tape::OpOf(head);
    if (op == Op::kEnd) {
      Node* const outer = arena->At<Node>(open->a);
      open->a = static_cast<uint32_t>(node - open) - 1;
      open->b = text_end() - open->b + 12 * open->a + 2;
      open = outer;
      continue;
    }
    node->key = static_cast<uint16_t>(tape::KeyOf(head));
    node->op = static_cast<uint16_t>(op);
    const uint32_t arg = tape::ArgOf(head);
    // In order of frequency.
    if (op == Op::kString || op == Op::kKey) {
      node->b = take(arg, &node->a);
    } else if (op <= Op::kArray) {
      node->a = arena->OffsetOf(open);
      node->b = text_end();
      open = node;
    } else if (op == Op::kNumber || op == Op::kDate) {
      const double value = *number++;
      int64_t integer = 0;
      if (arg == 0 && op == Op::kNumber && IsInteger(value, &integer)) {
        node->op = static_cast<uint16_t>(Op::kInt64);
        node->a = static_cast<uint32_t>(integer);
        node->b = static_cast<uint32_t>(integer >> 32);
      } else {
        uint32_t source = 0;
        node->a = arena->OffsetOf(out);
        CopyBytes(out, &value, sizeof value);
        out += sizeof value;
        node->b = ascii ? take(arg, &source) : TakeRope(arg, out);
        if (ascii) CopyBytes(out, arena->At(source), node->b);
        out += node->b;
      }
    } else if (op == Op::kLiteral) {
      node->a = arg;
      node->b = 0;
    } else if (op == Op::kInt64) {
      node->op = Node::kBigInt;
      node->a = word[0];
      node->b = word[1];
      word += 2;
    } else {
      const uint8_t* const source = areas_.text + word[0];
      const uint32_t size = word[1];
      word += 2;
      if (op != Op::kBytes) node->op = static_cast<uint16_t>(Op::kString);
      node->a = arena->OffsetOf(out);
      if (op == Op::kUtf16) {
        out = Utf16ToUtf8(source, size, out);
      } else {
        CopyBytes(out, source, size);
        out += size;
      }
      node->b = arena->OffsetOf(out) - node->a;
    }
    ++node;
  }
  double_ += item_doubles_;
  word_ = members_end_;
  record->text_bytes = static_cast<uint32_t>(out - text);
  lane->TrimTo(arena, arena->OffsetOf(out) + kTextSlack);
  return at;
}

uint32_t TapeReader::CountRest() const {
  uint32_t spans = 0;
  for (uint32_t i = word_; i < areas_.word_count; ++i) {
    spans += tape::OpOf(areas_.words[i]) == Op::kSpan ? 1 : 0;
  }
  return spans;
}

}  // namespace edgespan
