#include "dispatch_copy.hpp"

#include <pqxx/stream_to>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include "dispatch_refusal.hpp"

namespace baton::sql {
namespace {

constexpr std::size_t chunk_bytes = 64 * std::size_t{1024};
constexpr std::string_view null = "\\N";

// Several finished lines, without the newline of the last, which the stream adds.
struct CopyLines {
    const std::string& text;
};

// pqxx::stream_to makes a line of a row through this name, by argument-dependent lookup. Its own
// version writes each byte that is not ASCII as four and allocates for every field; with lines
// that are ready it is the thin layer over PQputCopyData that libpqxx 6 otherwise does not offer.
const std::string& separated_list(const char* /*separator*/, const CopyLines& lines,
                                  const pqxx::internal::TypedCopyEscaper& /*escape*/) {
    return lines.text;
}

// The text format gives a meaning to these four bytes and to no other; a NUL is refused by the
// server.
void append_text(std::string& lines, std::string_view text) {
    for (;;) {
        const auto length = text.find_first_of("\\\n\r\t");
        lines += text.substr(0, length);
        if (length == std::string_view::npos) return;
        switch (text[length]) {
            case '\n':
                lines += "\\n";
                break;
            case '\r':
                lines += "\\r";
                break;
            case '\t':
                lines += "\\t";
                break;
            default:
                lines += "\\\\";
        }
        text.remove_prefix(length + 1);
    }
}

void append_optional(std::string& lines, const std::optional<std::string>& text) {
    if (text) {
        append_text(lines, *text);
    } else {
        lines += null;
    }
}

// `\x` and two digits a byte, which is how bytea reads; the backslash is escaped for COPY.
void append_bytes(std::string& lines, std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    lines += "\\\\x";
    const std::size_t start = lines.size();
    lines.resize(start + 2 * bytes.size());
    char* out = lines.data() + start;
    for (const char byte : bytes) {
        const auto value = static_cast<std::uint8_t>(byte);
        *out++ = digits[value >> 4U];
        *out++ = digits[value & 15U];
    }
}

}  // namespace

void append_copy_line(std::string& lines, const NewEvent& event) {
    append_text(lines, event.type);
    lines += '\t';
    append_optional(lines, event.key);
    lines += '\t';
    append_optional(lines, event.tenant);
    lines += '\t';
    append_text(lines, payload_or_empty(event));
    lines += '\t';
    append_optional(lines, event.meta);
    lines += '\t';
    if (has_body(event)) {
        append_bytes(lines, event.body);
        lines += '\t';
        append_text(lines, content_type_or_default(event));
    } else {
        lines.append(null).append("\t").append(null);
    }
}

void copy_events(pqxx::dbtransaction& transaction, const std::string& schema,
                 std::span<const NewEvent> events) {
    std::vector<const char*> columns{"type", "key",  "tenant",      "payload",
                                     "meta", "body", "content_type"};
    const bool has_versions =
        std::ranges::any_of(events, [](const NewEvent& event) { return has_version(event); });
    if (has_versions) columns.push_back("schema_version");
    pqxx::stream_to stream(transaction, transaction.quote_name(schema) + ".event", columns);
    std::string lines;
    lines.reserve(2 * chunk_bytes);
    for (const NewEvent& event : events) {
        if (!lines.empty()) lines += '\n';
        append_copy_line(lines, event);
        if (has_versions) lines += '\t' + std::to_string(event.schema_version);
        if (lines.size() < chunk_bytes) continue;
        stream << CopyLines{lines};
        lines.clear();
    }
    if (!lines.empty()) stream << CopyLines{lines};
    stream.complete();
}

}  // namespace baton::sql
