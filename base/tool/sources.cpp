// baton_sources NAME OUTPUT FILE...: writes the header with the digest of what these C++ files say,
// for CMake's baton_reducer_sources(). Neither comments nor layout count, nor the files' names or
// order.

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "baton/base/digest.hpp"
#include "baton/base/tokens.hpp"

namespace {

std::string header_of(const std::string& name, const std::string& digest) {
    return "// Written by baton_reducer_sources(); changes here are lost.\n"
           "#pragma once\n\n#include <string_view>\n\nnamespace baton::sources {\n\n"
           "/// A digest of what the reducer is made of.\n"
           "inline constexpr std::string_view " +
           name + " = \"" + digest + "\";\n\n}  // namespace baton::sources\n";
}

int fail(const std::string& file) {
    std::fprintf(stderr, "baton_reducer_sources: cannot read or write %s\n", file.c_str());
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
    if (arguments.size() < 4) return fail("no files");
    std::vector<std::string> digests;
    for (const std::string file : arguments.subspan(3)) {
        std::ifstream stream(file, std::ios::binary);
        if (!stream) return fail(file);
        const std::string content{std::istreambuf_iterator<char>(stream), {}};
        digests.push_back(baton::digest_of(baton::cpp_tokens(content)));
    }
    std::ranges::sort(digests);
    std::string all;
    for (const std::string& digest : digests) all += digest;
    const std::string output = arguments[2];
    std::ofstream stream(output, std::ios::binary);
    stream << header_of(arguments[1], baton::digest_of(all));
    stream.close();
    return stream ? 0 : fail(output);
}
