// Any bytes as a file of events: each line is refused with what is wrong, or is an event whose JSON
// our reader of events takes, too.
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>

#include "../../cli/src/ndjson_line.hpp"
#include "baton/base/check.hpp"
#include "baton/types/json.hpp"

namespace {

void check(const std::string& line, const baton::NewEvent& event) {
    BATON_CHECK(!event.type.empty());
    BATON_CHECK(event.schema_version >= 1);
    // Else Postgres refuses it.
    if (baton::types::json_fault(line)) return;
    BATON_CHECK(event.payload.empty() || !baton::types::json_fault(event.payload));
    BATON_CHECK(!event.meta || !baton::types::json_fault(*event.meta));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::istringstream input(std::string(reinterpret_cast<const char*>(data), size));
    baton::cli::NdjsonParser parser;
    std::string line;
    try {
        while (baton::cli::read_ndjson_line(input, std::size_t{1} << 20U, line)) {
            try {
                check(line, parser.parse(line));
            } catch (const std::invalid_argument& error) {
                BATON_CHECK(*error.what() != 0);
            }
        }
    } catch (const std::invalid_argument& error) {
        BATON_CHECK(*error.what() != 0);
    }
    return 0;
}
