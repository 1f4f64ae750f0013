// given(): a reducer under test, in memory and without a database.
//
//   const auto then = baton::given<MonthlySalesReducer>(OrderPlaced{…}, OrderPlaced{…});
//   EXPECT_EQ(then.row("2017-01", "West")->orders, 2);
//
// Each event is written as JSON and read again before it is reduced, so the test covers the
// declared fields too. What the reducer throws, given() throws.
//
// Threads: one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "baton/reducers/fold_of.hpp"
#include "baton/reducers/registry.hpp"
#include "baton/reducers/rows.hpp"

namespace baton {

/// The view of reducer `R` after the events that it was given.
template <Reducer R>
class Given {
public:
    using Row = typename R::Row;

    explicit Given(R reducer = {}) : reducer_(std::move(reducer)) {}

    /// Reduces one more event; its position is one above the last. Other fields of the
    /// envelope are taken from `envelope`.
    template <class E>
    Given& and_then(const E& content, Event envelope = {}) {
        envelope.position = Position{++position_};
        envelope.type = E::event_type;
        envelope.schema_version = reducers::schema_version_of<E>;
        const auto read_again = decode_json<E>(encode_json(content));
        Rows<Row> rows(cache_);
        cache_.begin_event(envelope.position, 0);
        reducers::reduce_one(reducer_, read_again, rows, envelope);
        return *this;
    }

    /// All rows, in the order of their keys.
    [[nodiscard]] std::vector<Row> rows() const {
        std::vector<Row> rows;
        cache_.for_each([&](const Row& row) { rows.push_back(row); });
        using Key = reducers::KeyTypes<Row>;
        std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
            return Key::view_of_row(a) < Key::view_of_row(b);
        });
        return rows;
    }

    /// The row with this key, or nothing.
    template <class... Parts>
    [[nodiscard]] std::optional<Row> row(const Parts&... key) const {
        using Key = reducers::KeyTypes<Row>;
        for (const Row& row : rows()) {
            if (Key::view_of_row(row) == typename Key::View(key...)) return row;
        }
        return std::nullopt;
    }

private:
    R reducer_;
    std::int64_t position_ = 0;
    reducers::RowCache<Row> cache_{true};
};

/// The view of reducer `R` after `events`, in their order.
template <Reducer R, class... E>
[[nodiscard]] Given<R> given(const E&... events) {
    Given<R> given;
    (given.and_then(events), ...);
    return given;
}

}  // namespace baton
