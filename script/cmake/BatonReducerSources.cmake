# A digest of the files that a reducer is made of, for its build to follow its code: in this project
# and, through find_package(baton), in others. The header with the digest is written when the project is
# built, and again whenever one of the files has changed.

# baton_reducer_sources(<target> [<name> <file>...]): what <target> compiles, and what links to it, may
# include <baton/sources/NAME.hpp>, in which baton::sources::NAME is a digest of what the files say.
# A reducer takes it into its build:
#     static constexpr std::string_view sources = baton::sources::NAME;
# Comments, layout, and the files' names and order do not matter. Without a name it is said once for
# all reducers of a target: NAME is the target's, and the files are its sources and the headers in
# their folders; then whatever changes there is another build of each.
function(baton_reducer_sources target)
    if(NOT TARGET ${target})
        message(FATAL_ERROR "baton_reducer_sources: there is no target \"${target}\" (yet)")
    endif()
    set(files ${ARGN})
    list(POP_FRONT files name)
    if(NOT ARGN)
        set(name ${target})
        baton_files_of(${target} files)
    endif()
    if(NOT name MATCHES "^[A-Za-z][A-Za-z0-9_]*$")
        message(FATAL_ERROR "baton_reducer_sources: \"${name}\" is to be a name in C++; the files "
            "come after it")
    endif()
    if(NOT files)
        message(FATAL_ERROR "baton_reducer_sources: no files are given for ${name}")
    endif()
    set(absolute)
    foreach(file IN LISTS files)
        cmake_path(ABSOLUTE_PATH file NORMALIZE)
        list(APPEND absolute ${file})
    endforeach()
    set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target}_reducers)
    set(output ${folder}/baton/sources/${name}.hpp)
    file(MAKE_DIRECTORY ${folder}/baton/sources)
    add_custom_command(OUTPUT ${output}
        COMMAND $<TARGET_FILE:baton::sources> ${name} ${output} ${absolute}
        DEPENDS ${absolute} baton::sources
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

# The sources that a target has so far, and the headers in their folders.
function(baton_files_of target result)
    get_target_property(sources ${target} SOURCES)
    get_target_property(home ${target} SOURCE_DIR)
    set(files)
    foreach(source IN LISTS sources)
        cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${home} NORMALIZE)
        cmake_path(GET source PARENT_PATH folder)
        file(GLOB headers CONFIGURE_DEPENDS ${folder}/*.h ${folder}/*.hh ${folder}/*.hpp
            ${folder}/*.hxx ${folder}/*.inl ${folder}/*.ipp)
        list(APPEND files ${source} ${headers})
    endforeach()
    list(REMOVE_DUPLICATES files)
    # Those that baton_reducer_sources() writes.
    list(FILTER files EXCLUDE REGEX "/baton/sources/[A-Za-z0-9_]+[.]hpp$")
    set(${result} ${files} PARENT_SCOPE)
endfunction()
