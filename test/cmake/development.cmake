# SPDX-License-Identifier: BSL-1.0
#
# What Strata's own programs are built with, and what no user of the library ever sees: warnings, the compiler cache, and
# the functions with which every room of tests, benchmarks and examples declares what it has.
set(STRATA_CELL "release" CACHE STRING "Name of this build in the matrix of compilers and sanitizers; labels its tests")
mark_as_advanced(STRATA_CELL)

set(CMAKE_CXX_EXTENSIONS OFF)

add_library(strata_development INTERFACE)
target_compile_options(strata_development INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wextra-semi -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 14 takes the unused alternatives of libpqxx's parameter variant for reads of uninitialized memory.
    target_compile_options(strata_development INTERFACE -Wno-maybe-uninitialized)
endif()

find_program(STRATA_CCACHE ccache)
mark_as_advanced(STRATA_CCACHE)
if(STRATA_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${STRATA_CCACHE})
endif()

# What is measured or shown (benchmarks, examples) is optimized as users optimize. Tests of what code does are compiled in
# half the time without; those of what threads share, which optimizers reorder, lie between.
if(CMAKE_BUILD_TYPE STREQUAL "Release")
    set(strata_test_optimization -O0)
    set(strata_optimized_optimization -O0)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        list(APPEND strata_test_optimization -ffold-simple-inlines) # std::move and the like are no calls, as with Clang
        # Nearly as quick as what -O1 makes, in two thirds of its time.
        set(strata_optimized_optimization -Og -finline-functions-called-once)
    endif()
    # What waits for servers, whose time is theirs, is compiled a fifth quicker than with -O3.
    set(strata_waiting_optimization -O2)
endif()

# GCC collects its garbage at 128 MB, which most of these sources need more than: not before an eighth of the memory
# that falls to a processor spares a tenth of the time and more.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    cmake_host_system_information(RESULT megabytes QUERY TOTAL_PHYSICAL_MEMORY)
    cmake_host_system_information(RESULT processors QUERY NUMBER_OF_LOGICAL_CORES)
    math(EXPR kilobytes "${megabytes} / 1024 * 131072 / ${processors}") # whole gigabytes, for the compiler's cache
    target_compile_options(strata_development INTERFACE --param=ggc-min-heapsize=${kilobytes})
endif()

# A target that owns a precompiled header, for those who reuse it.
function(_strata_precompiled target header)
    if(TARGET ${target})
        return()
    endif()
    add_library(${target} OBJECT EXCLUDE_FROM_ALL ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/headers.cpp)
    target_link_libraries(${target} PRIVATE strata_core strata_development)
    target_compile_options(${target} PRIVATE ${ARGN})
    target_precompile_headers(${target} PRIVATE ${header})
    if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
        # Without this the compiler cache never finds a precompiled header twice.
        target_compile_options(${target} PRIVATE -Xclang -fno-pch-timestamp)
    endif()
endfunction()

# The main program and the precompiled headers that all Boost.Test executables share. The framework is compiled from its
# headers, once per build, so that it fits whatever compiler, standard library and sanitizer the build has.
function(_strata_test_support)
    if(TARGET strata_test_main)
        return()
    endif()
    set(here ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
    add_library(strata_test_main OBJECT EXCLUDE_FROM_ALL ${here}/main.cpp)
    target_link_libraries(strata_test_main PUBLIC Boost::headers PRIVATE strata_core)
    target_compile_options(strata_test_main PRIVATE ${strata_test_optimization})
    # Clang reads of a precompiled header what is needed, so that the library in it spares up to half the time. GCC reads all
    # of it each time, which takes as long as it spares.
    set(headers headers)
    if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
        set(headers library)
    endif()
    foreach(kind IN ITEMS test optimized)
        _strata_precompiled(strata_${kind}_headers ${here}/${headers}.hpp ${strata_${kind}_optimization})
    endforeach()
    if(CMAKE_CXX_COMPILER_ID MATCHES Clang AND TARGET strata_knowledge)
        _strata_precompiled(strata_clients_headers ${here}/clients.hpp ${strata_test_optimization})
        target_link_libraries(strata_clients_headers PRIVATE strata_knowledge)
    endif()
endfunction()

# strata_test(NAME unit.error SOURCES error.cpp [LIBRARIES strata::json] [LABELS unit threads] [SERVERS] [OPTIMIZED]
#             [UNITY] [TIMEOUT 60] [RESOURCE_LOCK name])
# One executable of Boost.Test cases and one test of its name. `threads` among the labels makes the thread sanitizer run it;
# SERVERS gives it a PostgreSQL and a NATS of its own, and test/servers says how it finds them; OPTIMIZED is for tests of what
# threads share without a lock, and for those that work for long; UNITY compiles the sources as one, where each alone would
# read and instantiate the same. The folder test/fixtures is STRATA_TEST_FIXTURES, and STRATA_TEST_BRIEF says that another cell
# counts to all. A cell that cannot have the test leaves it out, so say no more about its target than this.
function(strata_test)
    cmake_parse_arguments(PARSE_ARGV 0 arg "SERVERS;OPTIMIZED;UNITY" "NAME;TIMEOUT;RESOURCE_LOCK" "SOURCES;LIBRARIES;LABELS")
    if(STRATA_CELL STREQUAL "tsan" AND NOT "threads" IN_LIST arg_LABELS)
        return()
    endif()
    foreach(library IN LISTS arg_LIBRARIES)
        if(NOT TARGET ${library})
            return() # a build of the core alone
        endif()
    endforeach()
    _strata_test_support()
    string(REPLACE "." "_" target test_${arg_NAME})
    add_executable(${target} ${arg_SOURCES})
    target_link_libraries(${target} PRIVATE strata_core ${arg_LIBRARIES} strata_development strata_test_main)
    target_compile_definitions(${target} PRIVATE STRATA_TEST_FIXTURES="${PROJECT_SOURCE_DIR}/test/fixtures")
    if(NOT STRATA_CELL STREQUAL "release")
        target_compile_definitions(${target} PRIVATE STRATA_TEST_BRIEF)
    endif()
    set_target_properties(${target} PROPERTIES UNITY_BUILD ${arg_UNITY} UNITY_BUILD_BATCH_SIZE 0)
    set(kind test)
    if(arg_OPTIMIZED)
        set(kind optimized)
    endif()
    target_compile_options(${target} PRIVATE ${strata_${kind}_optimization})
    if("${strata_optimized_optimization}" STREQUAL "${strata_test_optimization}")
        set(kind test) # one precompiled header is enough
    endif()
    if(TARGET strata_clients_headers AND "${arg_LIBRARIES}" MATCHES "nats|postgres|knowledge")
        target_link_libraries(${target} PRIVATE strata_knowledge) # what the clients' headers refer to
        set(kind clients)
    endif()
    target_precompile_headers(${target} REUSE_FROM strata_${kind}_headers)
    if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
        target_compile_options(${target} PRIVATE -Xclang -fno-pch-timestamp)
    endif()
    set(servers)
    if(arg_SERVERS)
        set(servers ${PROJECT_SOURCE_DIR}/test/servers run)
    endif()
    strata_add_test(NAME ${arg_NAME} LABELS ${arg_LABELS}
        COMMAND ${servers} $<TARGET_FILE:${target}> --log_level=test_suite --color_output=no)
    strata_test_name(name ${arg_NAME})
    if(arg_TIMEOUT)
        set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT})
    endif()
    if(arg_RESOURCE_LOCK)
        set_tests_properties(${name} PROPERTIES RESOURCE_LOCK ${arg_RESOURCE_LOCK})
    endif()
endfunction()

# The name a test has in this cell. One run holds several cells, so all but the first put their name before it.
function(strata_test_name out name)
    if(NOT STRATA_CELL STREQUAL "release")
        set(name ${STRATA_CELL}/${name})
    endif()
    set(${out} ${name} PARENT_SCOPE)
endfunction()

# strata_add_test(NAME consumer.install COMMAND ... LABELS consumer)
# Any other program as a test. Exit code 77 and a line "not run: <reason>" mean that it could not be tried here. All begin when
# those are through that judge deadlines, as far as they are among those that run; but simulations and what must not compile only
# compute, take what time nobody else wants, and begin at once. Those that wait for servers begin before those that do not.
function(strata_add_test)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME" "COMMAND;LABELS")
    strata_test_name(name ${arg_NAME})
    if("${arg_LABELS}" MATCHES "simulation|compile_fail")
        add_test(NAME ${name} COMMAND chrt --idle 0 ${arg_COMMAND})
        set_tests_properties(${name} PROPERTIES COST 1) # whatever they took last time
    else()
        add_test(NAME ${name} COMMAND ${arg_COMMAND})
        set_tests_properties(${name} PROPERTIES DEPENDS "integration.faults.report;asan/integration.faults.T6")
    endif()
    set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS};${STRATA_CELL}" SKIP_RETURN_CODE 77 TIMEOUT 600)
    if("${arg_LABELS}" MATCHES "integration|consumer|example|bench")
        set_tests_properties(${name} PROPERTIES COST 10)
    endif()
    if(STRATA_CELL MATCHES "san$")
        set_tests_properties(${name} PROPERTIES ENVIRONMENT
            "ASAN_OPTIONS=detect_stack_use_after_return=1;UBSAN_OPTIONS=print_stacktrace=1;\
TSAN_OPTIONS=suppressions=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/tsan.supp second_deadlock_stack=1")
    endif()
endfunction()

# strata_tested_program(target): of a program that has a main of its own and is there for a test alone; it is compiled as fast
# as can be.
function(strata_tested_program target)
    target_compile_options(${target} PRIVATE ${strata_test_optimization})
    set(here ${CMAKE_CURRENT_FUNCTION_LIST_DIR})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        _strata_precompiled(strata_program_headers ${here}/standard.hpp ${strata_test_optimization})
    elseif(TARGET strata_knowledge)
        _strata_precompiled(strata_program_headers ${here}/programs.hpp ${strata_test_optimization})
        target_link_libraries(strata_program_headers PRIVATE strata_knowledge)
        target_link_libraries(${target} PRIVATE strata_knowledge)
        target_compile_options(${target} PRIVATE -Xclang -fno-pch-timestamp)
    endif()
    if(TARGET strata_program_headers)
        target_precompile_headers(${target} REUSE_FROM strata_program_headers)
    endif()
endfunction()

# strata_compile_fail(NAME hot_erase [SOURCE hot_erase.cpp] [LIBRARIES strata::json])
# The test compile_fail.hot_erase: a source that must not compile, and whose first error must be the advice that a line
# `// first error: text` in it demands; at most one more error may follow. A source with several mistakes, each told by a
# line `// next error: text`, must give exactly these errors in this order. Compiled with STRATA_MENDED defined it must
# pass, so that nothing but the mistakes makes it fail.
function(strata_compile_fail)
    cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;SOURCE" "LIBRARIES")
    if(STRATA_CELL MATCHES "san$")
        return() # sanitizers change nothing about messages
    endif()
    if(NOT arg_SOURCE)
        set(arg_SOURCE ${arg_NAME}.cpp)
    endif()
    set(includes "")
    foreach(library IN ITEMS strata::core ${arg_LIBRARIES})
        if(NOT TARGET ${library})
            return()
        endif()
        string(APPEND includes "$<JOIN:$<TARGET_PROPERTY:${library},INTERFACE_INCLUDE_DIRECTORIES>,|>|")
    endforeach()
    strata_add_test(NAME compile_fail.${arg_NAME} LABELS compile_fail
        COMMAND ${CMAKE_COMMAND} -D COMPILER=${CMAKE_CXX_COMPILER} -D "FLAGS=${CMAKE_CXX_FLAGS}"
                -D SOURCE=${CMAKE_CURRENT_SOURCE_DIR}/${arg_SOURCE} -D "INCLUDES=${includes}"
                -P ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/compile_fail.cmake)
endfunction()

# strata_benchmark(NAME hot SOURCES hot.cpp [LIBRARIES strata::nats] [DEFINITIONS NAME=1] [SERVERS] [OPTIMIZED]
#                  [BRIEF --benchmark_filter=visit])
# strata_benchmark(NAME compose COMMAND compose.py DEPENDS targets [SERVERS] [BRIEF --once])
# What ./dev bench NAME builds (the target bench_hot) and runs (the script run_hot beside it): a program of Google Benchmark's,
# which also reports commit, compiler and flags, or any other command. So that it does not rot it is also a test, which runs
# it briefly: with what BRIEF says, and compiled like a test (the target brief_hot), in half the time, as nobody reads its
# figures; OPTIMIZED is for those that judge them, of both compilers. One row with an error fails it. Programs that are only run briefly are
# clang's, whose precompiled library makes them in a third of GCC's time.
function(strata_benchmark)
    cmake_parse_arguments(PARSE_ARGV 0 arg "SERVERS;OPTIMIZED" "NAME" "SOURCES;LIBRARIES;DEFINITIONS;COMMAND;DEPENDS;BRIEF")
    set(tested FALSE)
    set(cells clang)
    if(arg_OPTIMIZED)
        set(cells release clang)
    elseif(arg_COMMAND)
        set(cells release)
    endif()
    if(STRATA_TESTS AND STRATA_CELL IN_LIST cells)
        set(tested TRUE)
    endif()
    set(servers)
    if(arg_SERVERS)
        set(servers ${PROJECT_SOURCE_DIR}/test/servers run)
    endif()
    if(arg_COMMAND)
        list(TRANSFORM arg_COMMAND REPLACE "^([^/].*\\.(py|sh))$" "${CMAKE_CURRENT_SOURCE_DIR}/\\1")
        add_custom_target(bench_${arg_NAME})
        if(arg_DEPENDS)
            add_dependencies(bench_${arg_NAME} ${arg_DEPENDS})
        endif()
        set(brief ${arg_COMMAND})
    else()
        find_package(benchmark CONFIG REQUIRED)
        set(programs bench_${arg_NAME})
        if(tested AND NOT arg_OPTIMIZED)
            list(APPEND programs brief_${arg_NAME})
        endif()
        foreach(program IN LISTS programs)
            add_executable(${program} ${arg_SOURCES})
            target_link_libraries(${program} PRIVATE strata_core ${arg_LIBRARIES} strata_development benchmark::benchmark)
            target_compile_definitions(${program} PRIVATE ${arg_DEFINITIONS})
        endforeach()
        set(flags "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_RELEASE}")
        if(arg_SERVERS)
            target_compile_options(bench_${arg_NAME} PRIVATE ${strata_waiting_optimization})
            string(APPEND flags " ${strata_waiting_optimization}")
        endif()
        string(STRIP "${flags}" flags)
        set(brief $<TARGET_FILE:bench_${arg_NAME}>)
        if(NOT tested OR TARGET brief_${arg_NAME})
            set_target_properties(bench_${arg_NAME} PROPERTIES EXCLUDE_FROM_ALL TRUE) # built by name
        endif()
        if(TARGET brief_${arg_NAME})
            strata_tested_program(brief_${arg_NAME})
            set(brief $<TARGET_FILE:brief_${arg_NAME}>)
        endif()
        set(arg_COMMAND $<TARGET_FILE:bench_${arg_NAME}>
            "\"--benchmark_context=commit=$commit,compiler=${CMAKE_CXX_COMPILER_ID}-${CMAKE_CXX_COMPILER_VERSION},flags=${flags}\"")
        list(APPEND arg_BRIEF --benchmark_min_time=1x)
    endif()
    list(JOIN servers " " started)
    list(JOIN arg_COMMAND " " command)
    set(script ${CMAKE_CURRENT_BINARY_DIR}/run_${arg_NAME})
    file(GENERATE OUTPUT ${script} CONTENT "#!/bin/sh
commit=$(git -C ${PROJECT_SOURCE_DIR} describe --always --exclude='*' --dirty=+ 2>/dev/null)
exec ${started} ${command} \"$@\"
" FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
    if(tested)
        strata_add_test(NAME bench.${arg_NAME} COMMAND ${servers} ${brief} ${arg_BRIEF} LABELS bench)
        strata_test_name(name bench.${arg_NAME})
        set_tests_properties(${name} PROPERTIES FAIL_REGULAR_EXPRESSION "ERROR OCCURRED")
    endif()
endfunction()

# strata_example(NAME first SOURCES first.cpp LIBRARIES strata::knowledge [SERVERS]): a complete program, also run as a test.
function(strata_example)
    cmake_parse_arguments(PARSE_ARGV 0 arg "SERVERS" "NAME" "SOURCES;LIBRARIES;ARGUMENTS")
    add_executable(example_${arg_NAME} ${arg_SOURCES})
    target_link_libraries(example_${arg_NAME} PRIVATE ${arg_LIBRARIES} strata_development)
    if(arg_SERVERS)
        strata_tested_program(example_${arg_NAME}) # `knowledge` is built as users build it
    endif()
    if(NOT STRATA_TESTS)
        return()
    endif()
    set(servers)
    if(arg_SERVERS)
        set(servers ${PROJECT_SOURCE_DIR}/test/servers run)
    endif()
    strata_add_test(NAME example.${arg_NAME} LABELS example
        COMMAND ${servers} $<TARGET_FILE:example_${arg_NAME}> ${arg_ARGUMENTS})
endfunction()
