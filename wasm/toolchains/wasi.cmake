# WebAssembly by Debian's clang-19, wasi-libc and libc++ (packages in scripts/lib/apt-packages.txt).
# Only headers and inline code of the two libraries are used: the module links no system interface.
set(CMAKE_SYSTEM_NAME WASI)  # not a platform CMake knows: wasm/toolchains/Platform/WASI.cmake
set(CMAKE_SYSTEM_PROCESSOR wasm32)
list(APPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}")

set(CMAKE_C_COMPILER clang-19)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_C_COMPILER_TARGET wasm32-wasi)
set(CMAKE_CXX_COMPILER_TARGET wasm32-wasi)

# Nothing of the host may be found by accident; programs (protoc) may.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
