// The C ABI over the Pipeline; the contract is in abi.h. Each function is one to three lines.
#include "abi.h"

#include "edgespan/model/schema.h"
#include "edgespan/pipeline/pipeline.h"

#ifndef __wasm__
#include <sys/mman.h>

#include <cstring>
#include <new>
#endif

namespace {

using edgespan::LossReason;
using edgespan::Pipeline;
using edgespan::Status;

constinit Pipeline g_pipeline;
constinit bool g_ready = false;

#ifdef __wasm__

extern "C" uint8_t __heap_base;  // from the linker: the end of the module's own data

constexpr edgespan::PageArena::GrowFn Grow = nullptr;  // the arena grows by itself
constexpr uint32_t g_budget = Pipeline::kDefaultBudget;
uintptr_t Base() { return 0; }
uint32_t First() { return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(&__heap_base)); }
uint32_t Publish(const char* text) {
  return static_cast<uint32_t>(reinterpret_cast<uintptr_t>(text));
}

#else

// One reservation stands for linear memory; untouched pages cost nothing.
constexpr size_t kRegion = edgespan::PageArena::kMaxBudget + 4 * edgespan::PageArena::kPageSize;
bool Grow(uintptr_t) { return true; }
uintptr_t Base() {
  static void* const region = mmap(nullptr, kRegion, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return reinterpret_cast<uintptr_t>(region);
}
uint32_t g_budget = Pipeline::kDefaultBudget;
uint32_t First() { return 2 * edgespan::PageArena::kPageSize; }
// The text lies outside the region: it is copied into the page before the first one in use.
uint32_t Publish(const char* text) {
  constexpr uint32_t kAt = 64;
  std::memcpy(reinterpret_cast<char*>(Base() + kAt), text, std::strlen(text) + 1);
  return kAt;
}

#endif

Pipeline& Core() {
  if (!g_ready) [[unlikely]] {
    g_ready = true;
    g_pipeline.Init(Base(), First(), g_budget, Grow);
  }
  return g_pipeline;
}

int32_t Value(Status status) { return static_cast<int32_t>(status); }

}  // namespace

extern "C" {

uint32_t edgespan_abi_version(void) { return EDGESPAN_ABI_VERSION; }

#ifndef __wasm__
void* edgespan_memory(void) { return reinterpret_cast<void*>(Base()); }
void edgespan_reset(uint32_t budget) {
  new (&g_pipeline) Pipeline();
  g_budget = budget != 0 ? budget : Pipeline::kDefaultBudget;
  g_ready = false;
}
#endif

uint32_t edgespan_result(void) { return Core().result(); }

uint32_t edgespan_keys(void) { return Publish(edgespan::kSchemaText); }

int32_t edgespan_lend(uint32_t words, uint32_t doubles, uint32_t text_bytes) {
  return Value(Core().Lend(words, doubles, text_bytes));
}

int32_t edgespan_intern(uint32_t at, uint32_t size) { return Core().Intern(at, size); }

int32_t edgespan_open_exporter(uint32_t words, uint32_t doubles, uint32_t rope_at,
                               uint32_t rope_bytes, uint32_t rope_units) {
  return Core().OpenExporter({words, doubles, rope_at, rope_bytes, rope_units});
}
int32_t edgespan_commit(uint32_t exporter, uint32_t words, uint32_t doubles, uint32_t rope_at,
                        uint32_t rope_bytes, uint32_t rope_units) {
  return Core().Commit(exporter, {words, doubles, rope_at, rope_bytes, rope_units});
}
int32_t edgespan_drop(uint32_t exporter, uint32_t reason, uint32_t spans) {
  return Core().Drop(exporter, static_cast<LossReason>(reason), spans);
}
int32_t edgespan_close(uint32_t exporter, uint32_t before) {
  return Core().Close(exporter, before);
}
int32_t edgespan_cut(uint32_t exporter, uint32_t destination, uint32_t trace, uint32_t now,
                     uint32_t hold) {
  return Core().Cut(exporter, destination, trace, now, hold != 0);
}
int32_t edgespan_adopt(uint32_t exporter, uint32_t destination, uint32_t spans, uint32_t size,
                       uint32_t now) {
  return Core().Adopt(exporter, destination, spans, size, now);
}

int32_t edgespan_batch(uint32_t batch) { return Value(Core().Describe(batch)); }
int32_t edgespan_judge(uint32_t batch, uint32_t http_status, uint32_t body_kind, uint32_t size,
                       uint32_t retry_after, uint32_t now, uint32_t left, uint32_t random) {
  const auto kind = static_cast<edgespan::otlp::BodyKind>(body_kind);
  return Core().Judge(batch, {http_status, kind, size, retry_after}, now, left, random);
}
int32_t edgespan_release(uint32_t batch, uint32_t spooled) {
  return Value(Core().Release(batch, spooled != 0));
}

int32_t edgespan_redact(uint32_t exporter, uint32_t destination, uint32_t size) {
  return Value(Core().Redact(exporter, destination, size));
}

int32_t edgespan_stats(uint32_t exporter, uint32_t destination) {
  return Value(Core().Stats(exporter, destination));
}

}  // extern "C"
