// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

// A simulation opens millions of caches that live for microseconds, and a third of its time would be the kernel's answers to
// what each of them asks: for entropy, to seed its hashes, and whether it was forked. So here they are asked once. Seeds still
// differ from cache to cache and from run to run, as nothing may hang on the order that a hash gives.
extern "C" int getentropy(void* to, std::size_t size) {
  thread_local std::uint64_t state = 0;
  if (size > sizeof state || (state == 0 && ::getrandom(&state, sizeof state, 0) != sizeof state)) return -1;
  state = state * 6'364'136'223'846'793'005 + 1'442'695'040'888'963'407;
  std::memcpy(to, &state, size);
  return 0;
}

extern "C" ::pid_t getpid() noexcept {
  static auto const own = static_cast<::pid_t>(::syscall(SYS_getpid));
  return own;
}
