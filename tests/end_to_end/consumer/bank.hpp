// A reducer that is made of two files, this one and code.hpp.
#pragma once

#include <baton/baton.hpp>
#include <baton/sources/bank.hpp>

#include "code.hpp"
#include "events.hpp"

struct Bank {
    std::string code;
    baton::Decimal total;
    BATON_FIELDS(code, total)
    BATON_KEY(code)
};

struct BankReducer {
    using Row = Bank;
    using Events = baton::EventTypes<PaymentReceived>;
    static constexpr std::string_view name = "bank";
    static constexpr std::string_view sources = baton::sources::bank;
    static constexpr int version = 1;

    void reduce(const PaymentReceived& payment, baton::Rows<Bank>& rows) const {
        rows.at(code_of(payment.account)).total += payment.amount;
    }
};
