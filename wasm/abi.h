/* The C ABI of the Edgespan core: everything that core.wasm exports, but for the table, where
 * redactor.wasm's functions go (README.md).
 *
 * Conventions
 *  (1) Types are uint32_t and int32_t. No 64-bit parameters (no BigInt in the host); times and
 *      numbers travel in the lent float64 area. Strings travel in the lent text area. The core has no
 *      clock: `now` is whole Unix seconds, a wait whole milliseconds.
 *  (2) An "offset" is a byte distance from edgespan_memory(), which is 0 in WebAssembly: there an
 *      offset is an address in linear memory.
 *  (3) The host never allocates or frees. edgespan_lend() lends the three tape areas; they stay
 *      valid until the next edgespan_lend() or any call that takes a tape, after which the host
 *      reads the offsets again. Any call may grow memory: refresh views when memory.buffer changed.
 *  (4) Negative results are edgespan::Status (src/edgespan/base/status.h). Zero or positive is
 *      success: a count, a handle or an offset.
 *  (5) Calls are not re-entrant, and the core calls nothing back: the module has no imports. The
 *      functions of redactor.wasm, which it calls through its table, call nobody.
 *  (6) Bad input never traps: it yields a Status, or is dropped and counted.
 *  (7) Handles are positive and never reused while alive; a stale one yields kBadHandle.
 *  (8) edgespan_abi_version() changes when any of this does; the shim refuses a mismatch.
 */
#ifndef EDGESPAN_WASM_ABI_H_
#define EDGESPAN_WASM_ABI_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __wasm__
#define EDGESPAN_EXPORT(name) __attribute__((export_name(#name), used, visibility("default"))) name
#else
#define EDGESPAN_EXPORT(name) name
#endif

#define EDGESPAN_ABI_VERSION 6u

uint32_t EDGESPAN_EXPORT(edgespan_abi_version)(void);

/* Address that offsets count from (0 in WebAssembly). */
#ifndef __wasm__
void* edgespan_memory(void);
/* A fresh core, as a new instance of the module would be, with this memory budget in bytes (0: the
 * default of 32 MiB); for native tests and tools. */
void edgespan_reset(uint32_t budget);
#endif

/* The result area: uint32 fields, filled by the calls that say so and valid until the next of them.
 * Its offset never changes. */
uint32_t EDGESPAN_EXPORT(edgespan_result)(void);

/* The fixed keys, in id order from 1, as UTF-8 text: each followed by '\n', the last one by '\n' and a
 * zero byte. */
uint32_t EDGESPAN_EXPORT(edgespan_keys)(void);

/* Makes the tape areas at least this large (elements, elements, bytes), keeping what was written;
 * zeros lend the default sizes. An area that is over 1 MiB and larger than asked for shrinks to its
 * default. kTooLarge / kNoMemory leave the areas as they were. Fills the result area, whatever it
 * returns: [words, doubles, text (offsets, multiples of 8), words, doubles (elements), text (bytes)]. */
int32_t EDGESPAN_EXPORT(edgespan_lend)(uint32_t words, uint32_t doubles, uint32_t text_bytes);

/* Interns a key: `size` bytes of UTF-8 at text[at]. Returns its id (1..16383), the same for the same
 * text, or kTooLarge (table full, key over 64 bytes, or a key that JSON must escape): such keys go
 * inline (tape op kKey). */
int32_t EDGESPAN_EXPORT(edgespan_intern)(uint32_t at, uint32_t size);

/* Opens an exporter from a tape with one config item (see src/README.md, "Configuration"). The host
 * shares one among equal configurations; when all places are taken, the idle one (no spans held, no
 * batch out) that was used least recently gives way, and its handle becomes kBadHandle. */
int32_t EDGESPAN_EXPORT(edgespan_open_exporter)(uint32_t words, uint32_t doubles, uint32_t rope_at,
                                                uint32_t rope_bytes, uint32_t rope_units);

/* Reads a tape of trace, start and span items into trace buffers. Returns the handle of the trace
 * whose root ended last on this tape, or 0 when none did. On kMalformed the items before the bad one
 * stay committed, the rest is dropped and counted. Fills the result area: [handle of the trace that the
 * last span or start item went to, 0 without one]. */
int32_t EDGESPAN_EXPORT(edgespan_commit)(uint32_t exporter, uint32_t words, uint32_t doubles,
                                         uint32_t rope_at, uint32_t rope_bytes,
                                         uint32_t rope_units);

/* Ended spans that the host itself had to give up (`reason`: LossReason of pipeline/accounting.h). */
int32_t EDGESPAN_EXPORT(edgespan_drop)(uint32_t exporter, uint32_t reason, uint32_t spans);

/* Closes open traces of the exporter of which nothing was heard from second `before` of the epoch on (by
 * the times of their items; 0xffffffff: every open trace), so that edgespan_cut() takes what has ended;
 * spans that started and did not end are counted as unended. Returns their number. */
int32_t EDGESPAN_EXPORT(edgespan_close)(uint32_t exporter, uint32_t before);

/* Encodes the next batch for one destination: of one trace; of any closed trace of the exporter (trace
 * 0); of any trace, open ones included (0xffffffff). Of an open trace, a destination that does not want
 * runs whole gets the ended spans that nothing can change any more. Returns a batch id, or 0 when
 * nothing is left to send there now. While the destination's circuit is open (pipeline/circuit.h) its
 * spans of closed traces are dropped and counted instead, unless `hold` is not 0: then the batch says
 * that it is not to be posted now. A closed trace that the destination's tail sampling leaves out is
 * counted and gives nothing; of an open one that it has not decided nothing leaves. */
int32_t EDGESPAN_EXPORT(edgespan_cut)(uint32_t exporter, uint32_t destination, uint32_t trace,
                                      uint32_t now, uint32_t hold);

/* A batch of so many spans that comes back from a store, to be judged and released as if it had been
 * cut here; its spans count as replayed. `size` bytes of its body, neither compressed nor JSON, stand
 * at text[0]; with 0 bytes the host alone has the body, and the batch cannot be sent in parts. */
int32_t EDGESPAN_EXPORT(edgespan_adopt)(uint32_t exporter, uint32_t destination, uint32_t spans,
                                        uint32_t size, uint32_t now);

/* What of a batch is to be posted: its bytes stay where they are, through any other call, until the
 * batch is judged or released. Fills the result area: [offset, bytes, spans, serial, shut]. Batches of
 * several destinations with one serial are the same bytes. shut: not to be posted now. */
int32_t EDGESPAN_EXPORT(edgespan_batch)(uint32_t batch);

/* Judges an answer: HTTP status (0: no answer, the request failed or timed out), kind of the body
 * (0 other, 1 application/x-protobuf, 2 application/json), `size` bytes of it at text[0], and how many
 * milliseconds its Retry-After header asks to wait; `left` is how many the host may still spend on this
 * batch, `random` 32 random bits. Counts what became of spans and returns a Verdict
 * (otlp/response.h): kRetry, post the same after a wait; kNext, post what edgespan_batch() now says;
 * after any other nothing is to be posted. Fills the result area:
 * [accepted, rejected, message (offset), message (bytes), wait (milliseconds)]. kBadHandle also when
 * the batch was judged to its end. */
int32_t EDGESPAN_EXPORT(edgespan_judge)(uint32_t batch, uint32_t http_status, uint32_t body_kind,
                                        uint32_t size, uint32_t retry_after, uint32_t now,
                                        uint32_t left, uint32_t random);

/* Ends a batch. Spans of it that nothing became of count as rejected after kDenied, else as unsent; or,
 * if `spooled` is not 0, as given to a store: what edgespan_batch() said before is what is left. */
int32_t EDGESPAN_EXPORT(edgespan_release)(uint32_t batch, uint32_t spooled);

/* What may leave, to a destination, of the `size` bytes of UTF-8 at text[0]: by its policy of redaction,
 * for what the host itself sends beside spans. Fills the result area: [offset, bytes, found], good until
 * the next call; found: how often something was replaced or withheld. All of it, where the destination
 * redacts nothing. kTooLarge: more than the text area holds. */
int32_t EDGESPAN_EXPORT(edgespan_redact)(uint32_t exporter, uint32_t destination, uint32_t size);

/* The exporter's totals for one destination, in the result area: the fields of Stat
 * (pipeline/accounting.h). */
int32_t EDGESPAN_EXPORT(edgespan_stats)(uint32_t exporter, uint32_t destination);

#ifdef __cplusplus
}
#endif

#endif /* EDGESPAN_WASM_ABI_H_ */
