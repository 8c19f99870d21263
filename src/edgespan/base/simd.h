// 128-bit vectors: one source for WebAssembly and native builds.
//
// Code is written against the intrinsics of wasm_simd128.h. Natively SIMDe gives the same names, so
// that unit tests, sanitizers and fuzzers see the code that ships. EDGESPAN_SIMD is 1 where vectors
// are used and 0 where only the scalar twins are; a build may force it (-DEDGESPAN_SIMD=0).
#pragma once

#ifndef EDGESPAN_SIMD
#if !defined(__wasm__) || defined(__wasm_simd128__)
#define EDGESPAN_SIMD 1
#else
#define EDGESPAN_SIMD 0
#endif
#endif

#if EDGESPAN_SIMD
#ifdef __wasm__
#include <wasm_simd128.h>
#else
#ifndef SIMDE_ENABLE_NATIVE_ALIASES
#define SIMDE_ENABLE_NATIVE_ALIASES
#endif
#include <simde/wasm/simd128.h>
#endif

namespace edgespan {

// Where constants of vectors are read from before a loop: V8 makes them anew wherever they stand, each
// pass of the loop too, which may take as long as the rest of it. The compiler must not see through it.
template <class T>
inline const T* Unseen(const T* constants) {
  asm("" : "+r"(constants));
  return constants;
}

}  // namespace edgespan
#endif
