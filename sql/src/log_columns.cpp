#include "log_columns.hpp"

#include "baton/base/check.hpp"

namespace baton::sql {
namespace {

// How long a column of a page may be; what is longer is read apart. It bounds what a page can
// take: events that are small in the log can be very long as text.
constexpr std::size_t narrow_bytes = 2000;

// Whether a JSON column is better not printed to see how long it is: more than 2 KB where it is not
// compressed, more than 128 bytes where it is, which is more than 11 KB. What is less cannot be
// longer than the server can print.
std::string is_wide(const std::string& column) {
    const std::string size = "pg_column_size(" + column + ")";
    return size + " > 128 and (" + size + " > " + std::to_string(narrow_bytes) +
           " or pg_column_compression(" + column + ") is not null)";
}

// Its text as far as it is narrow: what has narrow_bytes or more may have been cut. It is cut after
// so many characters, so what has fewer bytes is whole, and costs a comparison.
std::string printed(const std::string& column) {
    return column + "::text::varchar(" + std::to_string(narrow_bytes) + ")";
}

std::string unless_wide(const std::string& column) {
    return "case when " + is_wide(column) + " then null else " + printed(column) + " end";
}

}  // namespace

// Where a large column is wide, payload is null, which no event's is, or cut: such events are read
// apart, as many as may be.
std::string columns_for(Content content, Reading reading) {
    const std::string narrow_body =
        "case when octet_length(body) <= " + std::to_string(narrow_bytes) + " then body end";
    const std::string any_wide =
        is_wide("payload") + " or octet_length(body) > " + std::to_string(narrow_bytes);
    const bool is_apart = reading == Reading::apart;
    switch (content) {
        case Content::ids:
            return "id, schema_version";
        case Content::without_envelope:
            if (is_apart) return "id, type, null, null, content_type, schema_version";
            return "id, type, case when " + any_wide + " then null else " + printed("payload") +
                   " end, " + narrow_body + ", content_type, schema_version";
        case Content::whole:
            if (is_apart) {
                return "id, type, null, null, content_type, schema_version, key, tenant, null,"
                       " dispatched_at";
            }
            return "id, type, case when " + any_wide + " or " + is_wide("meta") +
                   " then null else " + printed("payload") + " end, " + narrow_body +
                   ", content_type, schema_version, key, tenant, " + unless_wide("meta") +
                   ", dispatched_at";
    }
    BATON_CHECK(false);
}

// One array of ids costs less than as many rows.
std::string slice_statement(Content content, Reading reading, const std::string& source) {
    const std::string rows = "select " + columns_for(content, reading) + " from " + source +
                             " order by id limit :limit::integer";
    return content == Content::ids
               ? "select array_agg(id), max(schema_version) from (" + rows + ") as page"
               : rows;
}

bool is_apart(const Row& row, Content content) {
    return row.is_null(payload) || row.text(payload).size() >= narrow_bytes ||
           (content == Content::whole && row.text(meta).size() >= narrow_bytes);
}

}  // namespace baton::sql
