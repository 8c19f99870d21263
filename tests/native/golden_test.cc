// Goldens: what the recorded runs of tests/data/mastra-events look like on the wire, as OTLP/JSON
// in tests/golden. A difference is a change of what users see: review it, then
// scripts/lib/update-goldens writes the files anew.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "edgespan/otlp/otlp.pb.h"
#include "tests/support/core_lab.h"
#include "tools/mastra_tape.h"
#include "tools/otlp_json.h"

namespace edgespan {
namespace {

using testing::CoreLab;
using tools::Json;
using tools::TapeWriter;

namespace fs = std::filesystem;

const fs::path kData = fs::path(EDGESPAN_TEST_DATA) / "mastra-events";
const fs::path kGoldens = fs::path(EDGESPAN_TEST_DATA).parent_path() / "golden";

std::vector<fs::path> FilesIn(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// JSON for readers of diffs: an attribute or anything short is one line.
void Format(const Json& json, const std::string& indent, std::string* out) {
  constexpr size_t kShort = 96;
  const std::string compact = json.dump();
  const bool attribute = json.is_object() && json.contains("key");
  if (!json.is_structured() || attribute || compact.size() <= kShort) {
    *out += compact;
    return;
  }
  const std::string inner = indent + "  ";
  *out += json.is_object() ? '{' : '[';
  const char* comma = "\n";
  for (const auto& [name, value] : json.items()) {
    *out += comma + inner;
    if (json.is_object()) *out += Json(name).dump() + ": ";
    Format(value, inner, out);
    comma = ",\n";
  }
  *out += "\n" + indent + (json.is_object() ? '}' : ']');
}

// The body that `edgespan-replay --service golden` writes for a file.
std::string Replay(const fs::path& events) {
  CoreLab lab({{"resource", {{"service.name", "golden"}}}, {"scope", {{"name", "edgespan"}}}});
  TapeWriter tape;
  for (const Json& event : Json::parse(ReadFile(events))) tools::WriteMastraEvent(&tape, event);
  REQUIRE(lab.Commit(&tape) >= 0);
  REQUIRE(edgespan_close(lab.id(), UINT32_MAX) >= 0);
  std::string body;
  for (const auto& batch : lab.TakeBatches()) body += batch.body;
  CHECK(lab.ReadStats().dropped() == 0);
  return body;
}

std::string OtlpJson(const std::string& body) {
  otlp::pb::ExportTraceServiceRequest request;
  REQUIRE(request.ParseFromString(body));
  std::string text;
  Format(tools::JsonWriter::Request(request), "", &text);
  return text + "\n";
}

TEST_CASE("golden: recorded runs look as they did", "[golden]") {
  const bool update = std::getenv("EDGESPAN_UPDATE_GOLDENS") != nullptr;
  std::set<std::string> names;
  for (const fs::path& events : FilesIn(kData)) {
    const fs::path golden = kGoldens / events.filename();
    names.insert(golden.filename());
    const std::string got = OtlpJson(Replay(events));
    if (update) std::ofstream(golden, std::ios::binary) << got;
    INFO(golden << " differs; if the change is meant: scripts/lib/update-goldens");
    const std::string expected = ReadFile(golden);
    if (got == expected) continue;
    // The first line that differs says more than two whole files.
    std::istringstream got_lines(got), expected_lines(expected);
    std::string got_line, expected_line;
    for (int line = 1; got_line == expected_line; ++line) {
      INFO("line " << line);
      const bool more = static_cast<bool>(std::getline(got_lines, got_line));
      if (!std::getline(expected_lines, expected_line)) expected_line = "(end of file)";
      if (!more) got_line = "(no more)";
      CHECK(got_line == expected_line);
    }
    FAIL_CHECK("not the golden");
  }
  REQUIRE(names.size() >= 12);
  // None is left of a recording that is gone.
  for (const fs::path& golden : FilesIn(kGoldens)) CHECK(names.count(golden.filename()) == 1);
}

std::string OutputOf(const std::string& command) {
  FILE* const pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string output;
  char buffer[4096];
  for (size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) output.append(buffer, n);
  CHECK(pclose(pipe) == 0);
  return output;
}

TEST_CASE("golden: the tools write the same", "[golden]") {
  const std::string tools = EDGESPAN_TOOLS;
  for (const fs::path& events : FilesIn(kData)) {
    INFO(events);
    const std::string replay = tools + "/edgespan-replay --service golden " + events.string();
    CHECK(OutputOf(replay) == Replay(events));
    const std::string json = OutputOf(replay + " | " + tools + "/edgespan-cat -");
    CHECK(Json::parse(json) == Json::parse(ReadFile(kGoldens / events.filename())));
  }
}

}  // namespace
}  // namespace edgespan
