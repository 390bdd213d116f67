// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

// What programs would pass to each other beside the cache: the highest revision of each key that anybody was told of, in
// memory that all workers share. Reads ask for it with at_least.
namespace faults {

class latest {
 public:
  latest(std::string const& path, std::size_t keys) : bytes_{keys * sizeof(revision)} {
    int const file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    bool const sized = file >= 0 && ::ftruncate(file, static_cast<::off_t>(bytes_)) == 0;
    void* const memory = sized ? ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
    if (file >= 0) ::close(file);
    if (memory == MAP_FAILED) throw std::runtime_error{"cannot share " + path};
    all_ = static_cast<revision*>(memory);
  }
  latest(latest const&) = delete;
  latest& operator=(latest const&) = delete;
  ~latest() { ::munmap(all_, bytes_); }

  void tell(std::uint32_t key, std::uint64_t acknowledged) noexcept {
    auto known = all_[key].load();
    while (known < acknowledged && !all_[key].compare_exchange_weak(known, acknowledged)) {
    }
  }
  [[nodiscard]] std::uint64_t of(std::uint32_t key) const noexcept { return all_[key].load(); }

 private:
  using revision = std::atomic<std::uint64_t>;
  static_assert(revision::is_always_lock_free);
  revision* all_;
  std::size_t bytes_;
};

}  // namespace faults
