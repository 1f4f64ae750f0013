// The reducers of the test program. The tests have them too, as the pure fold that the views are
// compared with.
//
// Threads: values only.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>

#include "baton/reducers/reducer.hpp"
#include "baton/reducers/registry.hpp"

namespace baton::testing {

/// Computes for so long.
inline void take(std::chrono::milliseconds time) {
    const auto until = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < until) {
    }
}

/// What a writer dispatches beside its update of `account`: `sequence` is that row's new one.
struct AccountMoved {
    static constexpr std::string_view event_type = "account/moved";
    std::string account;
    std::int64_t amount{}, sequence{};
    BATON_FIELDS(account, amount, sequence)
};

struct AccountTotals {
    std::string account;
    std::int64_t events{}, total{}, sequence{};
    /// How often a sequence number did not follow its predecessor: lost, doubled or reordered.
    std::int64_t jumps{};
    BATON_FIELDS(account, events, total, sequence, jumps)
    BATON_KEY(account)
};

struct AccountTotalsReducer {
    using Row = AccountTotals;
    static constexpr std::string_view name = "account_totals";
    static constexpr std::string_view build = "one";
    static constexpr int version = 1;
    using Events = EventTypes<AccountMoved>;

    std::chrono::milliseconds each_takes{0};

    void reduce(const AccountMoved& moved, Rows<Row>& rows) const {
        take(each_takes);
        Row& row = rows.at({moved.account});
        if (moved.sequence != row.sequence + 1) ++row.jumps;
        row.sequence = moved.sequence;
        row.events += 1;
        row.total += moved.amount;
    }
};

/// The same version with other code behind it: a total is a hundred times as much.
struct OtherAccountTotalsReducer : AccountTotalsReducer {
    static constexpr std::string_view build = "two";
    void reduce(const AccountMoved& moved, Rows<Row>& rows) const {
        AccountTotalsReducer::reduce(moved, rows);
        rows.at({moved.account}).total += 99 * moved.amount;
    }
};

struct LaterAccountTotals {
    std::string account;
    std::int64_t largest{}, total{}, events{};
    BATON_FIELDS(account, largest, total, events)
    BATON_KEY(account)
};

/// A later version: counts every amount `version` times, has one column more and two less, in
/// another order.
template <int number>
struct LaterAccountTotalsReducer {
    using Row = LaterAccountTotals;
    static constexpr std::string_view name = "account_totals";
    static constexpr std::string_view build = "one";
    static constexpr int version = number;
    using Events = EventTypes<AccountMoved>;

    void reduce(const AccountMoved& moved, Rows<Row>& rows) const {
        Row& row = rows.at({moved.account});
        row.events += 1;
        row.total += moved.amount * number;
        row.largest = std::max(row.largest, moved.amount);
    }
};

/// Version 3, which begins with the rows of version 2 where those are there.
struct MigratingAccountTotalsReducer : LaterAccountTotalsReducer<3> {
    using Former = LaterAccountTotals;
    static constexpr int former_version = 2;
    static Row migrate(const Former& former) {
        Row row = former;
        row.total = former.total / 2 * 3;
        return row;
    }
};

/// An event that can be told to make its reducer fail.
///   fault  "exception", "other" (no std::exception), "bytes" (a message of 1 MiB with NUL and
///          invalid UTF-8), "row" (a row that cannot be stored); "" folds, "slow once" as well,
///          but takes 1.2 s at the process' first, as if it had been stopped meanwhile; "slow
///          at first" 0.9 s at its first calls, in two folds at least.
struct MarkMade {
    static constexpr std::string_view event_type = "mark/made";
    std::string account;
    std::string fault;
    BATON_FIELDS(account, fault)
};

struct MarkTotals {
    std::string account;
    std::int64_t marks{};
    std::string last_fault;
    BATON_FIELDS(account, marks, last_fault)
    BATON_KEY(account)
};

struct MarkTotalsReducer {
    using Row = MarkTotals;
    static constexpr std::string_view name = "mark_totals";
    static constexpr std::string_view build = "one";
    static constexpr int version = 1;
    using Events = EventTypes<MarkMade>;

    bool is_fixed = false;

    void reduce(const MarkMade& mark, Rows<Row>& rows) const {
        Row& row = rows.at({mark.account});
        row.marks += 1;
        if (mark.fault == "slow at first") {
            // A fold that has to load the row calls this twice.
            static int calls = 0;
            if (++calls <= 4) take(std::chrono::milliseconds(900));
        }
        if (mark.fault == "slow once") {
            static std::once_flag once;
            std::call_once(once, [] { take(std::chrono::milliseconds(1200)); });
        }
        if (is_fixed) {
            row.last_fault = mark.fault;
            return;
        }
        if (mark.fault == "exception") throw std::invalid_argument("this mark was made to fail");
        if (mark.fault == "other") throw 42;
        if (mark.fault == "bytes") {
            throw std::runtime_error("weird \xFF\xC3" + std::string(1U << 20U, 'x') +
                                     std::string(2, '\0'));
        }
        // A text with a NUL byte is refused when the batch is done, not here.
        if (mark.fault == "row") row.last_fault = std::string(1, '\0');
    }
};

/// The same, mended.
struct MendedMarkTotalsReducer : MarkTotalsReducer {
    static constexpr int version = 2;
    MendedMarkTotalsReducer() : MarkTotalsReducer{.is_fixed = true} {}
};

/// The same, mended without a new version.
struct OtherMarkTotalsReducer : MarkTotalsReducer {
    static constexpr std::string_view build = "two";
    OtherMarkTotalsReducer() : MarkTotalsReducer{.is_fixed = true} {}
};

/// Fails again.
struct WorseMarkTotalsReducer : MarkTotalsReducer {
    static constexpr int version = 3;
};

/// What goes with an event beside its content, of the newest of each account.
struct MarkOrigin {
    std::string account;
    std::string key;
    std::string tenant;
    std::string meta;
    Timestamp dispatched_at;
    BATON_FIELDS(account, key, tenant, meta, dispatched_at)
    BATON_KEY(account)
};

struct MarkOriginsReducer {
    using Row = MarkOrigin;
    static constexpr std::string_view name = "mark_origins";
    static constexpr std::string_view build = "one";
    static constexpr int version = 1;
    using Events = EventTypes<MarkMade>;

    void reduce(const MarkMade& mark, Rows<Row>& rows, const Event& event) const {
        Row& row = rows.at({mark.account});
        row.key = event.key.value_or("none");
        row.tenant = event.tenant.value_or("none");
        row.meta = event.meta;
        row.dispatched_at = event.dispatched_at;
    }
};

/// A price, in the first and in the second schema version of the event.
struct PriceChangedV1 {
    static constexpr std::string_view event_type = "price/changed";
    std::string item;
    std::int64_t euros{};
    BATON_FIELDS(item, euros)
    [[nodiscard]] std::int64_t in_cents() const { return euros * 100; }
};
struct PriceChanged {
    static constexpr std::string_view event_type = "price/changed";
    static constexpr int schema_version = 2;
    using Former = PriceChangedV1;
    static PriceChanged upcast(const PriceChangedV1& former) {
        return {former.item, former.in_cents()};
    }
    std::string item;
    std::int64_t cents{};
    BATON_FIELDS(item, cents)
    [[nodiscard]] std::int64_t in_cents() const { return cents; }
};

struct ItemPrice {
    std::string item;
    std::int64_t changes{}, cents{};
    BATON_FIELDS(item, changes, cents)
    BATON_KEY(item)
};

/// Version 1 and 2 under the same stated build, with either struct of the event.
template <int number, class E>
struct ItemPricesReducer {
    using Row = ItemPrice;
    static constexpr std::string_view name = "item_prices";
    static constexpr std::string_view build = "one";
    static constexpr int version = number;
    using Events = EventTypes<E>;

    void reduce(const E& changed, Rows<Row>& rows) const {
        Row& row = rows.at({changed.item});
        row.changes += 1;
        row.cents = changed.in_cents();
    }
};

/// Which reducers a process carries.
// Dispatched, and read by nobody.
struct AuditOnly {
    static constexpr std::string_view event_type = "audit/only";
};

struct ReducerChoice {
    bool other_build = false;    ///< OtherAccountTotalsReducer instead of AccountTotalsReducer.
    bool without_marks = false;  ///< No MarkTotalsReducer.
    int totals = 1;              ///< The version of account_totals: 1, 2 or 3.
    int marks = 1;               ///< That of mark_totals: 1, 2, which never fails, or 3.
    bool fixed_marks = false;    ///< A MarkTotalsReducer that never fails.
    bool with_origins = false;   ///< MarkOriginsReducer too, the one that looks at envelopes.
    int prices = 0;              ///< Version 1 or 2 of item_prices too, which knows PriceChanged.
    bool old_prices = false;     ///< It knows PriceChangedV1 only.
    /// What a fold of one event takes in AccountTotalsReducer.
    std::chrono::milliseconds fold_takes{0};
};

inline Registry make_registry(const ReducerChoice& choice) {
    Registry registry;
    registry.declare<AuditOnly>();
    if (choice.totals == 2) {
        registry.add<LaterAccountTotalsReducer<2>>();
    } else if (choice.totals == 3) {
        registry.add<MigratingAccountTotalsReducer>();
    } else if (choice.other_build) {
        registry.add<OtherAccountTotalsReducer>();
    } else {
        registry.add(AccountTotalsReducer{.each_takes = choice.fold_takes});
    }
    if (choice.marks == 2) {
        registry.add<MendedMarkTotalsReducer>();
    } else if (choice.marks == 3) {
        registry.add<WorseMarkTotalsReducer>();
    } else if (!choice.without_marks) {
        if (choice.other_build && choice.fixed_marks) {
            registry.add<OtherMarkTotalsReducer>();
        } else {
            registry.add(MarkTotalsReducer{.is_fixed = choice.fixed_marks});
        }
    }
    if (choice.with_origins) registry.add<MarkOriginsReducer>();
    if (choice.prices == 1 && choice.old_prices) {
        registry.add<ItemPricesReducer<1, PriceChangedV1>>();
    } else if (choice.prices == 1) {
        registry.add<ItemPricesReducer<1, PriceChanged>>();
    } else if (choice.prices == 2) {
        registry.add<ItemPricesReducer<2, PriceChanged>>();
    }
    return registry;
}

}  // namespace baton::testing
