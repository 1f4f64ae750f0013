// An event whose shape has changed: README.md shows the two structs. The program folds an event of
// each version, as an orchestrator would read them from the log, and prints what the reducer saw.

#include <exception>
#include <iostream>
#include <string_view>
#include <vector>

#include <baton/reducers/reducer.hpp>
#include <baton/reducers/registry.hpp>

struct PaymentReceivedV1 {
    static constexpr std::string_view event_type = "payment/received";
    std::string account;
    baton::Decimal amount;
    BATON_FIELDS(account, amount)
};

struct PaymentReceived {
    static constexpr std::string_view event_type = "payment/received";
    static constexpr int schema_version = 2;  // without this line it is 1
    using Former = PaymentReceivedV1;         // which may have a Former of its own
    static PaymentReceived upcast(const PaymentReceivedV1& former) {
        return {former.account, former.amount, "EUR"};
    }
    std::string account;
    baton::Decimal amount;
    std::string currency;
    BATON_FIELDS(account, amount, currency)
};

struct Balance {
    std::string account, currency;
    baton::Decimal total;
    BATON_FIELDS(account, currency, total)
    BATON_KEY(account, currency)
};

struct BalanceReducer {
    using Row = Balance;
    using Events = baton::EventTypes<PaymentReceived>;
    static constexpr std::string_view name = "balance";
    static constexpr int version = 2;

    void reduce(const PaymentReceived& payment, baton::Rows<Balance>& rows) const {
        rows.at(payment.account, payment.currency).total += payment.amount;
    }
};

int main() try {
    baton::Registry registry;
    registry.add<BalanceReducer>();

    const std::vector<baton::NewEvent> dispatched = {
        baton::make_event(PaymentReceivedV1{"alice", baton::Decimal::parse("12.50")}),
        baton::make_event(PaymentReceived{"alice", baton::Decimal::parse("1.25"), "CHF"}),
    };
    std::vector<baton::Event> log;
    for (const baton::NewEvent& event : dispatched) {
        log.push_back({.position = baton::Position{static_cast<std::int64_t>(log.size()) + 1},
                       .type = event.type,
                       .payload = event.payload,
                       .schema_version = event.schema_version});
    }
    const auto fold = registry.start_fold(0, {.complete = true});
    const baton::FoldResult result = fold->fold(registry.decode(log));
    if (result.state != baton::FoldState::done) {
        std::cerr << result.message << "\n";
        return 1;
    }
    for (const std::string& column : fold->changes().columns) std::cout << column << "\n";
    return 0;
} catch (const std::exception& error) {
    std::cerr << "payments_upcast: " << error.what() << "\n";
    return 1;
}
