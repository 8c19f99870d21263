// Stands in for protobuf's <google/protobuf/stubs/mutex.h> in the wasi build, whose libc++ has no
// threads and therefore no std::mutex. The module is single-threaded and links no protobuf code;
// protobuf's headers only need these names to exist.
#ifndef GOOGLE_PROTOBUF_STUBS_MUTEX_H_
#define GOOGLE_PROTOBUF_STUBS_MUTEX_H_

namespace google::protobuf {
namespace internal {

class WrappedMutex {
 public:
  constexpr WrappedMutex() = default;
  void Lock() {}
  void Unlock() {}
};
using Mutex = WrappedMutex;

class MutexLock {
 public:
  explicit MutexLock(Mutex* /*mutex*/) {}
};

}  // namespace internal
using internal::Mutex;
using internal::MutexLock;
}  // namespace google::protobuf

#endif  // GOOGLE_PROTOBUF_STUBS_MUTEX_H_
