#include "end_to_end/document.hpp"

#include <algorithm>
#include <regex>
#include <sstream>

#include "end_to_end/command.hpp"

namespace baton::testing {

std::vector<Block> blocks_of_document(const std::string& text) {
    std::vector<Block> blocks;
    std::istringstream stream(text);
    const std::regex comment(R"(^<!-- (?:run: )?(.*) -->$)");
    std::string how;
    bool is_inside = false;
    int number = 0;
    for (std::string line; std::getline(stream, line);) {
        ++number;
        std::smatch match;
        if (line.starts_with("```")) {
            is_inside = !is_inside;
            if (is_inside) blocks.push_back({how, line.substr(3), "", number});
        } else if (is_inside) {
            blocks.back().text += line + "\n";
        } else {
            how = std::regex_match(line, match, comment) ? match[1].str() : "";
        }
    }
    return blocks;
}

std::vector<std::string> plain_lines(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        std::istringstream words(line);
        std::string plain;
        for (std::string word; words >> word;) plain += (plain.empty() ? "" : " ") + word;
        if (!plain.empty()) lines.push_back(plain);
    }
    return lines;
}

bool stand_in(const std::vector<std::string>& lines, const std::string& text) {
    const std::vector<std::string> all = plain_lines(text);
    auto from = all.begin();
    for (auto first = lines.begin(); first != lines.end();) {
        const auto last = std::find(first, lines.end(), "// …");
        // Not std::ranges::search: clang 14 cannot read GCC's <ranges>.
        const auto found = std::search(from, all.end(), first, last);
        if (found == all.end() && first != last) return false;
        from = found + (last - first);
        first = last == lines.end() ? last : last + 1;
    }
    return true;
}

CppOfDocument cpp_of_document(const std::string& path) {
    const std::string folder = BATON_SOURCE_DIR "/";
    CppOfDocument found;
    for (const Block& block : blocks_of_document(text_of(folder + path))) {
        if (block.language != "cpp") continue;
        ++found.blocks;
        const std::string place = path + ":" + std::to_string(block.line);
        if (!block.how.starts_with("compile: ")) {
            found.faults += place + ": a block that nothing compiles\n";
            continue;
        }
        const std::string source = block.how.substr(9);
        if (!stand_in(plain_lines(block.text), text_of(folder + source))) {
            found.faults += place + " does not stand in " + source + "\n";
        }
    }
    return found;
}

}  // namespace baton::testing
