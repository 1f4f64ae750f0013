// What a document shows in fences, and how the comment before each says that it is checked.
//
// Threads: no state.
#pragma once

#include <string>
#include <vector>

namespace baton::testing {

struct Block {
    std::string how;       ///< What the comment before it says, without "run: ".
    std::string language;  ///< Of the fence.
    std::string text;
    int line = 0;
};

/// The blocks of a document's text, in their order.
[[nodiscard]] std::vector<Block> blocks_of_document(const std::string& text);

/// Lines without indentation, and with one space where there are several.
[[nodiscard]] std::vector<std::string> plain_lines(const std::string& text);

/// Whether these lines stand in `text`, one after the other, but for a line "// …", which may be
/// any number of them.
[[nodiscard]] bool stand_in(const std::vector<std::string>& lines, const std::string& text);

/// The C++ of a document: how many blocks, and a line for each that does not stand in the file
/// which the comment before it names ("compile: PATH").
struct CppOfDocument {
    int blocks = 0;
    std::string faults;
};
[[nodiscard]] CppOfDocument cpp_of_document(const std::string& path);

}  // namespace baton::testing
