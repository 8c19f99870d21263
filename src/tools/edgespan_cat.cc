// edgespan-cat: shows an OTLP trace body as OTLP/JSON. It reads with protobuf's own messages, not
// with anything of the core, so it is a second opinion on what the core wrote.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "edgespan/otlp/otlp.pb.h"
#include "tools/otlp_json.h"
#include "tools/unknown_fields.h"

namespace {

constexpr char kUsage[] =
    "usage: edgespan-cat [--lenient] [--compact] BODY.pb\n"
    "Writes an OTLP trace request (protobuf, not compressed) to stdout as OTLP/JSON.\n"
    "  BODY.pb    the file; - reads stdin\n"
    "  --lenient  fields that OTLP does not have are a warning, not an error\n"
    "  --compact  one line\n"
    "Exit status: 0 shown; 1 not readable, not an OTLP trace request, or unknown fields; 2 "
    "usage.\n";

bool ReadAll(const std::string& path, std::string* body) {
  if (path == "-") {
    body->assign(std::istreambuf_iterator<char>(std::cin), {});
    return !std::cin.bad();
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return false;
  body->assign(std::istreambuf_iterator<char>(file), {});
  return !file.bad();
}

}  // namespace

int main(int argc, char** argv) {
  bool lenient = false;
  bool compact = false;
  std::string path;
  for (int i = 1; i < argc; ++i) {
    const std::string_view arg = argv[i];
    if (arg == "--help") {
      std::fputs(kUsage, stdout);
      return 0;
    }
    if (arg == "--lenient") {
      lenient = true;
    } else if (arg == "--compact") {
      compact = true;
    } else if (path.empty() && !arg.empty() && (arg == "-" || arg[0] != '-')) {
      path = arg;
    } else {
      std::fputs(kUsage, stderr);
      return 2;
    }
  }
  if (path.empty()) {
    std::fputs(kUsage, stderr);
    return 2;
  }

  std::string body;
  if (!ReadAll(path, &body)) {
    std::fprintf(stderr, "edgespan-cat: cannot read %s\n", path.c_str());
    return 1;
  }
  edgespan::otlp::pb::ExportTraceServiceRequest request;
  if (!request.ParseFromString(body)) {
    const bool gzip = body.starts_with("\x1f\x8b");
    const bool json = body.find_first_not_of(" \t\r\n") != std::string::npos &&
                      body[body.find_first_not_of(" \t\r\n")] == '{';
    std::fprintf(stderr, "edgespan-cat: %s: %zu bytes that are no OTLP trace request%s\n",
                 path.c_str(), body.size(),
                 gzip   ? " (compressed with gzip)"
                 : json ? " (looks like JSON)"
                        : "");
    return 1;
  }

  std::cout << edgespan::tools::JsonWriter::Request(request).dump(compact ? -1 : 2) << '\n'
            << std::flush;
  const std::vector<std::string> unknown = edgespan::tools::UnknownFields(body);
  for (const std::string& field : unknown) {
    std::fprintf(stderr, "edgespan-cat: %s: %s: unknown: %s\n", path.c_str(),
                 lenient ? "warning" : "error", field.c_str());
  }
  if (!std::cout) {
    std::fputs("edgespan-cat: cannot write\n", stderr);
    return 1;
  }
  return lenient || unknown.empty() ? 0 : 1;
}
