// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <format>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

// Hosts whose wires can be cut: what test/networks makes for a program that test/servers runs.
namespace strata_test {

/// Wires cannot be had here.
struct no_networks : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline std::string networks_script() {
  char const* const servers = std::getenv("STRATA_TEST_SERVERS");
  if (servers == nullptr) throw std::runtime_error{"STRATA_TEST_SERVERS is not set; test/servers run sets it"};
  return std::filesystem::path{servers}.replace_filename("networks").string();
}

/// \returns what test/networks answered
inline std::string networks(std::string const& words) {
  auto const command = std::format("{} {}; echo \"status $?\"", networks_script(), words);
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> const pipe{::popen(command.c_str(), "r"), ::pclose};
  std::string answer;
  for (int c; pipe && (c = std::fgetc(pipe.get())) != EOF;) answer += static_cast<char>(c);
  auto const status = answer.rfind("status ");
  if (status == std::string::npos) throw std::runtime_error{"test/networks " + words + " did not run"};
  if (answer.substr(status) == "status 77\n") throw no_networks{answer.substr(0, answer.find('\n'))};
  if (answer.substr(status) != "status 0\n") throw std::runtime_error{"test/networks " + words + ": " + answer};
  return answer.substr(0, status);
}

/// As long as it lives, what comes from one host does not arrive at the other; 0 is where we are.
class cut {
 public:
  cut(std::size_t a, std::size_t b) : words_{std::format(" {} {}", a, b)} { networks("cut" + words_); }
  cut(cut const&) = delete;
  cut& operator=(cut const&) = delete;
  ~cut() {
    try {
      networks("join" + words_);
    } catch (std::exception const& fault) {
      std::cerr << fault.what() << '\n';
      std::abort();  // nothing that is found from here on would mean anything
    }
  }

 private:
  std::string words_;
};

}  // namespace strata_test
