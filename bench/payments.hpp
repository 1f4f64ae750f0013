// What is dispatched and reduced: payments of about 200 bytes, and the totals of 1,000 accounts.
// The reducers are those of the orchestrators that are measured.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "baton/reducers/reducer.hpp"
#include "workbench.hpp"

namespace baton::bench {

struct PaymentMade {
    static constexpr std::string_view event_type = "payment/made";
    std::int64_t account{}, amount{};
    BATON_FIELDS(account, amount)
};

struct AccountTotal {
    std::int64_t account{}, payments{}, amount{};
    BATON_FIELDS(account, payments, amount)
    BATON_KEY(account)
};

struct AccountTotals {
    using Row = AccountTotal;
    static constexpr std::string_view name = "account_totals";
    static constexpr int version = 1;
    using Events = EventTypes<PaymentMade>;

    void reduce(const PaymentMade& payment, Rows<Row>& rows) const {
        Row& row = rows.at(payment.account);
        row.payments += 1;
        row.amount += payment.amount;
    }
};

/// The same as another version.
template <int number>
struct LaterAccountTotals : AccountTotals {
    static constexpr int version = number;
};

/// Two views of one set, "books", of which every version counts a payment `number` times: so a
/// reader can tell whether it was shown two versions.
template <int number>
struct BookTotals {
    using Row = AccountTotal;
    static constexpr std::string_view name = "book_totals";
    static constexpr int version = number;
    using Events = EventTypes<PaymentMade>;

    void reduce(const PaymentMade& payment, Rows<Row>& rows) const {
        Row& row = rows.at(payment.account);
        row.payments += number;
        row.amount += payment.amount * number;
    }
};

struct BookCount {
    std::int64_t account{}, payments{};
    BATON_FIELDS(account, payments)
    BATON_KEY(account)
};

template <int number>
struct BookCounts {
    using Row = BookCount;
    static constexpr std::string_view name = "book_counts";
    static constexpr int version = number;
    using Events = EventTypes<PaymentMade>;

    void reduce(const PaymentMade& payment, Rows<Row>& rows) const {
        rows.at(payment.account).payments += number;
    }
};

/// The JSON of payment `number`: 200 bytes, of which a reducer needs two fields.
[[nodiscard]] std::string payment_json(std::int64_t number);

/// 10,000 different payments: what is dispatched again and again where more are needed.
[[nodiscard]] std::vector<NewEvent> some_payments();

/// Dispatches `count` payments, in transactions of 10,000.
void dispatch_payments(const Database& database, std::int64_t count);
/// The same into public.bare_event.
void copy_payments(Session& session, std::int64_t count);

/// COPY rows of `events` for public.bare_event (type, payload), as a person would write them.
void append_copy_rows(std::string& buffer, const std::vector<NewEvent>& events);

}  // namespace baton::bench
