# How every target of this project is built, said once.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(Boost REQUIRED)
find_package(CURL REQUIRED)
find_package(spdlog REQUIRED)
find_package(simdjson REQUIRED)
find_package(msgpack REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(CLI11 REQUIRED)
pkg_check_modules(libpqxx REQUIRED IMPORTED_TARGET libpqxx)
pkg_check_modules(libpq REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(libzmq REQUIRED IMPORTED_TARGET libzmq)

# (GCC says of -fsanitize that it makes -Wmaybe-uninitialized wrong; the presets switch it off there.)
# Warnings are for our own code only, so they are a property of our targets and are not installed.
add_library(baton_warnings INTERFACE)
# Errors where we develop, and CI runs. What an optimizer warns of depends on the compiler, down to what
# else the file includes: whoever builds a release is to get one.
target_compile_options(baton_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
    $<$<NOT:$<CONFIG:Release>>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # `"literal" + std::string(...)` at -O2 and above: GCC bug 105651, mended in 13.
    target_compile_options(baton_warnings INTERFACE -Wno-restrict)
endif()

# What makes a mistake in memory harder to use: for all that is shipped, not for its tests.
# tests/cli/hardening_test.cpp reads it in what was built.
add_library(baton_hardening INTERFACE)
target_compile_options(baton_hardening INTERFACE -fstack-protector-strong)
include(CheckCXXCompilerFlag)
check_cxx_compiler_flag(-fcf-protection=full BATON_HAS_CET)
if(BATON_HAS_CET)
    target_compile_options(baton_hardening INTERFACE -fcf-protection=full)
endif()
# It needs optimisation, and the sanitizers have checks of their own in these places.
string(TOUPPER "CMAKE_CXX_FLAGS_${CMAKE_BUILD_TYPE}" build_flags)
if("${CMAKE_CXX_FLAGS} ${${build_flags}}" MATCHES "-O[1-3gs]" AND
        NOT "${CMAKE_CXX_FLAGS} ${${build_flags}}" MATCHES "-fsanitize")
    target_compile_options(baton_hardening INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
endif()

# Programs can be loaded anywhere, and have no table of addresses left that can be written.
include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)
add_link_options(-Wl,-z,relro -Wl,-z,now)

# baton_library(<folder> [DEPENDS target...] [PRIVATE_DEPENDS target...]): the library of one folder;
# every .cpp in its src/ belongs to it, and its include/ is the promise.
function(baton_library name)
    cmake_parse_arguments(ARG "" "" "DEPENDS;PRIVATE_DEPENDS" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/src/*.cpp)
    add_library(baton_${name} STATIC ${sources})
    add_library(baton::${name} ALIAS baton_${name})
    target_compile_features(baton_${name} PUBLIC cxx_std_20)
    target_include_directories(baton_${name} PUBLIC
        $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
        $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(baton_${name}
        PUBLIC ${ARG_DEPENDS}
        PRIVATE ${ARG_PRIVATE_DEPENDS} $<BUILD_INTERFACE:baton_warnings>
            $<BUILD_INTERFACE:baton_hardening>)
    set_target_properties(baton_${name} PROPERTIES EXPORT_NAME ${name})
    install(TARGETS baton_${name} EXPORT baton ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
    install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endfunction()
