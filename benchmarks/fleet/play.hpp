// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hit.hpp>

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <format>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "history.hpp"
#include "processes.hpp"
#include "setting.hpp"

// What the processes of a fleet do: each thread reads and writes templates one call after another, by a list of requests
// that was made before, and notes every call where the watcher sees it.
namespace fleet {

/// What one thread did.
using call_log = log_of<event, 1U << 22U>;

/// How the watcher and the processes talk.
struct board {
  std::atomic<std::uint32_t> ready;
  std::atomic<std::int64_t> start;  ///< zero until all are ready
  std::atomic<bool> stop;
};

/// The work of a whole fleet.
struct workload {
  struct document {
    std::string id, text;
    std::map<std::string, std::string, std::less<>> metadata;
  };
  std::vector<document> documents = {};
  std::vector<std::uint32_t> requests =
      {};  ///< indexes of documents, in the order asked; each thread begins somewhere else
  unsigned writes_percent = 5;
  std::size_t processes = 8;
  std::size_t threads = 2;  ///< of each process
  [[nodiscard]] std::size_t workers() const { return processes * threads; }
};

// A value is the template and a last line with its mark.
inline std::string marked(std::string_view text, mark m) {
  return std::format("{}\n{} {} {}", text, m.key, m.writer, m.number);
}
inline std::optional<mark> mark_in(std::string_view text) {
  text.remove_prefix(std::min(text.size(), text.rfind('\n') + 1));
  mark m;
  auto const read = [&](auto& number) {
    auto const [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (fault != std::errc{}) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.starts_with(' ')) text.remove_prefix(1);
    return true;
  };
  if (read(m.key) && read(m.writer) && read(m.number)) return m;
  return std::nullopt;
}

// What an answer says, whichever contender gave it. All but Strata call whatever they return current.
template <class T>
std::uint64_t version_of(strata::hit<T> const& found) {
  return strata::number(found.revision());
}
template <class T>
std::uint64_t version_of(T const& found) {
  return static_cast<std::uint64_t>(found->version);
}
template <class T>
bool called_current(strata::hit<T> const& found) {
  return found.freshness() == strata::freshness::fresh;
}
template <class T>
bool called_current(T const&) {
  return true;
}

/// One thread of a process.
template <class Store, class Asset>
class worker {
 public:
  worker(Store& store, workload const& work, call_log& log, std::uint16_t number)
      : store_{store}, work_{work}, log_{log}, number_{number}, random_{number + 1U} {}

  /// Writes this worker's share of the documents, until all are acknowledged.
  void import() {
    for (std::uint32_t i = number_; i < work_.documents.size(); i += static_cast<std::uint32_t>(work_.workers()))
      for (int attempts = 0; !write(i);)
        if (++attempts == 100) throw std::runtime_error{"the templates could not be stored"};
  }
  /// Calls until it is told to stop.
  void play(board const& shared) {
    auto const& order = work_.requests;
    for (std::size_t at = order.size() / 32 * number_; !shared.stop && !log_.full(); ++at) {
      auto const i = order[at % order.size()];
      bool const done = random_() % 100 < work_.writes_percent ? write(i) : read(i);
      if (!done) std::this_thread::sleep_for(std::chrono::milliseconds{1});  // nobody asks a dead server in a busy loop
    }
  }

 private:
  bool read(std::uint32_t i) {
    return noted({.key = i}, [&](event& e) {
      auto const found = store_.get(work_.documents[i].id);
      e.ended = now();
      if (!found) return;
      e.version = version_of(found);
      e.current = called_current(found);
      e.mark = mark_in(found->data).value_or(mark{.key = ~0U});
    });
  }
  bool write(std::uint32_t i) {
    auto const& d = work_.documents[i];
    mark const m{.key = i, .number = ++writes_, .writer = number_};
    auto text = marked(d.text, m);
    return noted({.key = i, .mark = m, .call = call::write}, [&](event& e) {
      auto const version = store_.put(Asset{.id = d.id,
                                            .asset_type = "template",
                                            .data = std::move(text),
                                            .metadata = decltype(Asset::metadata){d.metadata}});
      e.ended = now();
      e.version = static_cast<std::uint64_t>(version);
    });
  }
  /// \returns whether the call was answered
  template <class F>
  bool noted(event e, F call) {
    e.begun = now();
    event* const kept = log_.append(e);
    if (kept == nullptr) return false;
    auto how = state::answered;
    try {
      call(*kept);
    } catch (std::exception const&) {
      kept->ended = now();
      how = state::failed;
    }
    std::atomic_ref{kept->state}.store(how, std::memory_order_release);
    return how == state::answered;
  }

  Store& store_;
  workload const& work_;
  call_log& log_;
  std::uint16_t number_;
  std::uint32_t writes_ = 0;
  std::minstd_rand random_;
};

}  // namespace fleet
