# SPDX-License-Identifier: BSL-1.0
#
# A tier that a program leaves out has no symbol in it, nor has its server's client; those that are there show what is looked for.
cmake_policy(VERSION 3.25)

function(symbols_of pattern)
    execute_process(COMMAND ${NM} -C ${PROGRAM} COMMAND grep -E -c "${pattern}" OUTPUT_VARIABLE count)
    string(STRIP "${count}" count)
    if(NOT count MATCHES "^[0-9]+$" OR (ARGV1 AND count EQUAL 0) OR (NOT ARGV1 AND count GREATER 0))
        message(SEND_ERROR "${PROGRAM} has ${count} symbols of ${pattern}")
    endif()
endfunction()

foreach(tier hot warm cold)
    if(tier IN_LIST ABSENT)
        symbols_of("strata::${tier}::" NO)
    else()
        symbols_of("strata::${tier}::" YES)
    endif()
endforeach()
if(warm IN_LIST ABSENT)
    symbols_of("natsConnection|jsCtx|js_" NO)
endif()
if(cold IN_LIST ABSENT)
    symbols_of("pqxx|sqlite3" NO)
endif()
if(warm IN_LIST ABSENT AND cold IN_LIST ABSENT)
    symbols_of("flow::watch|catch_up|bring_to_warm" NO)
endif()
