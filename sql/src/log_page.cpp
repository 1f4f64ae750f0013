#include "log_page.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <vector>

#include "baton/base/check.hpp"
#include "baton/sql/failure.hpp"

namespace baton::sql {
namespace {

// The planner must not choose by statistics that were taken while the log was empty: the right
// plan, an index scan from where we stand, is the same for every size.
constexpr auto session_settings =
    "set enable_seqscan = off; set enable_bitmapscan = off; set jit = off;"
    "set plan_cache_mode = force_generic_plan";

using OfEachContent = std::array<PageStatement, 3>;

OfEachContent page_statements(const std::string& name, const std::string& source) {
    const auto of = [&](Content content) {
        return PageStatement{{name, slice_statement(content, Reading::at_once, source)},
                             {name + "_apart", slice_statement(content, Reading::apart, source)}};
    };
    return {of(Content::whole), of(Content::without_envelope), of(Content::ids)};
}

// Those of a window after an id, each put together once.
const PageStatement& page_statement(Content content, bool has_stragglers) {
    static const OfEachContent main_run = page_statements(
        "log_main_run",
        "log_main_run(:floor_id::bigint, :floor_xid::xid8, :seen_before::pg_snapshot,"
        " :seen::pg_snapshot, :ceiling_id::bigint, :after_id::bigint)");
    static const OfEachContent slice = page_statements(
        "log_slice",
        "log_slice(:floor_id::bigint, :floor_xid::xid8, :seen_before::pg_snapshot,"
        " :seen::pg_snapshot, :ceiling_id::bigint, :stragglers::xid8[], :after_id::bigint,"
        " :limit::integer)");
    return (has_stragglers ? slice : main_run)[static_cast<std::size_t>(content)];
}

// Whether a page may be refused for what is in one of its events.
bool is_of_an_event(const SqlError& error) {
    return error.code() == ErrorCode::statement_failed && error.sqlstate() != "57014";
}

// A page's rows. Where the server cannot make one of them, it does not say which: then without the
// large columns, each of which is read apart.
Result read_rows(Connection& connection, const PageStatement& page,
                 std::span<const Argument> arguments) {
    try {
        return connection.exec(page.at_once, arguments);
    } catch (const SqlError& error) {
        if (!is_of_an_event(error)) throw;
        return connection.exec(page.apart, arguments);
    }
}

Result read_wide_events(Connection& connection, const std::string& ids, std::size_t bytes_max) {
    constexpr Statement statement{"wide_events",
                                  "select * from wide_events(:ids::bigint[], :bytes_max::bigint,"
                                  " :carefully::boolean)"};
    const auto read = [&](bool carefully) {
        return connection.exec(statement,
                               {{"ids", ids}, {"bytes_max", bytes_max}, {"carefully", carefully}});
    };
    try {
        return read(false);
    } catch (const SqlError& error) {
        if (!is_of_an_event(error)) throw;
        return read(true);
    }
}

// The ids of the events whose large columns are to be read apart, as an array; "" if there are
// none.
std::string wide_ids(const LogPage& page, Content content) {
    std::string ids;
    for (const Row row : page.rows) {
        if (!is_apart(row, content)) continue;
        ids += ids.empty() ? '{' : ',';
        ids += row.text(id);
    }
    if (!ids.empty()) ids += '}';
    return ids;
}

// Fills page.events from page.rows, and from page.wide_rows as far as those go.
class PageFiller {
public:
    PageFiller(LogPage& page, Content content) : page_(page), content_(content) {
        page_.events.clear();
        page_.bodies.clear();
        page_.bytes = 0;
        page_.newest_schema_version = 1;
        // Views into bodies must not move.
        page_.bodies.reserve(page_.rows.size());
        page_.events.reserve(page_.rows.size());
    }

    // False if there are more events than the page could take.
    bool fill() {
        for (const Row row : page_.rows) {
            if (!add(row)) return false;
        }
        return true;
    }

private:
    bool add(const Row& row) {
        Event event;
        event.position = Position{static_cast<std::int64_t>(page_.first_position) +
                                  static_cast<std::int64_t>(page_.events.size())};
        event.id = EventId{row.integer(id)};
        event.type = row.text(type);
        event.content_type = row.text(content_type);
        event.schema_version = static_cast<int>(row.integer(schema_version));
        if (content_ == Content::whole) {
            event.key = row.text_or_null(key);
            event.tenant = row.text_or_null(tenant);
            event.dispatched_at = Timestamp::parse(row.text(dispatched_at));
        }
        if (!set_content(event, row)) return false;
        page_.bytes += event.type.size() + size_of(event.key) + size_of(event.tenant) +
                       event.content_type.size() + event.payload.size() + event.body.size() +
                       event.meta.size();
        page_.newest_schema_version = std::max(page_.newest_schema_version, event.schema_version);
        page_.events.push_back(event);
        return true;
    }

    // False if there is no place for its large columns any more.
    bool set_content(Event& event, const Row& row) {
        if (!is_apart(row, content_)) {
            event.payload = row.text(payload);
            set_body(event, row, body);
            if (content_ == Content::whole) event.meta = row.text(meta);
            return true;
        }
        if (wide_taken_ == page_.wide_rows.size()) return false;
        const Row wide = page_.wide_rows[wide_taken_++];
        if (wide.integer(wide_id) != row.integer(id)) {
            throw events_removed();
        }
        event.unreadable = wide.text(wide_fault);
        event.payload = wide.text(wide_payload);
        set_body(event, wide, wide_body);
        if (content_ == Content::whole) event.meta = wide.text(wide_meta);
        return true;
    }

    void set_body(Event& event, const Row& row, int column) {
        if (row.is_null(column)) return;
        // What a column that must not be null has beside bytes.
        if (event.payload == "{}") event.payload = {};
        event.body = page_.bodies.emplace_back(row.bytes(column));
    }

    static std::size_t size_of(const std::optional<std::string_view>& text) {
        return text ? text->size() : 0;
    }

    LogPage& page_;
    Content content_;
    std::size_t wide_taken_ = 0;
};

// Makes page.events of page.rows.
PageRows fill_events(Connection& connection, LogPage& page, Content content,
                     std::size_t wide_bytes_max) {
    page.wide_rows = Result();
    if (const std::string ids = wide_ids(page, content); !ids.empty()) {
        page.wide_rows = read_wide_events(connection, ids, wide_bytes_max);
    }
    const bool is_whole = PageFiller(page, content).fill();
    return {page.rows.size(), is_whole};
}

// Makes page.events of an array of ids: "{1,2,3}", or null for none; and the newest version beside.
PageRows fill_ids(LogPage& page) {
    page.events.clear();
    page.bytes = 0;
    page.newest_schema_version = 1;
    const Row row = page.rows.only();
    if (row.is_null(0)) return {};
    page.newest_schema_version = static_cast<int>(row.integer(1));
    const std::string_view ids = row.text(0);
    const char* const end = ids.data() + ids.size();
    for (const char* at = ids.data() + 1; at < end;) {
        Event event;
        std::int64_t id_value = 0;
        const auto [next, error] = std::from_chars(at, end, id_value);
        BATON_CHECK(error == std::errc());
        event.id = EventId{id_value};
        event.position = Position{static_cast<std::int64_t>(page.first_position) +
                                  static_cast<std::int64_t>(page.events.size())};
        page.events.push_back(event);
        at = next + 1;
    }
    return {page.events.size(), true};
}

}  // namespace

void use_reading_settings(Connection& connection) { connection.exec(session_settings); }

PageRows read_slice(Connection& connection, const Slice& slice, Content content, std::size_t limit,
                    LogPage& page, std::size_t wide_bytes_max) {
    std::vector<Argument> arguments{{"limit", limit},
                                    {"floor_id", slice.floor_id},
                                    {"floor_xid", slice.floor_xid},
                                    {"seen_before", slice.seen_before},
                                    {"seen", slice.seen},
                                    {"ceiling_id", slice.ceiling_id},
                                    {"after_id", slice.after_id}};
    const bool has_stragglers = slice.stragglers != "{}";
    if (has_stragglers) arguments.push_back({"stragglers", slice.stragglers});
    page.rows = read_rows(connection, page_statement(content, has_stragglers), arguments);
    return content == Content::ids ? fill_ids(page)
                                   : fill_events(connection, page, content, wide_bytes_max);
}

PageRows read_page(Connection& connection, const PageStatement& statement,
                   std::span<const Argument> arguments, LogPage& page, std::size_t wide_bytes_max) {
    page.rows = read_rows(connection, statement, arguments);
    return fill_events(connection, page, Content::whole, wide_bytes_max);
}

Error events_removed() {
    return {ErrorCode::transaction_retry, "events were removed while they were read"};
}

}  // namespace baton::sql
