// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <sched.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <system_error>

// The client on one half of the processors and the server on the other, as on two machines. Left to itself the scheduler
// puts a thread and the process that answers it on one processor or on two, as chance has it, and keeps them there: on one
// machine that made the same call take 21 us or 61.
namespace apart {

inline void keep(pid_t process, cpu_set_t const& processors) {
  std::error_code gone;
  for (auto const& task : std::filesystem::directory_iterator{"/proc/" + std::to_string(process) + "/task", gone}) {
    std::string const name = task.path().filename();
    pid_t thread = 0;
    std::from_chars(name.data(), name.data() + name.size(), thread);
    ::sched_setaffinity(thread, sizeof processors, &processors);
  }
}

/// To be called before threads are started and connections are made: both inherit their place.
/// \param pid_files  the first line of each is a server's process
inline void from(std::initializer_list<std::filesystem::path> pid_files) {
  cpu_set_t all;
  if (::sched_getaffinity(0, sizeof all, &all) != 0 || CPU_COUNT(&all) < 2) return;
  cpu_set_t ours, theirs;
  CPU_ZERO(&ours);
  CPU_ZERO(&theirs);
  int seen = 0;
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu)
    if (CPU_ISSET(cpu, &all)) CPU_SET(cpu, seen++ < CPU_COUNT(&all) / 2 ? &ours : &theirs);
  keep(::getpid(), ours);
  for (auto const& file : pid_files)
    if (pid_t server = 0; std::ifstream{file} >> server) keep(server, theirs);
}

}  // namespace apart
