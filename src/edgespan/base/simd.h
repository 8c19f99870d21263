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
#endif
