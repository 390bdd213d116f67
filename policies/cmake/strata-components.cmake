# SPDX-License-Identifier: BSL-1.0
#
# What each component needs and how to find it: read by the build and, once installed, by find_package(strata).
set(strata_optional_components nats postgres json msgpack)

find_package(Threads REQUIRED)
find_package(Boost 1.81 CONFIG QUIET COMPONENTS headers)
find_package(range-v3 CONFIG QUIET)
if(NOT TARGET Boost::headers)
    message(FATAL_ERROR "Strata's component core needs Boost's headers, 1.81 or newer (Debian: libboost-dev)")
endif()
if(NOT TARGET range-v3::range-v3)
    message(FATAL_ERROR "Strata's component core needs range-v3 (Debian: librange-v3-dev)")
endif()
set(strata_core_needs Boost::headers range-v3::range-v3 Threads::Threads)

set(strata_nats_needs PkgConfig::strata_libnats)
set(strata_postgres_needs PkgConfig::strata_libpqxx)
set(strata_json_needs Boost::json)
set(strata_msgpack_needs msgpack-cxx)

# Sets `problem` in the caller to a sentence that says what is missing, or to nothing.
function(strata_find_component component problem)
    if(component STREQUAL "nats")
        _strata_find_pkg_config(libnats libnats-dev)
    elseif(component STREQUAL "postgres")
        _strata_find_pkg_config(libpqxx libpqxx-dev)
    elseif(component STREQUAL "json")
        find_package(Boost 1.81 CONFIG QUIET COMPONENTS json)
        set(package libboost-json-dev)
    elseif(component STREQUAL "msgpack")
        if(POLICY CMP0167)
            cmake_policy(SET CMP0167 NEW) # its package asks for Boost in a way that newer CMakes warn about
        endif()
        find_package(msgpack-cxx CONFIG QUIET)
        set(package libmsgpack-cxx-dev)
    else()
        set(${problem} "there is no such component; there are core, ${strata_optional_components}, knowledge" PARENT_SCOPE)
        return()
    endif()
    set(${problem} "" PARENT_SCOPE)
    if(NOT TARGET ${strata_${component}_needs})
        set(${problem} "what it is built on was not found (Debian: ${package})" PARENT_SCOPE)
    endif()
endfunction()

# Neither client ships a CMake package that is fit for use; both ship pkg-config's.
macro(_strata_find_pkg_config module debian)
    find_package(PkgConfig QUIET)
    if(PkgConfig_FOUND)
        pkg_check_modules(strata_${module} QUIET IMPORTED_TARGET GLOBAL ${module})
    endif()
    set(package ${debian})
endmacro()
