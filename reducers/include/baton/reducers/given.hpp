// given(): a reducer under test, in memory and without a database.
//
//   const auto then = baton::given<MonthlySalesReducer>(OrderPlaced{…}, OrderPlaced{…});
//   EXPECT_EQ(then.row("2017-01", "West")->orders, 2);
//
// Each event is written as JSON and read again before it is reduced, so the test covers the
// declared fields too, and what upcast() makes of an event of a former version. What the reducer
// throws, given() throws. For SQL reducers: baton/sql/given_sql.hpp.
//
// Threads: one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "baton/reducers/fold_of.hpp"
#include "baton/reducers/registry.hpp"
#include "baton/reducers/rows.hpp"

namespace baton {
namespace reducers {

/// Whether `E` is `F`, or becomes it by upcast().
template <class E, class F>
constexpr bool becomes() {
    if constexpr (std::is_same_v<E, F>) {
        return true;
    } else if constexpr (types::HasFormer<F>) {
        return becomes<E, typename F::Former>();
    } else {
        return false;
    }
}

/// The struct of `Events` that `E` is or becomes; void if there is none.
template <class E, class Events>
struct Newest;
template <class E>
struct Newest<E, EventTypes<>> : std::type_identity<void> {};
template <class E, class First, class... Others>
struct Newest<E, EventTypes<First, Others...>>
    : std::conditional_t<becomes<E, First>(), std::type_identity<First>,
                         Newest<E, EventTypes<Others...>>> {};

}  // namespace reducers

/// The view of reducer `R` after the events that it was given.
template <class R>
class Given {
    static_assert(reducers::check_reducer<R>());

public:
    using Row = typename R::Row;

    explicit Given(R reducer = {}) : reducer_(std::move(reducer)) {
        effects_.run_after(Position{0});
    }

    /// Reduces one more event; its position is one above the last. Other fields of the
    /// envelope are taken from `envelope`. One of a former struct (`using Former`) is brought up to
    /// that of the reducer, as an old event of the log is.
    template <class E>
    Given& and_then(const E& content, Event envelope = {}) {
        using Newest = typename reducers::Newest<E, typename R::Events>::type;
        static_assert(!std::is_void_v<Newest>,
                      "the reducer's Events have no such struct (E), nor one that has it as a "
                      "Former");
        if constexpr (!std::is_void_v<Newest>) {
            envelope.position = Position{++position_};
            envelope.type = E::event_type;
            envelope.schema_version = types::schema_version_of<E>;
            const auto read_again = read<Newest, E>(encode_json(content));
            Rows<Row> rows(cache_);
            cache_.begin_event(envelope.position, 0);
            reducers::reduce_one(reducer_, read_again, rows, envelope);
            reducers::say_effects(reducer_, read_again, rows, effects_, envelope);
        }
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

    /// What follows from the events, in their order: {"cause":1,"task":"send_invoice", …}.
    [[nodiscard]] std::vector<Json> effects() const {
        std::vector<Json> effects;
        for (const Effect& effect : effects_.said()) effects.push_back(Json::parse(effect.json));
        return effects;
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
    // What the log's reader makes of it.
    template <class Newest, class E>
    static Newest read(const std::string& json) {
        if constexpr (std::is_same_v<Newest, E>) {
            return decode_json<Newest>(json);
        } else {
            Newest value{};
            static_cast<void>(types::decode_former(*types::make_json_reader(), json,
                                                   types::schema_version_of<E>, value));
            return value;
        }
    }

    R reducer_;
    std::int64_t position_ = 0;
    reducers::RowCache<Row> cache_{true};
    Effects effects_;
};

/// The view of reducer `R` after `events`, in their order.
template <class R, class... E>
[[nodiscard]] Given<R> given(const E&... events) {
    Given<R> given;
    (given.and_then(events), ...);
    return given;
}

}  // namespace baton
