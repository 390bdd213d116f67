// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace strata::cold::lite {

struct options {
  /// Made where there is none, in a folder that is there, on a disk of this machine: file systems of a network do not
  /// keep the locks that this needs. Beside it stand FILE-wal and FILE-shm, which are part of it, and FILE-lock.
  std::string file = {};
  /// Which of the file's rows are this cache's: several caches of different types can share a file.
  std::string space = "template";
  /// One read runs per connection at a time: as many as threads that miss at once; opened when they are wanted.
  std::size_t readers = 4;
  /// How long opening may wait for other processes to let go of the file, before it fails.
  std::chrono::milliseconds open_timeout{5000};
};

}  // namespace strata::cold::lite
