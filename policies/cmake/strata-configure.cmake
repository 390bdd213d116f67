# SPDX-License-Identifier: BSL-1.0
#
# Caches configured when a program is built.
#
#   strata_configure(TARGET [HOT lru] [WARM jetstream] [COLD postgres] [CODEC json] [HOT_CAPACITY 1000] [SINGLE_WRITER])
#
# makes an interface library that brings <strata/configured.hpp> and all it needs. In that header `strata::configured_cache<T>`
# is the cache of these policies for values of type T, and strata::configured_cache<T, Options...> one with further options, such
# as strata::observer<Mine>. Strata's own build makes one, strata::configured, from the variables
# STRATA_HOT, STRATA_WARM, STRATA_COLD, STRATA_CODEC, STRATA_HOT_CAPACITY and STRATA_SINGLE_WRITER.
cmake_policy(PUSH)
cmake_policy(VERSION 3.25...3.31) # functions keep the policies they are defined under

# A macro, because the function can be called where variables of this folder are not seen.
macro(strata_policies)
    set(strata_hot_policies lru lru_exact sieve s3fifo tinylfu adaptive gdsf none)
    set(strata_warm_policies jetstream none)
    set(strata_cold_policies postgres sqlite none)
    set(strata_codec_policies json msgpack none)
    # The component that a policy's header needs; the others need the core alone.
    set(_strata_component_of_jetstream nats)
    set(_strata_component_of_postgres postgres)
    set(_strata_component_of_sqlite sqlite)
    set(_strata_component_of_json json)
    set(_strata_component_of_msgpack msgpack)
endmacro()

function(strata_configure target)
    strata_policies()
    cmake_parse_arguments(PARSE_ARGV 1 arg "SINGLE_WRITER" "HOT;WARM;COLD;CODEC;HOT_CAPACITY" "")
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "strata_configure(${target}): there is no argument ${arg_UNPARSED_ARGUMENTS}; there are HOT, WARM, "
                            "COLD, CODEC, HOT_CAPACITY, SINGLE_WRITER.")
    endif()
    set(defaults_hot lru)
    set(defaults_warm jetstream)
    set(defaults_cold postgres)
    set(defaults_codec json)
    set(includes "")
    set(libraries strata::core)
    foreach(place hot warm cold codec)
        string(TOUPPER ${place} PLACE)
        if("${arg_${PLACE}}" STREQUAL "")
            set(arg_${PLACE} ${defaults_${place}})
        endif()
        set(name ${arg_${PLACE}})
        if(NOT name IN_LIST strata_${place}_policies)
            list(JOIN strata_${place}_policies ", " names)
            message(FATAL_ERROR "STRATA_${PLACE}=${name}: there is no such policy; there are ${names}.")
        endif()
        if(name STREQUAL "none")
            set(${place} strata::none)
            string(APPEND includes "#include <strata/none.hpp>\n")
            continue()
        endif()
        set(${place} strata::${place}::${name})
        string(APPEND includes "#include <strata/${place}/${name}.hpp>\n")
        if(DEFINED _strata_component_of_${name})
            set(component ${_strata_component_of_${name}})
            if(NOT TARGET strata::${component})
                message(FATAL_ERROR "STRATA_${PLACE}=${name}: it needs Strata's component ${component}, which this build does not have.")
            endif()
            list(APPEND libraries strata::${component})
        endif()
    endforeach()
    if(arg_CODEC STREQUAL "none")
        if(NOT (arg_WARM STREQUAL "none" AND arg_COLD STREQUAL "none"))
            message(FATAL_ERROR "STRATA_CODEC=none: the values of a cache with a warm or a cold tier need a codec; there are json, msgpack.")
        endif()
        set(codec strata::codec::none)
    endif()
    if("${arg_HOT_CAPACITY}" STREQUAL "")
        set(arg_HOT_CAPACITY 1000)
    endif()
    if(NOT arg_HOT_CAPACITY MATCHES "^[1-9][0-9]*$")
        message(FATAL_ERROR "STRATA_HOT_CAPACITY=${arg_HOT_CAPACITY}: it is the number of entries that the hot tier keeps, 1 or more.")
    endif()
    set(options "")
    if(arg_SINGLE_WRITER)
        set(options ", strata::single_writer")
    endif()

    set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target})
    file(CONFIGURE @ONLY OUTPUT ${folder}/strata/configured.hpp CONTENT [[
// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cache.hpp>
@includes@
// Generated: the cache that this build was configured with.
namespace strata {

template <class T, class... Options>
using configured_cache = cache<@hot@, @warm@, @cold@, @codec@<T>@options@, Options...>;

/// Default settings, with the capacity that was configured.
template <class T, class... Options>
typename configured_cache<T, Options...>::options configured_options() {
  typename configured_cache<T, Options...>::options settings;
  if constexpr (requires { settings.hot.capacity_entries; }) settings.hot.capacity_entries = @arg_HOT_CAPACITY@;
  return settings;
}

/// For people.
inline constexpr char const* configured_names = "hot @arg_HOT@, warm @arg_WARM@, cold @arg_COLD@, codec @arg_CODEC@";

}  // namespace strata
]])
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE ${folder})
    target_link_libraries(${target} INTERFACE ${libraries})
endfunction()

cmake_policy(POP)
