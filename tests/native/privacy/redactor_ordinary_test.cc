// What the redactor does to ordinary texts, which is next to nothing, and how long it takes for texts
// that are made to take long.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/support/ordinary_messages.h"
#include "tests/support/redactor_lab.h"

namespace edgespan {
namespace {

using testing::OrdinaryMessages;
using testing::RedactorLab;

TEST_CASE("redactor ordinary: of 12,000 messages fewer than one in 1,000 is touched") {
  constexpr int kMessages = 12000;
  OrdinaryMessages messages(5);
  RedactorLab redact;
  int touched = 0;
  size_t bytes = 0;
  std::string seen;
  for (int i = 0; i < kMessages; ++i) {
    const std::string text = messages.Next();
    bytes += text.size();
    const std::string left = redact(text);
    if (!redact.changed()) continue;
    ++touched;
    const size_t at = left.find("[REDACTED");
    if (touched <= 20) seen += left.substr(at < 40 ? 0 : at - 40, 80) + "\n---\n";
  }
  INFO(touched << " of " << kMessages << " (" << bytes << " bytes)\n" << seen);
  CHECK(touched * 1000 < kMessages);
  if (touched > 0) WARN(touched << " of " << kMessages << " ordinary messages touched\n" << seen);
}

TEST_CASE("redactor ordinary: of recorded runs only what stands under sensitive keys") {
  RedactorLab redact;
  for (const auto& entry :
       std::filesystem::directory_iterator(EDGESPAN_TEST_DATA "/mastra-events")) {
    std::ifstream file(entry.path());
    std::stringstream content;
    content << file.rdbuf();
    std::string left = redact(content.str());
    INFO(entry.path());
    for (size_t at = 0; (at = left.find("[REDACTED:", at)) != std::string::npos; at += 10) {
      INFO(left.substr(at - 30, 60));
      CHECK(left.substr(at, 14) == "[REDACTED:key]");
    }
  }
}

// Texts of n bytes that invite to look at the same bytes again and again.
std::string Adversarial(const std::string& before, const std::string& piece, size_t n) {
  std::string text = before;
  text.reserve(n + piece.size());
  while (text.size() < n) text += piece;
  text.resize(n);
  return text;
}

TEST_CASE("redactor ordinary: time is linear in the text, whatever it is") {
  const char* const kPieces[] = {"a",
                                 "ab ",
                                 "@",
                                 "a@",
                                 "a@a.",
                                 "://",
                                 "a://a:",
                                 "://a:b/",
                                 "=",
                                 "token=",
                                 "token: ",
                                 "password=\"",
                                 "password: '",
                                 "{",
                                 "[",
                                 "[[\"",
                                 "{\"",
                                 "{\"a\":",
                                 "\\\"",
                                 "\\",
                                 "\"\\u0041",
                                 "{\"a\":\"\\\"",
                                 "eyJ",
                                 "eyJaaaaaaaaaa.",
                                 "SG.",
                                 "xoxe.aaaa.",
                                 "hvs.aaaa.",
                                 "-----BEGIN PRIVATE KEY-----",
                                 "-----BEGIN ",
                                 "-----",
                                 "1",
                                 "1-",
                                 "1 ",
                                 "4111 ",
                                 "1111-",
                                 "(1) ",
                                 "+1",
                                 "DE89 ",
                                 "DE89A",
                                 "Bearer aaaaaaaaaaaaaaaa",
                                 "sk-",
                                 "a.",
                                 "Cookie: a=",
                                 "\xc3\xa9",
                                 "{\"password\":[",
                                 "AKIA",
                                 "cookie:x1",
                                 "4111111111111111-",
                                 "eyJ-4111111111111111-",
                                 "AKIAIOSFODNN7EXAMPLE-",
                                 "token          ",
                                 ":          "};
  const std::string digits(8 << 10, '1');
  std::vector<std::pair<std::string, std::string>> cases = {{"AKIAIOSFODNN7EXAMPLE ", "a."},
                                                            {"a://b:" + digits, "x/"},
                                                            {"{\"", "a\":"},
                                                            {"a@", "a."},
                                                            {"", "v1.0-" + std::string(75, '/')}};
  for (const char* piece : kPieces) cases.push_back({"", piece});
  // Also of what is found but kept: then none of it is skipped.
  RedactionPolicy keep;
  for (Redaction& action : keep.actions) action = Redaction::kKeep;
  keep.actions[static_cast<uint32_t>(Finding::kEmail)] = Redaction::kMask;
  RedactionPolicy some;
  some.actions[static_cast<uint32_t>(Finding::kCredential)] = Redaction::kKeep;
  const RedactionPolicy policies[] = {RedactionPolicy(), keep, some};
  for (size_t i = 0; i < std::size(policies) * cases.size(); ++i) {
    const auto& [before, piece] = cases[i / std::size(policies)];
    RedactorLab redact(policies[i % std::size(policies)], 192u << 20);
    // Of the processor, not of the clock; and the best of several.
    const auto time = [&](size_t n, int tries) {
      const std::string text = Adversarial(before, piece, n);
      double best = 1e9;
      for (int i = 0; i < tries; ++i) {
        const std::clock_t begin = std::clock();
        static_cast<void>(redact(text));
        best = std::min(best, static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
      }
      return best;
    };
    const double small = time(16 << 10, 5);
    const double large = time(256 << 10, 2);
    INFO(before.substr(0, 40) << " " << piece << ": " << small * 1e3 << " ms for 16 KiB, "
                              << large * 1e3 << " ms for 256 KiB");
    // Sixteen times the bytes; quadratic would be 256 times the time.
    CHECK(large < 64 * std::max(small, 2e-4));
  }
}

}  // namespace
}  // namespace edgespan
