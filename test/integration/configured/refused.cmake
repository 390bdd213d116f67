# SPDX-License-Identifier: BSL-1.0
#
# Every wrong name is answered with the right ones. Called again by itself, once per case, since the answer is fatal.
if(ARGUMENTS)
    include(${FILE})
    separate_arguments(ARGUMENTS)
    strata_configure(some_cache ${ARGUMENTS})
    return()
endif()

function(refuses arguments sentence)
    execute_process(COMMAND ${CMAKE_COMMAND} -D FILE=${FILE} "-DARGUMENTS=${arguments}" -P ${CMAKE_CURRENT_LIST_FILE}
                    RESULT_VARIABLE status ERROR_VARIABLE said)
    string(REGEX REPLACE "[ \n]+" " " said "${said}") # messages are broken into lines
    string(FIND "${said}" "${sentence}" at)
    if(status EQUAL 0 OR at EQUAL -1)
        message(SEND_ERROR "strata_configure(${arguments}) should say \"${sentence}\" but said \"${said}\"")
    endif()
endfunction()

refuses("HOT lfu" "STRATA_HOT=lfu: there is no such policy; there are lru, lru_exact, sieve, s3fifo, tinylfu, adaptive, gdsf, none.")
refuses("WARM nats" "STRATA_WARM=nats: there is no such policy; there are jetstream, none.")
refuses("WARM none COLD mysql" "STRATA_COLD=mysql: there is no such policy; there are postgres, sqlite, none.")
refuses("WARM none COLD none CODEC xml" "STRATA_CODEC=xml: there is no such policy; there are json, msgpack, none.")
refuses("CODEC json" "it needs Strata's component")
refuses("WARM none COLD none CODEC none HOT_CAPACITY 0" "STRATA_HOT_CAPACITY=0: it is the number of entries that the hot tier keeps")
refuses("WARM none COLD none CODEC none HOT_CAPACITY many" "STRATA_HOT_CAPACITY=many")
refuses("HTO lru" "there is no argument HTO;lru; there are HOT,")
