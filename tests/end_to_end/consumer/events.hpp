// The event of both reducers, which needs no digest: its fields are part of every build.
#pragma once

#include <baton/baton.hpp>

struct PaymentReceived {
    static constexpr std::string_view event_type = "payment/received";
    std::string account;
    baton::Decimal amount;
    BATON_FIELDS(account, amount)
};
