// A line of NDJSON as an event: bytes of strangers in, an event or what is wrong with them out.
//
// Threads: one object, one thread.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <memory>
#include <string>

#include "baton/sql/dispatch.hpp"

namespace baton::cli {

class NdjsonParser {
public:
    NdjsonParser();
    ~NdjsonParser();
    NdjsonParser(const NdjsonParser&) = delete;
    NdjsonParser& operator=(const NdjsonParser&) = delete;

    /// The event of a line. Throws std::invalid_argument with what is wrong.
    [[nodiscard]] NewEvent parse(const std::string& line);
    /// What is wrong with the line's JSON, or `otherwise`, if nothing is.
    [[nodiscard]] static std::string fault_of(const std::string& line,
                                              const std::string& otherwise);

private:
    struct Parser;
    std::unique_ptr<Parser> parser_;
};

/// The next line; false at the end. Throws std::invalid_argument for one that is longer than
/// `length_max`, which is not read to its end.
[[nodiscard]] bool read_ndjson_line(std::istream& input, std::size_t length_max, std::string& line);

}  // namespace baton::cli
