# WebAssembly by Debian's Emscripten: finds its own toolchain file beside emcc, wherever that is.
# Trap: Debian's Emscripten has a frozen, read-only cache; EM_CACHE must not be set.
find_program(EDGESPAN_EMCC emcc REQUIRED)
file(REAL_PATH "${EDGESPAN_EMCC}" edgespan_emcc)
cmake_path(GET edgespan_emcc PARENT_PATH edgespan_emscripten)
include("${edgespan_emscripten}/cmake/Modules/Platform/Emscripten.cmake")
