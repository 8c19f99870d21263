// The exports of redactor.wasm: what the core calls of the redactor. The contract is in
// src/edgespan/privacy/hooks.h, their places in the core's table in README.md.
#include <new>

#include "abi.h"
#include "edgespan/privacy/hooks.h"

using edgespan::Buffer;
using edgespan::PageArena;
using edgespan::RedactionPolicy;
using edgespan::Redactor;

extern "C" {

uint32_t EDGESPAN_EXPORT(edgespan_redactor_open)(Redactor* room, uint32_t version, PageArena* arena,
                                                 const char* texts, uint32_t actions,
                                                 uint32_t hash_key, uint32_t keys) {
  RedactionPolicy policy;
  if (version != edgespan::kHooksVersion || !policy.SetActions({texts, actions})) return 0;
  policy.hash_key = {texts + actions, hash_key};
  policy.keys = {texts + actions + hash_key, keys};
  new (room) Redactor(policy, arena);
  return 1;
}

uint32_t EDGESPAN_EXPORT(edgespan_redactor_redact)(Redactor* redactor, const char* text,
                                                   uint32_t bytes, uint32_t how, Buffer* out) {
  if (how == 0) return redactor->Redact({text, bytes}, out) ? 1 : 0;
  if ((how & 1) != 0) {
    redactor->ReplaceKeyed({text, bytes}, out);
  } else {
    redactor->AppendContentDigest({text, bytes}, out);
  }
  return 1;
}

uint32_t EDGESPAN_EXPORT(edgespan_redactor_key)(Redactor* redactor, uint32_t id, const char* name,
                                                uint32_t bytes, Buffer* out) {
  return redactor->Key(id, {name, bytes}, out);
}

}  // extern "C"
