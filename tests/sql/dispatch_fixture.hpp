// An environment of its own for a test of dispatch, and what its log holds.
//
// Threads: as TestDatabase and Connection.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "baton/sql/connection.hpp"
#include "baton/types/event.hpp"
#include "support/environment.hpp"

namespace baton::testing {

/// An event as its row has it; JSON as Postgres writes jsonb.
struct StoredEvent {
    std::string type = {};
    std::optional<std::string> key = {};
    std::optional<std::string> tenant = {};
    std::string payload = "{}";
    std::optional<std::string> meta = {};
    std::optional<std::string> body = {};
    std::optional<std::string> content_type = {};

    friend bool operator==(const StoredEvent&, const StoredEvent&) = default;
};

inline std::ostream& operator<<(std::ostream& out, const StoredEvent& event) {
    const auto or_null = [](const std::optional<std::string>& text) {
        return text ? ::testing::PrintToString(*text) : std::string("null");
    };
    return out << event.type << " key " << or_null(event.key) << " tenant " << or_null(event.tenant)
               << " payload " << event.payload << " meta " << or_null(event.meta) << " body "
               << or_null(event.body) << " of " << or_null(event.content_type);
}

class DispatchFixture : public ::testing::Test {
protected:
    [[nodiscard]] StoredEvent stored(EventId id) {
        const sql::Result rows = select("where id = " + std::to_string(std::int64_t(id)));
        return event_of(rows.only());
    }

    /// All events, by id.
    [[nodiscard]] std::vector<StoredEvent> log() {
        std::vector<StoredEvent> events;
        for (const sql::Row& row : select("")) events.push_back(event_of(row));
        return events;
    }

    [[nodiscard]] std::int64_t number(const std::string& query) {
        return observer_.exec(query).only().integer(0);
    }
    [[nodiscard]] std::int64_t event_count() { return number("select count(*) from event"); }
    [[nodiscard]] std::int64_t receipt_count() {
        return number("select count(*) from dispatch_receipt");
    }

    TestDatabase database_{environment_template()};
    const std::string url_ = database_.url();
    sql::Connection connection_{url_, in_test_schema()};

private:
    [[nodiscard]] sql::Result select(const std::string& where) {
        return observer_.exec(
            "select type, key, tenant, payload, meta, body, content_type from event " + where +
            " order by id");
    }

    [[nodiscard]] static StoredEvent event_of(const sql::Row& row) {
        const auto text = [&](int column) -> std::optional<std::string> {
            if (row.is_null(column)) return std::nullopt;
            return std::string(row.text(column));
        };
        return {.type = std::string(row.text(0)),
                .key = text(1),
                .tenant = text(2),
                .payload = std::string(row.text(3)),
                .meta = text(4),
                .body = row.is_null(5) ? std::nullopt : std::optional(row.bytes(5)),
                .content_type = text(6)};
    }

    sql::Connection observer_{url_, in_test_schema("observer")};
};

}  // namespace baton::testing
