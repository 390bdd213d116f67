# SPDX-License-Identifier: BSL-1.0
#
# What HEADERS include, and what that includes, comes from the library, from Boost.Hana, or is there for every program.
list(TRANSFORM INCLUDES PREPEND "-I")

function(closure out)
    list(TRANSFORM ARGN PREPEND "-include;" OUTPUT_VARIABLE includes)
    execute_process(COMMAND ${COMPILER} -std=c++23 -M ${INCLUDES} ${includes} -x c++ /dev/null
                    OUTPUT_VARIABLE made COMMAND_ERROR_IS_FATAL ANY)
    string(REGEX MATCHALL "/[^ \n]+" made "${made}")
    set(${out} ${made} PARENT_SCOPE)
endfunction()

closure(everywhere bits/stdc++.h emmintrin.h pthread.h sched.h sys/mman.h sys/syscall.h unistd.h)
closure(included ${HEADERS})
set(others ${included})
list(REMOVE_ITEM others ${everywhere})
list(FILTER others EXCLUDE REGEX "/boost/hana/|^${SOURCE}/(include|policies)/strata/")
if(others)
    list(JOIN others "\n" others)
    message(FATAL_ERROR "includes more than Boost.Hana:\n${others}")
endif()
list(FILTER included INCLUDE REGEX "/boost/hana/")
list(LENGTH included hanas)
if(hanas EQUAL 0)
    message(FATAL_ERROR "the compiler did not tell what it includes")
endif()
