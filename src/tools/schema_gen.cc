// edgespan-schema-gen SRC: writes js/src/core/schema.gen.ts to stdout, the TypeScript twin of the
// C++ tables that both sides of the ABI must agree on.
// edgespan-schema-gen --dialects: js/src/destinations/dialects.gen.ts, the dialects that the host hands
// to the core, a constant each, of which bundlers keep those that are imported.
//
// Values come from the compiled enums; each enum is listed by a switch without a default, so a new
// enumerator does not compile (-Wswitch) until it is written here. Texts come from the ///<
// comments of the headers under SRC, which is the repository's src folder.
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "edgespan/base/status.h"
#include "edgespan/model/schema.h"
#include "edgespan/model/tape.h"
#include "edgespan/otlp/response.h"
#include "edgespan/pipeline/accounting.h"
#include "tools/dialects.h"
#include "wasm/abi.h"

namespace edgespan {
namespace {

using otlp::BodyKind;
using otlp::Verdict;
using tape::Op;
using tape::SpanFlag;

// One enumerator: kSpellingLikeThis and its value.
struct Enumerator {
  std::string_view name;
  int64_t value;
};
using Enumerators = std::vector<Enumerator>;

#define EDGESPAN_CASE(type, name) \
  case type::name: \
    return #name

std::string_view NameOf(Op op) {
  switch (op) {
    EDGESPAN_CASE(Op, kEnd);
    EDGESPAN_CASE(Op, kObject);
    EDGESPAN_CASE(Op, kArray);
    EDGESPAN_CASE(Op, kString);
    EDGESPAN_CASE(Op, kUtf8);
    EDGESPAN_CASE(Op, kUtf16);
    EDGESPAN_CASE(Op, kBytes);
    EDGESPAN_CASE(Op, kNumber);
    EDGESPAN_CASE(Op, kDate);
    EDGESPAN_CASE(Op, kInt64);
    EDGESPAN_CASE(Op, kLiteral);
    EDGESPAN_CASE(Op, kKey);
    EDGESPAN_CASE(Op, kTrace);
    EDGESPAN_CASE(Op, kStart);
    EDGESPAN_CASE(Op, kSpan);
    EDGESPAN_CASE(Op, kConfig);
  }
  return {};
}

std::string_view NameOf(SpanFlag flag) {
  switch (flag) {
    EDGESPAN_CASE(tape, kHasEnd);
    EDGESPAN_CASE(tape, kIsRoot);
    EDGESPAN_CASE(tape, kIsEvent);
    EDGESPAN_CASE(tape, kRemoteParent);
    EDGESPAN_CASE(tape, kWithheld);
    EDGESPAN_CASE(tape, kOtel);
    EDGESPAN_CASE(tape, kOutlived);
    EDGESPAN_CASE(tape, kScore);
    case tape::kKindShift:  // no flag: where the kind's bits start
      return {};
  }
  return {};
}

std::string_view NameOf(Status status) {
  switch (status) {
    EDGESPAN_CASE(Status, kOk);
    EDGESPAN_CASE(Status, kMalformed);
    EDGESPAN_CASE(Status, kNoMemory);
    EDGESPAN_CASE(Status, kBadHandle);
    EDGESPAN_CASE(Status, kTooLarge);
    EDGESPAN_CASE(Status, kBadConfig);
  }
  return {};
}

std::string_view NameOf(LossReason reason) {
  switch (reason) {
    EDGESPAN_CASE(LossReason, kMemory);
    EDGESPAN_CASE(LossReason, kMalformed);
    EDGESPAN_CASE(LossReason, kTooLarge);
    EDGESPAN_CASE(LossReason, kUnsent);
    EDGESPAN_CASE(LossReason, kDisabled);
    EDGESPAN_CASE(LossReason, kFailed);
    EDGESPAN_CASE(LossReason, kCircuit);
    EDGESPAN_CASE(LossReason, kLeftOut);
    EDGESPAN_CASE(LossReason, kExpired);
    EDGESPAN_CASE(LossReason, kDuplicate);
    EDGESPAN_CASE(LossReason, kSampled);
  }
  return {};
}

std::string_view NameOf(Stat stat) {
  switch (stat) {
    EDGESPAN_CASE(Stat, kEnded);
    EDGESPAN_CASE(Stat, kAccepted);
    EDGESPAN_CASE(Stat, kRejected);
    EDGESPAN_CASE(Stat, kPending);
    EDGESPAN_CASE(Stat, kUnended);
    EDGESPAN_CASE(Stat, kWithheld);
    EDGESPAN_CASE(Stat, kSpooled);
    EDGESPAN_CASE(Stat, kReplayed);
    EDGESPAN_CASE(Stat, kRedacted);
    EDGESPAN_CASE(Stat, kUnread);
    EDGESPAN_CASE(Stat, kDropped);
  }
  return {};
}

std::string_view NameOf(Verdict verdict) {
  switch (verdict) {
    EDGESPAN_CASE(Verdict, kAccepted);
    EDGESPAN_CASE(Verdict, kPartial);
    EDGESPAN_CASE(Verdict, kRetry);
    EDGESPAN_CASE(Verdict, kRejected);
    EDGESPAN_CASE(Verdict, kFailed);
    EDGESPAN_CASE(Verdict, kDenied);
    EDGESPAN_CASE(Verdict, kNext);
    EDGESPAN_CASE(Verdict, kGivenUp);
  }
  return {};
}

std::string_view NameOf(BodyKind kind) {
  switch (kind) {
    EDGESPAN_CASE(BodyKind, kOther);
    EDGESPAN_CASE(BodyKind, kProtobuf);
    EDGESPAN_CASE(BodyKind, kJson);
  }
  return {};
}
#undef EDGESPAN_CASE

// Every enumerator of E; all of ours lie in [-64, 2048).
template <typename E>
Enumerators AllOf() {
  Enumerators all;
  for (int value = -64; value < 2048; ++value) {
    const std::string_view name = NameOf(static_cast<E>(value));
    if (!name.empty()) all.push_back({name, value});
  }
  return all;
}

Enumerators AllKeys() {
  return {
#define EDGESPAN_KEY(identifier, name) {#identifier, identifier},
      EDGESPAN_SCHEMA(EDGESPAN_KEY)
#undef EDGESPAN_KEY
  };
}

// kTooLarge -> "TOO_LARGE"
std::string Upper(std::string_view name) {
  std::string out;
  for (size_t i = 1; i < name.size(); ++i) {
    if (i > 1 && std::isupper(name[i])) out += '_';
    out += static_cast<char>(std::toupper(name[i]));
  }
  return out;
}

// kTooLarge -> "tooLarge"
std::string Lower(std::string_view name) {
  std::string out(name.substr(1));
  out[0] = static_cast<char>(std::tolower(out[0]));
  return out;
}

// The ///< comments of a header, by enumerator.
std::map<std::string, std::string, std::less<>> CommentsOf(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    std::cerr << "edgespan-schema-gen: cannot read " << path << '\n';
    std::exit(1);
  }
  const std::regex pattern(R"(^\s*(k\w+) = -?\d+,\s*///< (.*\S)\s*$)");
  std::map<std::string, std::string, std::less<>> comments;
  std::smatch match;
  for (std::string line; std::getline(file, line);) {
    if (std::regex_match(line, match, pattern)) comments[match[1]] = match[2];
  }
  return comments;
}

void WriteConstants(std::string_view title, std::string_view prefix, const Enumerators& all) {
  std::cout << "\n// " << title << '\n';
  for (const auto& [name, value] : all) {
    std::cout << "export const " << prefix << Upper(name) << " = " << value << ";\n";
  }
}

// The names in value order, which must be 0, 1, 2...: an array that is indexed by value.
void WriteNames(std::string_view title, std::string_view identifier, const Enumerators& all) {
  std::cout << "\n// " << title << "\nexport const " << identifier << " = [";
  int64_t next = 0;
  for (const auto& [name, value] : all) {
    if (value != next++) {
      std::cerr << "edgespan-schema-gen: " << identifier << " has a gap at " << name << '\n';
      std::exit(1);
    }
    std::cout << "\n  '" << Lower(name) << "',";
  }
  std::cout << "\n] as const;\n";
}

void WriteStatusMessages(const std::string& header) {
  const auto comments = CommentsOf(header);
  std::cout << "\n// What each status means.\n"
            << "export const STATUS_MESSAGES: Readonly<Record<number, string>> = {\n";
  for (const auto& [name, value] : AllOf<Status>()) {
    if (value == 0) continue;
    const auto comment = comments.find(name);
    if (comment == comments.end() || comment->second.find('\'') != std::string::npos) {
      std::cerr << "edgespan-schema-gen: " << header << ": " << name << " needs a ///< comment"
                << " without quotes\n";
      std::exit(1);
    }
    std::cout << "  [" << value << "]:\n    '" << comment->second << "',\n";
  }
  std::cout << "};\n";
}

void Write(const std::string& src) {
  std::cout << "// Generated by scripts/build (src/tools/schema_gen.cc) from the C++ headers named"
               " below; do not edit.\n"
            << "\n// wasm/abi.h\nexport const ABI_VERSION = " << EDGESPAN_ABI_VERSION << ";\n";

  WriteConstants("Interned keys: edgespan/model/schema.h", "", AllKeys());
  std::cout << "export const FIRST_SPAN_TYPE = " << kFirstSpanType << ";\n"
            << "export const LAST_SPAN_TYPE = " << kLastSpanType << ";\n"
            << "export const FIRST_DYNAMIC_KEY = " << kFirstDynamicKey << ";\n";

  WriteConstants("Tape words: edgespan/model/tape.h", "OP_", AllOf<Op>());
  WriteConstants("Flags of a span's first word.", "FLAG_", AllOf<SpanFlag>());
  std::cout << "\n// Limits of the tape.\n"
            << "export const KEY_BITS = " << tape::kKeyBits << ";\n"
            << "export const KIND_SHIFT = " << tape::kKindShift << ";\n"
            << "export const ARG_BITS = " << tape::kArgBits << ";\n"
            << "export const MAX_KEY = " << tape::kMaxKey << ";\n"
            << "export const MAX_ARG = " << tape::kMaxArg << ";\n"
            << "export const ROPE_MAX = " << tape::kRopeMax << ";\n"
            << "export const MAX_DEPTH = " << tape::kMaxDepth << ";\n";

  WriteConstants("Results of calls: edgespan/base/status.h", "STATUS_", AllOf<Status>());
  WriteConstants("Kinds of an answer's body: edgespan/otlp/response.h", "BODY_", AllOf<BodyKind>());
  WriteConstants("Judgements of an answer.", "VERDICT_", AllOf<Verdict>());
  WriteConstants("Why an ended span did not leave: edgespan/pipeline/accounting.h", "LOSS_",
                 AllOf<LossReason>());
  WriteConstants("Fields of the statistics; the losses start at STAT_DROPPED.", "STAT_",
                 AllOf<Stat>());

  // Bundlers inline the numbers above as long as nothing else stands before them.
  WriteStatusMessages(src + "/edgespan/base/status.h");
  WriteNames("Names of the judgements, by value.", "VERDICT_NAMES", AllOf<Verdict>());
  WriteNames("Names of the losses, by value.", "LOSS_NAMES", AllOf<LossReason>());
}

// As a TypeScript string; what is not printable ASCII as the escape of its code point.
std::string Quoted(std::string_view utf8) {
  std::string out = "'";
  for (size_t i = 0; i < utf8.size(); ++i) {
    uint32_t c = static_cast<uint8_t>(utf8[i]);
    if (c >= 0xc0) c = (c & 31) << 6 | (static_cast<uint8_t>(utf8[++i]) & 63);
    if (c == '\'' || c == '\\') out += '\\';
    if (c < 0x7f) {
      out += static_cast<char>(c);
    } else {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", c);
      out += escape;
    }
  }
  return out + "'";
}

void WriteDialects() {
  std::cout << "// Generated by scripts/build (src/tools/schema_gen.cc) from the tables in"
               " src/edgespan/semconv/layers; do not\n// edit.\n"
               "import type { Dialect } from './dialect.js';\n";
  for (const auto& [name, text, what] : tools::Dialects()) {
    std::cout << "\n/** " << what << ". */\n"
              << "export const " << name << ": Dialect = {\n  name: '" << name
              << "',\n  table:\n    " << Quoted(text) << ",\n};\n";
  }
}

}  // namespace
}  // namespace edgespan

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: edgespan-schema-gen SRC > schema.gen.ts\n"
                 "       edgespan-schema-gen --dialects > dialects.gen.ts\n";
    return 2;
  }
  if (argv[1] == std::string_view("--dialects")) {
    edgespan::WriteDialects();
  } else {
    edgespan::Write(argv[1]);
  }
  return std::cout.flush() ? 0 : 1;
}
