#include "tidy/files.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>

namespace baton {

namespace fs = std::filesystem;

const fs::path root = BATON_SOURCE_DIR;

std::string read(const std::string& name) {
    std::ifstream file(root / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

// What git tracks, or would if it were added.
const std::vector<std::string>& tracked() {
    static const std::vector<std::string> names = [] {
        const std::string command = "git -c safe.directory='*' -C '" + root.string() +
                                    "' ls-files --cached --others --exclude-standard";
        const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), &pclose);
        std::string listing;
        std::array<char, 4096> buffer{};
        while (const std::size_t n = fread(buffer.data(), 1, buffer.size(), pipe.get())) {
            listing.append(buffer.data(), n);
        }
        std::vector<std::string> found = lines_of(listing);
        std::erase_if(found, [](const std::string& name) { return !fs::exists(root / name); });
        return found;
    }();
    return names;
}

bool has_ending(const std::string& name, std::initializer_list<std::string_view> endings) {
    return std::ranges::any_of(endings, [&](std::string_view end) { return name.ends_with(end); });
}

std::vector<std::string> sources() {
    std::vector<std::string> names;
    for (const std::string& name : tracked()) {
        if (has_ending(name, {".cpp", ".hpp", ".sql"})) names.push_back(name);
    }
    return names;
}

std::string folder_of(const std::string& name) { return name.substr(0, name.find('/')); }

}  // namespace baton
