// A reducer in a file of its own, of which its build is a digest. The test edits it.
#pragma once

#include <baton/baton.hpp>
#include <baton/sources/balance.hpp>

#include "events.hpp"

struct Balance {
    std::string account;
    std::int64_t payments{};
    baton::Decimal total;
    BATON_FIELDS(account, payments, total)
    BATON_KEY(account)
};

struct BalanceReducer {
    using Row = Balance;
    using Events = baton::EventTypes<PaymentReceived>;
    static constexpr std::string_view name = "balance";
    static constexpr std::string_view sources = baton::sources::balance;
    static constexpr int version = 1;

    void reduce(const PaymentReceived& payment, baton::Rows<Balance>& rows) const {
        Balance& balance = rows.at(payment.account);
        balance.payments += 1;
        balance.total += payment.amount;
    }
};
