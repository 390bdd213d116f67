# SPDX-License-Identifier: BSL-1.0
#
# Makes copies of the headers that mutants change, to be found before the real ones: cmake -D SOURCE=<include folder>
# -D RULES=<folder> -D OUTPUT=<folder> -P overlay.cmake. Each mutant is a file: a sentence; the header; the promises of
# which one must break; whether what it changes is a statement or an expression; the text as it stands and as it shall
# be. In the copy both stand, and a number chosen at run time says which one counts, so that one program is all mutants:
# compiling one program for each was tried and takes minutes. The text must stand in the header exactly once.
cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE "${OUTPUT}")  # a copy of what no rule changes any more would hide the header
file(GLOB rules "${RULES}/*.txt")
list(SORT rules)
set(number 0)
set(table "")
set(headers "")

function(count out text part)
    set(n 0)
    string(LENGTH "${part}" length)
    string(FIND "${text}" "${part}" at)
    while(at GREATER_EQUAL 0)
        math(EXPR n "${n} + 1")
        math(EXPR next "${at} + ${length}")
        string(SUBSTRING "${text}" ${next} -1 text)
        string(FIND "${text}" "${part}" at)
    endwhile()
    set(${out} ${n} PARENT_SCOPE)
endfunction()

foreach(rule IN LISTS rules)
    math(EXPR number "${number} + 1")
    get_filename_component(name "${rule}" NAME_WE)
    file(READ "${rule}" text)
    string(REGEX MATCH "file: ([^\n]+)" ignored "${text}")
    set(header "${CMAKE_MATCH_1}")
    string(REGEX MATCH "breaks: ([^\n]+)" ignored "${text}")
    set(breaks "${CMAKE_MATCH_1}")
    string(REGEX MATCH "kind: ([^\n]+)" ignored "${text}")
    set(kind "${CMAKE_MATCH_1}")
    string(FIND "${text}" "--- old\n" old_at)
    string(FIND "${text}" "\n--- new" new_at)
    if(header STREQUAL "" OR breaks STREQUAL "" OR old_at LESS 0 OR new_at LESS 0 OR NOT kind MATCHES "^(statement|expression)$")
        message(FATAL_ERROR "${rule}: not a mutant (file:, breaks:, kind:, --- old, --- new)")
    endif()
    math(EXPR from "${old_at} + 8")
    math(EXPR length "${new_at} - ${from}")
    string(SUBSTRING "${text}" ${from} ${length} old)
    math(EXPR from "${new_at} + 8")
    string(SUBSTRING "${text}" ${from} -1 new)
    string(REGEX REPLACE "^\n+|\n+$" "" new "${new}")

    string(MAKE_C_IDENTIFIER "${header}" slot)
    if(NOT header IN_LIST headers)
        list(APPEND headers "${header}")
        file(READ "${SOURCE}/${header}" original_${slot})
        set(copy_${slot} "${original_${slot}}")
    endif()
    count(found "${original_${slot}}" "${old}")
    count(still "${copy_${slot}}" "${old}")
    if(NOT found EQUAL 1 OR NOT still EQUAL 1)
        message(FATAL_ERROR "${rule}: its text stands ${found} times in ${header}, ${still} times with the mutants before it; "
                            "it must stand there once. The header has changed: look what the mutant meant, and mend it.\n${old}")
    endif()
    if(kind STREQUAL "expression")
        set(both "(strata_mutant == ${number} ? (${new}) : (${old}))")
    else()
        set(both "if (strata_mutant == ${number}) {\n${new}\n} else {\n${old}\n}")
    endif()
    string(REPLACE "${old}" "${both}" copy_${slot} "${copy_${slot}}")
    string(APPEND table "    {\"${name}\", \"${breaks}\"},\n")
endforeach()

foreach(header IN LISTS headers)
    string(MAKE_C_IDENTIFIER "${header}" slot)
    file(CONFIGURE OUTPUT "${OUTPUT}/${header}" CONTENT "#include <strata_mutant.hpp>\n@copy_${slot}@" @ONLY)
endforeach()
file(CONFIGURE OUTPUT "${OUTPUT}/strata_mutant.hpp" @ONLY CONTENT "#pragma once
// The mutant that is alive; zero: none.
inline int strata_mutant = 0;
struct strata_mutant_entry {
  char const* name;
  char const* breaks;
};
inline constexpr strata_mutant_entry strata_mutants[] = {
    {\"none\", \"\"},
@table@};
")
