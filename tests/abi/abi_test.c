/* The ABI from C: that wasm/abi.h is a C header, that its numbered conventions hold, and that one span
 * written by hand, word for word as the grammar in src/edgespan/model/tape.h says, comes out as OTLP.
 * The key ids are looked up in edgespan_keys(), as a host would. */
#include "wasm/abi.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kOk = 0, kMalformed = -1, kTooLarge = -4, kBadHandle = -3, kBadConfig = -5 };
enum { kEnd, kObject, kArray, kString, kNumber = 7, kTrace = 12, kStart, kSpan, kConfig };
enum { kHasEnd = 1, kIsRoot = 2 };

static int failures = 0;
#define CHECK(condition) \
  do { \
    if (!(condition)) { \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      ++failures; \
    } \
  } while (0)

static uint8_t* memory(void) { return edgespan_memory(); }
static uint32_t result(uint32_t field) {
  uint32_t value;
  memcpy(&value, memory() + edgespan_result() + 4 * field, sizeof value);
  return value;
}

/* The id of a fixed key: its line number in the text. */
static uint32_t key(const char* name) {
  const char* line = (const char*)memory() + edgespan_keys();
  const size_t size = strlen(name);
  for (uint32_t id = 1; *line != 0; ++id) {
    const char* end = strchr(line, '\n');
    if ((size_t)(end - line) == size && memcmp(line, name, size) == 0) return id;
    line = end + 1;
  }
  fprintf(stderr, "no key %s\n", name);
  exit(1);
}

/* A tape under construction, in C. */
static uint32_t words[256];
static double doubles[16];
static char rope[1024];
static uint32_t word_count, double_count, rope_size;

static void begin(void) { word_count = double_count = rope_size = 0; }
static void word(uint32_t op, uint32_t key_id, uint32_t arg) {
  words[word_count++] = op | key_id << 4 | arg << 18;
}
static uint32_t piece(const char* text) {
  const uint32_t size = (uint32_t)strlen(text);
  memcpy(rope + rope_size, text, size);
  rope_size += size;
  return size;
}
static void string(uint32_t key_id, const char* text) { word(kString, key_id, piece(text)); }
static void lend(void) {
  CHECK(edgespan_lend(word_count, double_count, rope_size) == kOk);
  memcpy(memory() + result(0), words, 4 * word_count);
  memcpy(memory() + result(1), doubles, 8 * double_count);
  memcpy(memory() + result(2), rope, rope_size);
}
static int32_t commit(uint32_t exporter) {
  lend();
  return edgespan_commit(exporter, word_count, double_count, 0, rope_size, rope_size);
}

static int32_t open_exporter(const char* dialect) {
  begin();
  word(kConfig, 0, 0);
  word(kArray, key("destinations"), 0);
  word(kObject, 0, 0);
  string(key("dialect"), dialect);
  word(kEnd, 0, 0);
  word(kEnd, 0, 0);
  word(kEnd, 0, 0);
  lend();
  return edgespan_open_exporter(word_count, double_count, 0, rope_size, rope_size);
}

static void root_span(uint32_t op) {
  begin();
  word(kTrace, 0, piece("0123456789abcdef0123456789abcdef"));
  word(op, key("agent_run"), kIsRoot | (op == kSpan ? kHasEnd : 0));
  const uint32_t id = piece("a1b2c3d4e5f60718");
  const uint32_t name = piece("agent run: 'x'");
  words[word_count++] = name | id << 16;
  doubles[double_count++] = 1000.0;
  if (op == kSpan) {
    doubles[double_count++] = 2000.0;
    string(key("entityName"), "weather");
  }
  word(kEnd, 0, 0);
}

static int contains(const uint8_t* body, uint32_t size, const void* bytes, uint32_t n) {
  for (uint32_t i = 0; i + n <= size; ++i) {
    if (memcmp(body + i, bytes, n) == 0) return 1;
  }
  return 0;
}

int main(void) {
  CHECK(edgespan_abi_version() == EDGESPAN_ABI_VERSION);

  /* (3) Lent areas: at least what was asked for, and what was written stays when they grow. */
  CHECK(edgespan_lend(0, 0, 0) == kOk);
  CHECK(result(0) % 8 == 0 && result(1) % 8 == 0 && result(2) % 8 == 0);
  memcpy(memory() + result(2), "kept", 4);
  CHECK(edgespan_lend(100000, 50000, 3000000) == kOk);
  CHECK(result(3) >= 100000 && result(4) >= 50000 && result(5) >= 3000000);
  CHECK(memcmp(memory() + result(2), "kept", 4) == 0);
  CHECK(edgespan_lend(0xffffffff, 0, 0) == kTooLarge);
  CHECK(result(3) >= 100000);
  CHECK(edgespan_lend(0, 0, 0) == kOk);
  CHECK(result(5) < 3000000);

  /* (4) Interned keys: the same id for the same text, a Status for what does not go in. */
  memcpy(memory() + result(2), "service.name", 12);
  const int32_t id = edgespan_intern(0, 12);
  CHECK(id > 0);
  CHECK(edgespan_intern(0, 12) == id);
  memcpy(memory() + result(2), "a\"b", 3);
  CHECK(edgespan_intern(0, 3) == kTooLarge);
  CHECK(edgespan_intern(0xfffffff0, 100) == kTooLarge);

  CHECK(open_exporter("no such dialect") == kBadConfig);
  CHECK(edgespan_open_exporter(0, 0, 0, 0, 0) == kMalformed);
  const int32_t opened = open_exporter("genai");
  CHECK(opened > 0);
  const uint32_t exporter = (uint32_t)opened;

  /* (7) Handles that were never given. */
  CHECK(edgespan_commit(exporter + 1, 0, 0, 0, 0, 0) == kBadHandle);
  CHECK(edgespan_cut(exporter, 1, 0, 0, 0) == kBadHandle);
  CHECK(edgespan_batch(12345) == kBadHandle);
  CHECK(edgespan_judge(12345, 200, 0, 0, 0, 0, 0, 0) == kBadHandle);
  CHECK(edgespan_release(12345, 0) == kBadHandle);
  CHECK(edgespan_stats(exporter, 7) == kBadHandle);
  CHECK(edgespan_drop(0, 0, 1) == kBadHandle);
  CHECK(edgespan_close(0, UINT32_MAX) == kBadHandle);

  /* (6) Bad input is counted, not trapped. */
  begin();
  word(kSpan, key("agent_run"), 0);
  CHECK(commit(exporter) == kMalformed);
  CHECK(edgespan_stats(exporter, 0) == kOk && result(0) == 1 && result(11) == 1);

  /* One run: nothing to cut before its root ends, one batch after it. */
  root_span(kStart);
  CHECK(commit(exporter) == 0);
  CHECK(edgespan_cut(exporter, 0, 0, 0, 0) == 0);
  root_span(kSpan);
  const int32_t trace = commit(exporter);
  CHECK(trace > 0);
  const int32_t batch = edgespan_cut(exporter, 0, (uint32_t)trace, 0, 0);
  CHECK(batch > 0);
  CHECK(edgespan_cut(exporter, 0, (uint32_t)trace, 0, 0) == 0);
  CHECK(edgespan_batch((uint32_t)batch) == kOk);
  CHECK(result(2) == 1);
  const uint8_t* body = memory() + result(0);
  const uint32_t size = result(1);
  static const uint8_t trace_id[] = {0x0a, 16,   0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd,
                                     0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
  CHECK(contains(body, size, trace_id, sizeof trace_id));
  CHECK(contains(body, size, "invoke_agent weather", 20));
  CHECK(edgespan_stats(exporter, 0) == kOk && result(0) == 2 && result(3) == 1);

  /* The batch stays where it is while another tape is read; then it is judged and released. */
  root_span(kStart);
  CHECK(commit(exporter) == 0);
  CHECK(edgespan_batch((uint32_t)batch) == kOk && memory() + result(0) == body);
  CHECK(edgespan_judge((uint32_t)batch, 200, 0, 0, 0, 0, 0, 0) == 0);
  CHECK(result(0) == 1 && result(1) == 0);
  CHECK(edgespan_release((uint32_t)batch, 0) == kOk);
  CHECK(edgespan_batch((uint32_t)batch) == kBadHandle);
  CHECK(edgespan_stats(exporter, 0) == kOk && result(1) == 1 && result(3) == 0);

  CHECK(edgespan_close(exporter, UINT32_MAX) == 1); /* the second run's root never ended */
  CHECK(edgespan_cut(exporter, 0, 0, 0, 0) == 0);
  CHECK(edgespan_stats(exporter, 0) == kOk && result(4) == 1);
  CHECK(edgespan_drop(exporter, 4, 3) == kOk);
  CHECK(edgespan_stats(exporter, 0) == kOk && result(0) == 5 && result(14) == 3);

  if (failures == 0) puts("abi_test: all checks passed");
  return failures == 0 ? 0 : 1;
}
