// Reads the file of a SQL reducer: see view_store.hpp.

#include <charconv>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <regex>

#include "baton/base/error.hpp"
#include "baton/sql/view_store.hpp"

namespace baton::sql {
namespace {

// FNV-1a, 64 bits: the digest need not resist an attacker, who could as well change the function.
std::string digest_of(const std::string& text) {
    std::uint64_t hash = 14695981039346656037U;
    for (const char c : text) {
        hash ^= static_cast<std::uint8_t>(c);
        hash *= 1099511628211U;
    }
    std::string digits(16, '0');
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
        *digit = "0123456789abcdef"[hash & 0xFU];
        hash >>= 4U;
    }
    return digits;
}

}  // namespace

SqlReducer read_sql_reducer(const std::string& path) {
    std::ifstream file(path);
    if (!file) {
        throw Error(ErrorCode::reducer_invalid, "SQL reducer " + path + ": cannot read the file");
    }
    SqlReducer reducer;
    reducer.script.assign(std::istreambuf_iterator<char>(file), {});
    reducer.origin = path;
    reducer.build = digest_of(reducer.script);

    static const std::regex heading(
        R"(^--! reducer ([a-z][a-z0-9_]{0,47}) version ([1-9][0-9]{0,3})[ \t]*(\r?\n|$))");
    std::smatch match;
    if (!std::regex_search(reducer.script, match, heading,
                           std::regex_constants::match_continuous)) {
        throw Error(
            ErrorCode::reducer_invalid,
            "SQL reducer " + path + ":1: the first line must be \"--! reducer NAME version N\"");
    }
    reducer.name = match[1];
    const std::string version = match[2];
    std::from_chars(version.data(), version.data() + version.size(), reducer.version);
    return reducer;
}

}  // namespace baton::sql
