// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <memory>
#include <utility>

namespace strata::flow {

/// One caller's part in a look for a key: it leads a flight, follows one, or goes alone. What it leads ends with it.
/// \tparam Holder  has the flights; its end(turn, answer) takes the flight out, with the answer where there is one
/// \tparam Fill    what the look may fill
template <class Holder, class Flight, class Answer, class Fill>
class turn {
 public:
  turn(Holder& holder, Fill const& fill, std::shared_ptr<Flight> flight, bool leads) noexcept
      : holder_{&holder}, fill_{fill}, flight_{std::move(flight)}, leads_{leads} {}
  turn(turn&& other) noexcept
      : holder_{other.holder_},
        fill_{other.fill_},
        flight_{std::move(other.flight_)},
        leads_{std::exchange(other.leads_, false)} {}
  turn& operator=(turn&&) = delete;
  ~turn() {
    if (leads_) holder_->end(*this, nullptr);
  }

  [[nodiscard]] bool follows() const noexcept { return flight_ != nullptr && !leads_; }
  [[nodiscard]] Fill const& fill() const noexcept { return fill_; }
  [[nodiscard]] std::shared_ptr<Flight> const& shared() const noexcept { return flight_; }
  [[nodiscard]] Flight* led() const noexcept { return leads_ ? flight_.get() : nullptr; }

  /// The leader's answer to everybody who followed.
  void land(Answer const& answer) noexcept {
    if (std::exchange(leads_, false)) holder_->end(*this, &answer);
  }

 private:
  Holder* holder_;
  Fill fill_;
  std::shared_ptr<Flight> flight_;
  bool leads_;
};

}  // namespace strata::flow
