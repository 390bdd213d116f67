// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <type_traits>
#include <utility>

// A tier's function may give its result at once, as blocking clients do, or something to await, as the simulator's tiers
// do. Flows await both; concepts look through both.
namespace strata {

template <class A>
concept awaitable = requires(A a) {
  a.await_ready();
  a.await_resume();
};

namespace detail {
template <class A>
struct awaited {
  using type = A;
};
template <awaitable A>
struct awaited<A> {
  using type = std::remove_cvref_t<decltype(std::declval<A&>().await_resume())>;
};
}  // namespace detail

/// The result of a tier's function, however it comes.
template <class A>
using awaited_t = typename detail::awaited<A>::type;

template <class A, class R>
concept gives = std::is_same_v<awaited_t<std::remove_cvref_t<A>>, R>;

}  // namespace strata
