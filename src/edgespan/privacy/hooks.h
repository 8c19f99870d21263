// What the core calls of the redactor, which is a module of its own (redactor.wasm): functions in
// consecutive places of the core's table, in this order, from the place on that a destination's `hooks`
// names. Natively they are called by name.
//
// The two modules share memory, and in it the layouts of what these pass: both are built from one commit,
// and a redactor of another one refuses to be opened.
#pragma once

#include <cstdint>

#include "edgespan/privacy/redactor.h"

namespace edgespan {

// Changes with what crosses here, as far as a compiler can tell.
constexpr uint32_t kHooksVersion =
    1u << 24 ^ sizeof(Redactor) << 12 ^ sizeof(PageArena) << 6 ^ sizeof(Buffer);

extern "C" {

// Makes a Redactor in `room`, which has sizeof(Redactor) bytes. texts: a digit for each Finding, the
// Redaction of it; then RedactionPolicy::hash_key and ::keys. They must stay. 0: the version is another,
// or the policy is none.
uint32_t edgespan_redactor_open(Redactor* room, uint32_t version, PageArena* arena,
                                const char* texts, uint32_t actions, uint32_t hash_key,
                                uint32_t keys);

// What may be shown of a text; 0: all of it, and nothing was written. `how`: 0 what is found in it is
// replaced; 1 all of it, as it stands under a sensitive key; 8 a digest of all of it.
uint32_t edgespan_redactor_redact(Redactor* redactor, const char* text, uint32_t bytes,
                                  uint32_t how, Buffer* out);

// Of a member's name: 1 what it names is sensitive; 2 there is something to redact in the name itself,
// what is left of it was written. `id`: an interned key's, for what is known of it already; or 0.
uint32_t edgespan_redactor_key(Redactor* redactor, uint32_t id, const char* name, uint32_t bytes,
                               Buffer* out);
}

}  // namespace edgespan
