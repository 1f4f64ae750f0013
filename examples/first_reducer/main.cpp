// The smallest application: one event, one view, and the whole tool around them.

#include <baton/baton.hpp>

// What happened. One declaration gives JSON and msgpack.
struct PaymentReceived {
    static constexpr std::string_view event_type = "payment/received";
    std::string account;
    baton::Decimal amount;
    BATON_FIELDS(account, amount)
};

// A row of the view: a table with these typed columns, keyed by account.
struct Balance {
    std::string account;
    std::int64_t payments{};
    baton::Decimal total;
    BATON_FIELDS(account, payments, total)
    BATON_KEY(account)
};

// How the one changes the other. Pure: no clock, no I/O, no state of its own.
struct BalanceReducer {
    using Row = Balance;
    using Events = baton::EventTypes<PaymentReceived>;
    static constexpr std::string_view name = "balance";
    static constexpr int version = 1;

    void reduce(const PaymentReceived& payment, baton::Rows<Balance>& rows) const {
        Balance& balance = rows.at(payment.account);
        balance.payments += 1;
        balance.total += payment.amount;
    }
};

int main(int argc, char** argv) {
    baton::App app("payments");
    app.add<BalanceReducer>();
    return app.run(argc, argv);
}
