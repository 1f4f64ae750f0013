#include "support/compiled.hpp"

#include <chrono>
#include <fstream>
#include <regex>

#include "support/child_process.hpp"

namespace baton::testing {
namespace {

const std::string source_folder = BATON_SOURCE_DIR;

std::string compiler() {
    static const std::regex setting("CMAKE_CXX_COMPILER:\\w+=(.*)");
    std::ifstream cache(BATON_BINARY_DIR "/CMakeCache.txt");
    std::smatch match;
    for (std::string line; std::getline(cache, line);) {
        if (std::regex_match(line, match, setting)) return match[1];
    }
    return "c++";
}

}  // namespace

std::vector<std::string> Compiled::errors() const {
    static const std::regex error(" error: (.*)");
    std::vector<std::string> found;
    for (std::sregex_iterator at(output.begin(), output.end(), error), end; at != end; ++at) {
        found.push_back((*at)[1]);
    }
    return found;
}

Compiled compile(const std::string& program, const std::string& mistake) {
    std::vector<std::string> arguments{compiler(), "-std=c++20",   "-fsyntax-only",
                                       "-Wall",    "-Wextra",      "-Wpedantic",
                                       "-Wshadow", "-Wconversion", "-D" + mistake};
    for (const char* const folder :
         {"base", "types", "reducers", "sql", "local_bus", "node_agent"}) {
        arguments.push_back("-I" + source_folder + "/" + folder + "/include");
    }
    arguments.push_back(source_folder + "/" + program);
    ChildProcess process({.arguments = arguments});
    const auto end = process.wait(std::chrono::seconds(120));
    return {end ? end->code.value_or(-1) : -1, process.error_output()};
}

}  // namespace baton::testing
