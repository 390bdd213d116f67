// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/explain/call.hpp>
#include <strata/deferred.hpp>
#include <strata/error.hpp>
#include <strata/hit.hpp>
#include <strata/key.hpp>
#include <strata/options.hpp>
#include <strata/receipt.hpp>
#include <strata/record.hpp>
#include <strata/run/later.hpp>

#include <type_traits>

// Advice for calls that a cache cannot serve: a value that knows no key and is given without one, and functions that a verb
// cannot call. These are overloads of the verbs, each of them taken only then, to say why in one error.
namespace strata::flow {

/// A value given without a key that does not know its own: never preferred to a key. Braces alone make an aggregate.
template <class T>
struct keyless {
  keyless(T const&);
};
template <class T>
using lone = std::conditional_t<std::is_aggregate_v<T>, T, keyless<T>>;

/// What a verb without a key gives for it.
template <class T>
deferred<result<receipt>, T> explain_keyed() {
  static_assert(
      keyed<T>,
      "strata::cache: put(value), put_if(read, value) and their co_ forms ask the value for its key, and this "
      "type has none to give. Call put(key, value) or put_if(key, read, value), give the type a member 'id', "
      "or specialise strata::record<T> with 'static auto key(T const&)'.");
  return failure(errc::unsupported);
}

/// What a cache over this core brings in beside its verbs, under their names.
template <class Core>
class advice {
  using value_type = typename Core::value_type;
  using key_view = strata::key_view<typename Core::key_type>;
  using put_options = typename Core::put_options;
  using write_options = typename Core::write_options;
  using answer = hit<value_type>;
  using outcome = deferred<result<receipt>, Core>;
  template <class T>
  using later = strata::later<Core, T>;

 public:
  template <class V = value_type>
    requires(!keyed<V>)
  [[nodiscard]] outcome put(lone<V>, put_options = {}) {
    return explain_keyed<V>();
  }
  template <class V = value_type>
    requires(!keyed<V>)
  [[nodiscard]] outcome put_if(auto const&, lone<V>, put_options = {}) {
    return explain_keyed<V>();
  }
  template <class V = value_type>
    requires(!keyed<V>)
  [[nodiscard]] later<outcome> co_put(lone<V>, put_options = {}) {
    return later<outcome>{explain_keyed<V>()};
  }
  template <class V = value_type>
    requires(!keyed<V>)
  [[nodiscard]] later<outcome> co_put_if(auto const&, lone<V>, put_options = {}) {
    return later<outcome>{explain_keyed<V>()};
  }

  template <class F>
    requires(!strata::detail::loader_for<F, value_type>)
  answer get_or_load(key_view, F, write_options = {}) {
    return explain_loader<F>().error();
  }
  template <class F>
    requires(!strata::detail::loader_for<F, value_type>)
  [[nodiscard]] later<answer> co_get_or_load(key_view, F, write_options = {}) {
    return later<answer>{explain_loader<F>().error()};
  }
  template <class F>
    requires(!strata::detail::changer_for<F, value_type>)
  [[nodiscard]] outcome update(key_view, F, put_options = {}) {
    return explain_changer<F, value_type>();
  }
  template <class F>
    requires(!strata::detail::changer_for<F, value_type>)
  [[nodiscard]] later<outcome> co_update(key_view, F, put_options = {}) {
    return later<outcome>{explain_changer<F, value_type>()};
  }
  template <class F>
    requires(!strata::detail::visitor_for<F, value_type>)
  [[nodiscard]] deferred<result<value_type>, F> visit(key_view, F&&, read_options = {}) {
    return explain_visitor<F>();
  }
};

}  // namespace strata::flow
