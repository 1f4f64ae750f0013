# A digest of the files that a reducer is made of, for its build to follow its code.
#
# Included, it gives baton_reducer_sources(), in this project and, through find_package(baton), in
# others. Run by that as a script, it writes the header with the digest: when the project is built,
# and again whenever one of the files has changed.

if(NOT CMAKE_SCRIPT_MODE_FILE)
    set_property(GLOBAL PROPERTY baton_reducer_sources_script ${CMAKE_CURRENT_LIST_FILE})

    # baton_reducer_sources(<target> <name> <file>...): what <target> compiles, and what links to it,
    # may include <baton/sources/NAME.hpp>, in which baton::sources::NAME is a digest of what the
    # files say. A reducer takes it into its build:
    #     static constexpr std::string_view sources = baton::sources::NAME;
    # Neither the files' names nor their order matter, nor whether their lines end as in Windows.
    function(baton_reducer_sources target name)
        if(NOT TARGET ${target})
            message(FATAL_ERROR "baton_reducer_sources: there is no target \"${target}\" (yet)")
        endif()
        if(NOT name MATCHES "^[A-Za-z][A-Za-z0-9_]*$")
            message(FATAL_ERROR "baton_reducer_sources: \"${name}\" is to be a name in C++; the "
                "files come after it")
        endif()
        if(NOT ARGN)
            message(FATAL_ERROR "baton_reducer_sources: no files are given for ${name}")
        endif()
        set(files)
        foreach(file IN LISTS ARGN)
            cmake_path(ABSOLUTE_PATH file NORMALIZE)
            list(APPEND files ${file})
        endforeach()
        get_property(script GLOBAL PROPERTY baton_reducer_sources_script)
        string(REPLACE ";" "|" joined "${files}")
        set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target}_reducers)
        set(output ${folder}/baton/sources/${name}.hpp)
        add_custom_command(OUTPUT ${output}
            COMMAND ${CMAKE_COMMAND} "-DNAME=${name}" "-DFILES=${joined}" "-DOUTPUT=${output}"
                -P ${script}
            DEPENDS ${files} ${script}
            COMMENT "Taking the digest of reducer ${name}"
            VERBATIM)
        get_target_property(type ${target} TYPE)
        set(scope PUBLIC)
        if(type STREQUAL INTERFACE_LIBRARY)
            set(scope INTERFACE)
        endif()
        target_sources(${target} PRIVATE ${output})
        target_include_directories(${target} ${scope} $<BUILD_INTERFACE:${folder}>)
    endfunction()
    return()
endif()

string(REPLACE "|" ";" files "${FILES}")
set(digests)
foreach(file IN LISTS files)
    file(READ ${file} content)
    string(REPLACE "\r\n" "\n" content "${content}")
    string(SHA256 digest "${content}")
    list(APPEND digests ${digest})
endforeach()
list(SORT digests)
string(SHA256 digest "${digests}")
file(WRITE ${OUTPUT} "// Written by baton_reducer_sources(); changes here are lost.
#pragma once

#include <string_view>

namespace baton::sources {

/// A digest of what the reducer is made of.
inline constexpr std::string_view ${NAME} = \"${digest}\";

}  // namespace baton::sources
")
