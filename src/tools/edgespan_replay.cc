// edgespan-replay: recorded Mastra events through the core, natively: tape, records, dialect, OTLP
// bodies, by the same C ABI that a Worker calls. For sanitizers, profilers and comparing goldens.
//
// All batches go to stdout one after another; concatenated trace requests are one trace request.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>

#include "edgespan/otlp/response.h"
#include "edgespan/pipeline/accounting.h"
#include "tools/mastra_tape.h"
#include "tools/tape_writer.h"
#include "wasm/abi.h"

namespace edgespan::tools {
namespace {

constexpr char kUsage[] =
    "usage: edgespan-replay [--dialect genai] [--service NAME] [--utf16] EVENTS.json\n"
    "Runs an array of Mastra tracing events through the core and writes the OTLP trace request\n"
    "(protobuf) to stdout; read it with edgespan-cat.\n"
    "  EVENTS.json     [{type: span_started | span_ended, exportedSpan}, ...]; other entries are\n"
    "                  skipped; - reads stdin\n"
    "  --dialect NAME  how spans become attributes; default genai\n"
    "  --service NAME  the resource's service.name\n"
    "  --utf16         hand big strings over as UTF-16, as the shim does for text beyond ASCII\n"
    "Exit status: 0 all spans written; 1 unreadable input or lost spans; 2 usage.\n";

// Tapes are committed at this size, well under the default lent areas' growth limit; the shim
// commits at root end or when its tape is full, too.
constexpr size_t kCommitWords = 16 * 1024;

struct Options {
  std::string dialect = "genai";
  std::string service;
  std::string path;
  TapeWriter::BigText big_text = TapeWriter::BigText::kUtf8;
};

int Fail(const char* what, int32_t status) {
  std::fprintf(stderr, "edgespan-replay: %s (status %d)\n", what, status);
  return 1;
}

bool ParseOptions(int argc, char** argv, Options* options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    if (arg == "--dialect" && i + 1 < argc) {
      options->dialect = argv[++i];
    } else if (arg == "--service" && i + 1 < argc) {
      options->service = argv[++i];
    } else if (arg == "--utf16") {
      options->big_text = TapeWriter::BigText::kUtf16;
    } else if (options->path.empty() && !arg.empty() && (arg == "-" || arg[0] != '-')) {
      options->path = arg;
    } else {
      return false;
    }
  }
  return !options->path.empty();
}

Json ReadEvents(const std::string& path) {
  if (path == "-") return Json::parse(std::cin, nullptr, /*allow_exceptions=*/false);
  std::ifstream file(path, std::ios::binary);
  return Json::parse(file, nullptr, /*allow_exceptions=*/false);
}

int32_t OpenExporter(const Options& options) {
  TapeWriter config;
  config.Config();
  config.Object(kKeyResource);
  if (!options.service.empty()) {
    config.String(config.Key("service.name"), options.service);
  }
  config.End();
  config.Object(kKeyScope);
  config.String(kKeyName, "edgespan");
  config.End();
  config.Array(kKeyDestinations);
  config.Object();
  config.String(kKeyDialect, options.dialect);
  config.End();
  config.End();
  config.End();
  return OpenExporterTape(config.Take());
}

// Sends every batch to stdout and accepts it.
int32_t WriteBatches(uint32_t exporter) {
  for (;;) {
    const int32_t batch = edgespan_cut(exporter, 0, 0, 0, 0);
    if (batch <= 0) return batch;
    const auto id = static_cast<uint32_t>(batch);
    const std::string_view body = tools::BatchView(id).body;
    const bool written = std::fwrite(body.data(), 1, body.size(), stdout) == body.size();
    const int32_t verdict = edgespan_judge(
        id, written ? 200 : 0, static_cast<uint32_t>(otlp::BodyKind::kOther), 0, 0, 0, 0, 0);
    if (verdict < 0) return verdict;
    const int32_t released = edgespan_release(id, 0);
    if (released < 0) return released;
  }
}

// Says what did not arrive; false when something did not.
bool CheckStats(uint32_t exporter) {
  if (edgespan_stats(exporter, 0) < 0) return false;
  uint32_t stats[kStatFields];
  memcpy(stats, tools::CoreResult(), sizeof stats);
  const auto stat = [&stats](Stat field) { return stats[static_cast<uint32_t>(field)]; };
  if (stat(Stat::kUnended) > 0) {
    std::fprintf(stderr, "edgespan-replay: %u spans started and did not end\n",
                 stat(Stat::kUnended));
  }
  if (stat(Stat::kAccepted) == stat(Stat::kEnded)) return true;
  std::fprintf(stderr, "edgespan-replay: %u spans ended, %u written, %u pending, dropped:",
               stat(Stat::kEnded), stat(Stat::kAccepted), stat(Stat::kPending));
  for (uint32_t reason = 0; reason < kLossReasons; ++reason) {
    std::fprintf(stderr, " %u", stats[static_cast<uint32_t>(Stat::kDropped) + reason]);
  }
  std::fputs(" (in the order of LossReason)\n", stderr);
  return false;
}

int Replay(const Options& options) {
  const Json events = ReadEvents(options.path);
  if (!events.is_array()) {
    std::fprintf(stderr, "edgespan-replay: %s: no JSON array\n", options.path.c_str());
    return 1;
  }
  const int32_t opened = OpenExporter(options);
  if (opened < 0) return Fail("the core refuses the configuration", opened);
  const auto exporter = static_cast<uint32_t>(opened);

  TapeWriter tape(options.big_text);
  for (const Json& event : events) {
    WriteMastraEvent(&tape, event);
    if (tape.word_count() < kCommitWords) continue;
    const int32_t status = CommitTape(exporter, tape.Take());
    if (status < 0) return Fail("commit", status);
  }
  if (!tape.empty()) {
    const int32_t status = CommitTape(exporter, tape.Take());
    if (status < 0) return Fail("commit", status);
  }
  const int32_t closed = edgespan_close(exporter, UINT32_MAX);
  if (closed < 0) return Fail("close", closed);
  const int32_t written = WriteBatches(exporter);
  if (written < 0) return Fail("cut", written);
  if (std::fflush(stdout) != 0) return Fail("cannot write", 0);
  return CheckStats(exporter) ? 0 : 1;
}

}  // namespace
}  // namespace edgespan::tools

int main(int argc, char** argv) {
  edgespan::tools::Options options;
  if (argc == 2 && std::string_view(argv[1]) == "--help") {
    std::fputs(edgespan::tools::kUsage, stdout);
    return 0;
  }
  if (!edgespan::tools::ParseOptions(argc, argv, &options)) {
    std::fputs(edgespan::tools::kUsage, stderr);
    return 2;
  }
  return edgespan::tools::Replay(options);
}
