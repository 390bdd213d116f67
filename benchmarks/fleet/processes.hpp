// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

// The processes of a fleet and the memory that they share with the one that watches them. They are forked, so the watcher
// must have neither threads nor connections.
namespace fleet {

using ns = std::chrono::nanoseconds;
/// Nanoseconds of CLOCK_MONOTONIC, which all processes of a machine share.
inline std::int64_t now() { return std::chrono::steady_clock::now().time_since_epoch() / ns{1}; }

/// Zeroed memory that forked processes share. What one of them wrote is there also after it was killed; pages that nobody
/// touched cost nothing, so there may be more than enough.
template <class T>
  requires std::is_trivially_destructible_v<T>
class shared_memory {
 public:
  explicit shared_memory(std::size_t count) : bytes_{count * sizeof(T)} {
    void* const got =
        ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (got == MAP_FAILED) throw std::bad_alloc{};
    first_ = static_cast<T*>(got);  // zero is a value of all that is put here
  }
  shared_memory(shared_memory const&) = delete;
  shared_memory& operator=(shared_memory const&) = delete;
  ~shared_memory() { ::munmap(first_, bytes_); }

  [[nodiscard]] T& operator[](std::size_t i) const { return first_[i]; }
  [[nodiscard]] T& operator*() const { return *first_; }
  [[nodiscard]] T* operator->() const { return first_; }

 private:
  std::size_t bytes_;
  T* first_;
};

/// Entries that one thread appends; others may look at any time, also when it was killed.
template <class T, std::uint32_t Most>
class log_of {
 public:
  /// \returns where it stands; null when the log is full
  T* append(T const& one) {
    auto const count = count_.load(std::memory_order_relaxed);
    if (count == Most) return nullptr;
    entries_[count] = one;
    count_.store(count + 1, std::memory_order_release);
    return &entries_[count];
  }
  [[nodiscard]] std::span<T const> entries() const { return {entries_, count_.load(std::memory_order_acquire)}; }
  [[nodiscard]] bool full() const { return entries().size() == Most; }

 private:
  std::atomic<std::uint32_t> count_;
  T entries_[Most];
};

/// A child process that runs f. Destroying it kills it.
class process {
 public:
  template <class F>
  explicit process(F f) : pid_{::fork()} {
    if (pid_ < 0) throw std::runtime_error{"fork failed"};
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      int status = 0;
      try {
        f();
      } catch (std::exception const& fault) {
        std::fprintf(stderr, "a process of the fleet: %s\n", fault.what());
        status = 1;
      }
      std::fflush(nullptr);
      ::_exit(status);  // what the parent has is the parent's to destroy
    }
  }
  process(process&& other) noexcept : pid_{std::exchange(other.pid_, 0)} {}
  process& operator=(process other) noexcept {
    std::swap(pid_, other.pid_);
    return *this;
  }
  ~process() { kill(); }

  void signal(int what) const noexcept {
    if (pid_ != 0) ::kill(pid_, what);
  }
  /// kill -9, and waits until nothing of it runs any more.
  void kill() noexcept {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, 0), nullptr, 0);
  }
  /// Waits for its end. \returns whether it ended by itself, in time and well
  bool join(std::chrono::milliseconds within) {
    for (auto const until = std::chrono::steady_clock::now() + within; pid_ != 0;) {
      int status = 0;
      if (::waitpid(pid_, &status, WNOHANG) == pid_) {
        pid_ = 0;
        return WIFEXITED(status) && WEXITSTATUS(status) == 0;
      }
      if (std::chrono::steady_clock::now() > until) kill();
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return false;
  }

 private:
  ::pid_t pid_;
};

inline std::string given(char const* name) {
  char const* const value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error{std::string{name} + " is not set; test/servers run sets it"};
  return value;
}

/// Runs test/servers with these words.
inline void servers(std::string const& words) {
  if (std::system((given("STRATA_TEST_SERVERS") + " " + words).c_str()) != 0)
    throw std::runtime_error{"test/servers " + words + " failed"};
}

}  // namespace fleet
